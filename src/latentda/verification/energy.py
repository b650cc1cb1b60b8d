"""Total energy of a difference of states: one number for winds, temperature, humidity and surface pressure.

    E = 1/2 [ int ( u'^2 + v'^2 + c_p/T_r T'^2 + L^2/(c_p T_r) q'^2 ) dsigma  +  R T_r (p_s'/p_r)^2 ]      (J/kg)

brackets the area mean, T_r = 270 K, p_r = 1000 hPa. Source: Ehrendorfer, Errico & Raeder (1999),
doi 10.1175/1520-0469(1999)056<1627:SVPGIA>2.0.CO;2.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from latentda.grid import Layout, level_name, mass_shares
from latentda.physics.constants import GAS_CONSTANT
from latentda.user_error import UserError

REFERENCE_TEMPERATURE = 270.0
"""T_r (K)."""
REFERENCE_PRESSURE = 1.0e5
"""p_r (Pa)."""
HEAT_CAPACITY = 3.5 * GAS_CONSTANT
"""c_p of dry air (J kg-1 K-1)."""
LATENT_HEAT = 2.501e6
"""L of evaporation (J kg-1)."""

_FACTORS = {
    "u": 1.0,
    "v": 1.0,
    "t": HEAT_CAPACITY / REFERENCE_TEMPERATURE,
    "q": LATENT_HEAT**2 / (HEAT_CAPACITY * REFERENCE_TEMPERATURE),
    "sp": GAS_CONSTANT * REFERENCE_TEMPERATURE / REFERENCE_PRESSURE**2,
}


def level_masses(layout: Layout, short: str) -> Float[ndarray, " level"]:
    """The same for the levels of one variable; 1 for a variable of the surface."""
    named = map(level_name, layout.vertical.levels)
    fractions = dict(zip(named, mass_shares(layout.vertical), strict=True))
    channels = [layout.channels[i] for i in layout.indices(short)]
    return np.asarray([1.0 if c.level is None else fractions[level_name(c.level)] for c in channels])


def energy_weights(layout: Layout) -> Float[ndarray, "channel lat lon"]:
    """W with E = sum(W x'^2) (J/kg over squared units), zero for variables that E does not know.

    Raises:
        UserError: a layout with none of the variables u, v, t, q, sp.
    """
    present = [short for short in _FACTORS if short in layout.variables]
    if not present:
        raise UserError(f"Total energy is made of {', '.join(_FACTORS)}; the layout has none of them.")
    weights = np.zeros(layout.shape)
    for short in present:
        masses = 0.5 * _FACTORS[short] * level_masses(layout, short)
        weights[layout.indices(short)] = masses[:, None, None] * layout.grid.area_weights
    return weights / layout.grid.area_weights.size


def total_energy(difference: Float[ndarray, "channel lat lon"], layout: Layout) -> dict[str, float]:
    """E by variable (J/kg), of the variables u, v, t, q, sp that the layout has.

    Raises:
        UserError: a layout with none of them.
    """
    parts = np.einsum("kij,kij->k", energy_weights(layout), np.asarray(difference, np.float64) ** 2)
    present = [short for short in _FACTORS if short in layout.variables]
    return {short: float(parts[layout.indices(short)].sum()) for short in present}
