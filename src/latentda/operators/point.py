"""Point observations: the model's equivalent of each datum of a batch, y = H(x).

Upper air (t, u, v, q, and z where the layout has it): bilinear in the horizontal, linear in ln p in the
vertical, on pressure levels or on sigma levels whose pressures follow the state's own surface pressure.
Between the lowest level and the surface u, v, q are those of the lowest level and t follows a lapse of
Gamma = 6.5 K/km in ln p.

Surface pressure at the station's height h from the model's surface at height h_s (hydrostatic, constant
lapse rate, as in Benjamin & Miller 1990, doi 10.1175/1520-0493(1990)118<2099:AASLPR>2.0.CO;2):

    p(h) = p_s (1 + Gamma (h_s - h) / T_s)^(g / (R Gamma)),    T_s = T_low (p_s / p_low)^(R Gamma / g)

2 m temperature: T_s + Gamma (h_s - h); 2 m humidity: that of the lowest level; 10 m wind: the layout's own.
"""

from __future__ import annotations

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int

from latentda.grid import GRAVITY, Layout
from latentda.observations import VARIABLES, ObservationBatch
from latentda.operators.interpolation import (
    Corners,
    bracket_levels,
    corners,
    inside,
    interpolate,
    interpolate_channels,
)

GAS_CONSTANT = 287.05
"""Specific gas constant of dry air (J kg-1 K-1)."""
LAPSE_RATE = 0.0065
"""Standard lapse rate (K m-1)."""
EXPONENT = GAS_CONSTANT * LAPSE_RATE / GRAVITY
MAX_HEIGHT_DIFFERENCE = 800.0
"""Surface data whose station lies further than this (m) from the model's surface have no equivalent."""

_T, _Q, _SP, _T2M, _Q2M = (VARIABLES.index(name) for name in ("t", "q", "sp", "t2m", "q2m"))


class _Levels(eqx.Module):
    """Where each variable's channels lie in ln p (pressure levels) or ln sigma."""

    coordinate: Float[Array, "variable level"]
    channel: Int[Array, "variable level"]
    count: Int[Array, " variable"]


