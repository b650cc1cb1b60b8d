"""The column that observation operators assume where a model has no levels: dry air of a constant lapse rate.

T(p) = T_0 (p / p_0)^(R Gamma / g),    h(p) - h_0 = (T_0 - T(p)) / Gamma
"""

from __future__ import annotations

from latentda.grid import GRAVITY

GAS_CONSTANT = 287.05
"""Specific gas constant R of dry air (J kg-1 K-1)."""
LAPSE_RATE = 0.0065
"""Standard lapse rate Gamma (K m-1)."""
EXPONENT = GAS_CONSTANT * LAPSE_RATE / GRAVITY
"""R Gamma / g."""
