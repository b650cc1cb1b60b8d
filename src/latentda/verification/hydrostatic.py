"""The hydrostatic relation: the geopotential of a state on sigma levels, and its misfit on pressure levels.

    d Phi / d ln p = - R T_v,      T_v = T (1 + (1/eps - 1) q)

On sigma levels it is integrated upwards as the embedded world does (Durran, 2010, Numerical Methods for Fluid
Dynamics, section 8.6.5, doi 10.1007/978-1-4419-6412-0): isothermal below the lowest level N, trapezoids above,

    Phi_N = Phi_s - R T_vN ln sigma_N,     Phi_k = Phi_k+1 + R (T_vk + T_vk+1) / 2 ln(sigma_k+1 / sigma_k).

Over the model's own surface this is the geopotential that the embedded world itself gives to 11 m2/s2 (root mean
square) at the top and 0.2 m2/s2 at the lowest level, less than 0.1 % of its standard deviation.

On pressure levels, where a state holds both Phi and T, the same trapezoid gives a misfit a layer, as a ratio of
root mean squares, | dPhi/dlnp + R T_v | / | R T_v |.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from latentda.grid import Layout, level_name
from latentda.physics.constants import GAS_CONSTANT
from latentda.physics.thermodynamics import virtual_temperature as of_humid_air
from latentda.user_error import UserError


def virtual_temperature(state: Float[ndarray, "channel lat lon"], layout: Layout) -> Float[ndarray, "level lat lon"]:
    """T_v (K) on the levels of temperature; humidity is zero on levels that do not carry it."""
    temperature = np.asarray(state, np.float64)[layout.indices("t")]
    for k, level in enumerate(layout.levels_of("t")):
        name = f"q@{level_name(level)}"
        if name in layout.names:
            temperature[k] = of_humid_air(temperature[k], np.asarray(state[layout.index(name)], np.float64))
    return temperature


def sigma_geopotential(
    state: Float[ndarray, "channel lat lon"], layout: Layout, surface_geopotential: Float[ndarray, "lat lon"]
) -> Float[ndarray, "level lat lon"]:
    """Phi (m2 s-2) on the sigma levels of temperature.

    Args:
        state: physical units.
        layout: of the state; temperature on sigma levels.
        surface_geopotential: Phi_s of the surface that the model itself sees (m2 s-2).

    Raises:
        UserError: a layout without temperature on sigma levels.
    """
    if layout.vertical.units != "sigma" or "t" not in layout.variables:
        raise UserError("Geopotential is integrated from temperature on sigma levels; this layout has none.")
    sigma = np.asarray(layout.levels_of("t"))
    virtual = virtual_temperature(state, layout)
    lowest = -GAS_CONSTANT * np.log(sigma[-1]) * virtual[-1]
    layers = GAS_CONSTANT * np.diff(np.log(sigma))[:, None, None] * 0.5 * (virtual[1:] + virtual[:-1])
    above = np.cumsum(layers[::-1], axis=0)[::-1]
    return surface_geopotential + lowest + np.concatenate([above, np.zeros_like(lowest)[None]])


def hydrostatic_residual(state: Float[ndarray, "channel lat lon"], layout: Layout) -> dict[str, float]:
    """| dPhi/dlnp + R T_v | / | R T_v | of every layer between pressure levels that hold both.

    Where the layout has surface pressure, points whose layer reaches below the ground do not count.

    Returns:
        Ratios (no units) by layer, ``{"500-700": 0.01}`` in hPa, from the top.

    Raises:
        UserError: a layout without geopotential and temperature on two common pressure levels.
    """
    common = [level for level in layout.levels_of("t") if f"z@{level_name(level)}" in layout.names]
    if layout.vertical.units != "hPa" or len(common) < 2:
        raise UserError("The hydrostatic misfit needs geopotential and temperature on the same pressure levels (hPa).")
    virtual = dict(zip(layout.levels_of("t"), virtual_temperature(state, layout), strict=True))
    weights = layout.grid.area_weights
    ratios: dict[str, float] = {}
    for upper, lower in pairwise(common):
        top, bottom = (np.asarray(state[layout.index("z", k)], np.float64) for k in (upper, lower))
        mean = GAS_CONSTANT * 0.5 * (virtual[upper] + virtual[lower])
        misfit = (bottom - top) / np.log(lower / upper) + mean
        seen = weights * _above_ground(state, layout, lower)
        ratio = np.sqrt((seen * misfit**2).sum() / (seen * mean**2).sum()) if seen.any() else np.nan
        ratios[f"{level_name(upper)}-{level_name(lower)}"] = float(ratio)
    return ratios


def _above_ground(state: ndarray, layout: Layout, level: float) -> ndarray:
    if "sp" not in layout.names:
        return np.ones(layout.grid.shape, bool)
    return np.asarray(state[layout.index("sp")]) >= 100.0 * level