class PointObservations(eqx.Module):
    """H for the data of one batch, a function of a state in physical units.

    Attributes:
        batch: places, pressures and variables of the data.
        surface_height: height of the model's orography (m), ``(lat, lon)``.
        layout: what the state's channels are; surface quantities need its ``sp``.
    """

    batch: ObservationBatch
    surface_height: Float[Array, "lat lon"]
    levels: _Levels
    layout: Layout = eqx.field(static=True)

    def __init__(self, batch: ObservationBatch, layout: Layout, surface_geopotential: ArrayLike):
        self.batch = batch
        self.layout = layout
        self.surface_height = jnp.asarray(surface_geopotential) / GRAVITY
        self.levels = _levels(layout)

    def __call__(self, state: Float[Array, "channel lat lon"]) -> Float[Array, " datum"]:
        """H(x); finite everywhere, meaningful where :meth:`reachable`."""
        return self._evaluate(state)[0]

    def reachable(self, state: Float[Array, "channel lat lon"]) -> Bool[Array, " datum"]:
        """Whether the model has an equivalent: within its levels, above its surface, near its orography."""
        return self._evaluate(state)[1]

    def _evaluate(self, state: Array) -> tuple[Array, Array]:
        batch = self.batch
        at = corners(self.layout.grid, batch.latitude, batch.longitude)
        flat = state.reshape(state.shape[0], -1)
        upper_air, in_levels = self._upper_air(flat, at)
        surface, near_surface = self._surface(flat, at)
        is_surface = batch.variable >= _SP
        value = jnp.where(is_surface, surface, upper_air)
        held = jnp.asarray([self._holds(name) for name in VARIABLES])[batch.variable]
        fits = jnp.where(is_surface, near_surface, in_levels)
        return value, held & fits & inside(self.layout.grid, batch.latitude, batch.longitude)

    def _holds(self, name: str) -> bool:
        """Whether the layout can give a variable at all."""
        needs = {"sp": ("sp", "t"), "t2m": ("sp", "t"), "q2m": ("sp", "q")}.get(name, (name,))
        return set(needs) <= set(self.layout.variables)

    def _upper_air(self, flat: Array, at: Corners) -> tuple[Array, Array]:
        batch, levels = self.batch, self.levels
        variable = jnp.minimum(batch.variable, _SP - 1)
        position = jnp.log(jnp.maximum(batch.pressure, 1.0)) - self._reference(flat, at)
        upper, weight = bracket_levels(levels.coordinate, levels.count, variable, position)
        lowest = levels.count[variable] - 1
        above = interpolate_channels(flat, levels.channel[variable, upper], at)
        below = interpolate_channels(flat, levels.channel[variable, jnp.minimum(upper + 1, lowest)], at)
        inner = jnp.clip(weight, 0.0, 1.0)
        value = above + inner * (below - above)
        depth = position - levels.coordinate[variable, lowest]
        lapse = jnp.exp(EXPONENT * jnp.maximum(depth, 0.0))
        value = jnp.where(variable == _T, value * lapse, value)
        floor = 0.0 if self._on_sigma else 1e-6
        reaches = jnp.where(self._on_sigma, position, depth) <= floor
        return value, (weight >= 0.0) & reaches & (levels.count[variable] > 0)

    @property
    def _on_sigma(self) -> bool:
        return self.layout.vertical.units == "sigma"

    def _reference(self, flat: Array, at: Corners) -> Array | float:
        """Ln p of the surface on sigma levels, 0 on pressure levels."""
        if not self._on_sigma:
            return 0.0
        return jnp.log(interpolate(flat[self.layout.index("sp")], at))

    def _surface(self, flat: Array, at: Corners) -> tuple[Array, Array]:
        batch, layout = self.batch, self.layout
        if not {"sp", "t"} <= set(layout.variables):
            return jnp.zeros_like(batch.value), jnp.zeros(batch.value.shape, bool)
        pressure = interpolate(flat[layout.index("sp")], at)
        lowest = int(layout.indices("t")[-1])
        gap = self._depth_of_lowest(pressure)
        skin = interpolate(flat[lowest], at) * jnp.exp(EXPONENT * gap)
        drop = interpolate(self.surface_height.reshape(-1), at) - batch.elevation
        near = jnp.abs(drop) <= MAX_HEIGHT_DIFFERENCE
        # Far from the orography the value is not used; the clip only keeps it finite.
        step = jnp.clip(drop, -2 * MAX_HEIGHT_DIFFERENCE, 2 * MAX_HEIGHT_DIFFERENCE)
        at_station = pressure * (1.0 + LAPSE_RATE * step / skin) ** (1.0 / EXPONENT)
        value = jnp.where(batch.variable == _SP, at_station, skin + LAPSE_RATE * step)
        if "q" in layout.variables:
            humidity = interpolate(flat[int(layout.indices("q")[-1])], at)
            value = jnp.where(batch.variable == _Q2M, humidity, value)
        for name in ("u10m", "v10m"):
            if name in layout.variables:
                wind = interpolate(flat[layout.index(name)], at)
                value = jnp.where(batch.variable == VARIABLES.index(name), wind, value)
        return value, near

    def _depth_of_lowest(self, pressure: Array) -> Array:
        """ln(p_s / p_low); negative where a pressure level lies below the ground."""
        lowest = float(self.layout.levels_of("t")[-1])
        if self._on_sigma:
            return jnp.full_like(pressure, -np.log(lowest))
        return jnp.log(pressure) - np.log(100.0 * lowest)


def _levels(layout: Layout) -> _Levels:
    upper_air = VARIABLES[:_SP]
    held = [layout.levels_of(name) for name in upper_air]
    deepest = max([1, *(len(levels) for levels in held)])
    factor = 1.0 if layout.vertical.units == "sigma" else 100.0
    coordinate = np.full((len(upper_air), deepest), np.inf)
    channel = np.zeros((len(upper_air), deepest), np.int32)
    for row, (name, levels) in enumerate(zip(upper_air, held, strict=True)):
        coordinate[row, : len(levels)] = np.log(factor * np.asarray(levels, float))
        channel[row, : len(levels)] = layout.indices(name)
    count = np.asarray([len(levels) for levels in held], np.int32)
    return _Levels(jnp.asarray(coordinate), jnp.asarray(channel), jnp.asarray(count))
