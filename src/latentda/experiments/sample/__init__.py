"""A small synthetic atmosphere with forecasts and reports, to try everything on before one's own data."""
