"""Constants, moisture, wind, refractivity and the standard atmosphere: what needs no grid and no data."""
