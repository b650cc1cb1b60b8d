"""Constants of the atmosphere, each said once."""

GRAVITY = 9.80665
"""Standard gravity g (m s-2): geopotential (m2 s-2) over this is geopotential height (m)."""

GAS_CONSTANT = 287.05
"""Specific gas constant R of dry air (J kg-1 K-1)."""

LAPSE_RATE = 0.0065
"""Standard lapse rate Gamma (K m-1)."""

EXPONENT = GAS_CONSTANT * LAPSE_RATE / GRAVITY
"""R Gamma / g, of the pressure in air of the standard lapse rate: T(p) = T_0 (p / p_0)^(R Gamma / g)."""

EPSILON = 0.622
"""Ratio of the gas constants of dry air and water vapour."""

VIRTUAL = 1.0 / EPSILON - 1.0
"""Factor of humidity in the virtual temperature, T_v = T (1 + (1 / eps - 1) q)."""
