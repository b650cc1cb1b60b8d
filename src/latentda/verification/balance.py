"""Agreement of winds with the mass field: geostrophic and gradient-wind balance of a state or of an increment.

The force of the mass field along a level is, on sigma and on pressure levels,

    F = grad Phi + R T_v grad ln p_s        and        F = grad Phi,

and the winds that balance it, f the Coriolis parameter of the place, are

    u_g = k x F / f,        u_gr = u_g - (kappa V^2 / f) t,       kappa V^2 = (k x t) . (V . grad) V

with t the direction of the wind V and kappa the curvature of its own streamlines (metric terms included);
(V . grad) V = zeta k x V + grad V^2 / 2. The misfit is the ratio of root mean squares | V - u_g | / | V | over middle
and high latitudes, a level, and over all levels by mass. It is small where a flow is balanced, and about 1 or more
where winds and masses know nothing of each other. Of an increment both sides are differences between analysis and
background, so R T_v grad ln p_s is linearised about the background to first order.

Sources: Holton (2004), An Introduction to Dynamic Meteorology, chapter 3; the ratio for analyses as in Fan et al.
(2026), doi 10.1126/sciadv.aea4248.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from latentda.grid import Layout
from latentda.physics.constants import GAS_CONSTANT
from latentda.user_error import UserError
from latentda.verification.derivatives import horizontal_gradient, relative_vorticity
from latentda.verification.energy import level_masses
from latentda.verification.hydrostatic import sigma_geopotential, virtual_temperature

ROTATION_RATE = 7.292e-5
"""Rotation rate of the Earth (s-1)."""

BAND = (20.0, 75.0)
"""Absolute latitudes (degrees) between which balance is judged."""

Winds = Float[ndarray, "2 level lat lon"]
"""Eastward and northward wind (m/s), or force (m s-2)."""


@dataclass(frozen=True)
class BalanceMisfit:
    """| V - V_balanced | / | V | between two latitudes; no units.

    Attributes:
        levels: hPa or sigma.
        geostrophic: by level.
        gradient: by level, for gradient-wind balance.
        geostrophic_mean: over all levels, weighted by mass.
        gradient_mean: likewise.
    """

    levels: tuple[float, ...]
    geostrophic: Float[ndarray, " level"]
    gradient: Float[ndarray, " level"]
    geostrophic_mean: float
    gradient_mean: float


def state_balance(
    state: Float[ndarray, "channel lat lon"],
    layout: Layout,
    surface_geopotential: Float[ndarray, "lat lon"],
    *,
    band: tuple[float, float] = BAND,
) -> BalanceMisfit:
    """How far the winds of a state are from balance.

    Args:
        state: physical units.
        layout: u, v, t on the same sigma levels and surface pressure, or u, v, z on the same pressure levels.
        surface_geopotential: of the surface that the model itself sees (m2 s-2); not used on pressure levels.
        band: absolute latitudes (degrees) between which it is judged.

    Raises:
        UserError: a layout with other fields, or a band without rows or without wind.
    """
    winds, geostrophic, gradient = _balanced(state, layout, surface_geopotential)
    return _misfit(winds, geostrophic, gradient, layout, band)


def increment_balance(
    analysis: Float[ndarray, "channel lat lon"],
    background: Float[ndarray, "channel lat lon"],
    layout: Layout,
    *,
    band: tuple[float, float] = BAND,
) -> BalanceMisfit:
    """How far the winds of an increment are from balance with its masses; the orography cancels.

    Raises:
        UserError: as :func:`state_balance`; an increment without wind is refused too.
    """
    flat = np.zeros(layout.grid.shape)
    after, before = (_balanced(state, layout, flat) for state in (analysis, background))
    winds, geostrophic, gradient = (a - b for a, b in zip(after, before, strict=True))
    return _misfit(winds, geostrophic, gradient, layout, band)


def mass_force(
    state: Float[ndarray, "channel lat lon"], layout: Layout, surface_geopotential: Float[ndarray, "lat lon"]
) -> Winds:
    """F (m s-2): the reverse of the acceleration by pressure along the levels of the winds.

    Raises:
        UserError: a layout without the fields that it takes.
    """
    _require_fields(layout)
    if layout.vertical.units == "hPa":
        geopotential = np.asarray(state, np.float64)[layout.indices("z")]
        return np.stack(horizontal_gradient(geopotential, layout.grid))
    geopotential = sigma_geopotential(state, layout, surface_geopotential)
    log_pressure = np.log(np.asarray(state, np.float64)[layout.index("sp")])
    slope = np.stack(horizontal_gradient(log_pressure, layout.grid))[:, None]
    gradient = np.stack(horizontal_gradient(geopotential, layout.grid))
    return gradient + GAS_CONSTANT * virtual_temperature(state, layout) * slope


def geostrophic_wind(force: Winds, layout: Layout) -> Winds:
    """u_g (m/s); NaN on the equator."""
    return np.stack([-force[1], force[0]]) / _coriolis(layout)


def gradient_wind(force: Winds, winds: Winds, layout: Layout) -> Winds:
    """u_gr (m/s) for the curvature of ``winds`` (m/s); NaN on the equator."""
    u, v = winds
    speed = np.hypot(u, v)
    vorticity = relative_vorticity(u, v, layout.grid)
    east, north = horizontal_gradient(0.5 * speed**2, layout.grid)
    # The part of (V . grad) V to the left of the wind, times |V|.
    across = u * (vorticity * u + north) - v * (east - vorticity * v)
    slower = np.divide(across, speed**2, out=np.zeros_like(speed), where=speed > 0.0) / _coriolis(layout)
    return geostrophic_wind(force, layout) - slower * winds


def _balanced(state: ndarray, layout: Layout, surface_geopotential: ndarray) -> tuple[Winds, Winds, Winds]:
    force = mass_force(state, layout, surface_geopotential)
    winds = np.asarray(state, np.float64)[np.stack([layout.indices("u"), layout.indices("v")])]
    return winds, geostrophic_wind(force, layout), gradient_wind(force, winds, layout)


def _misfit(
    winds: Winds, geostrophic: Winds, gradient: Winds, layout: Layout, band: tuple[float, float]
) -> BalanceMisfit:
    latitude = np.abs(np.asarray(layout.grid.latitude))
    rows = (latitude >= band[0]) & (latitude <= band[1])
    weights = layout.grid.area_weights[rows]

    def squares(field: Winds) -> ndarray:
        return np.einsum("ckij,ij->k", field[:, :, rows] ** 2, weights)

    size = squares(winds)
    if not size.any():
        raise UserError(f"There is no wind between {band[0]:g} and {band[1]:g} degrees to compare with.")
    thickness = level_masses(layout, "u")
    misfits = [squares(winds - balanced) for balanced in (geostrophic, gradient)]
    by_level = [np.sqrt(np.divide(m, size, out=np.full_like(m, np.nan), where=size > 0)) for m in misfits]
    means = [float(np.sqrt((m @ thickness) / (size @ thickness))) for m in misfits]
    return BalanceMisfit(layout.levels_of("u"), by_level[0], by_level[1], means[0], means[1])


def _coriolis(layout: Layout) -> ndarray:
    coriolis = 2.0 * ROTATION_RATE * np.sin(np.deg2rad(layout.grid.latitude))[:, None]
    return np.where(np.abs(coriolis) > 1e-9, coriolis, np.nan)


def _require_fields(layout: Layout) -> None:
    mass = "z" if layout.vertical.units == "hPa" else "t"
    levels = {layout.levels_of(short) for short in ("u", "v", mass)}
    on_sigma = layout.vertical.units == "sigma" and "sp" in layout.names
    if len(levels) != 1 or () in levels or not (on_sigma or mass == "z"):
        raise UserError(
            "Balance needs u, v, t on the same sigma levels with surface pressure, or u, v, z on the same pressure "
            f"levels; the layout has {', '.join(layout.names)}."
        )
