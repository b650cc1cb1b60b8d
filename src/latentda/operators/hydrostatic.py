"""Geopotential of a state's levels, and between them, by the hydrostatic equation.

    d Phi / d x = - R T_v,     T_v = T (1 + (1/eps - 1) q),     x = ln p  (or ln sigma: the same differences)

T_v is linear in x between levels, so that a layer of thickness D between a (above) and b holds

    Phi_a - Phi_b = R D (T_a + T_b) / 2                                           (trapezoid)
    Phi(w) = (1 - w) Phi_a + w Phi_b + (R D / 2) w (1 - w) (T_b - T_a)            w = (x - x_a) / D

and below the lowest level N air of a constant lapse rate, as for temperature,

    Phi(x) = Phi_N - (g / Gamma) T_N (exp(Gamma R (x - x_N) / g) - 1).

The surface is where Phi(ln p_s) = Phi_s. A level without humidity holds dry air. The trapezoid is that of Simmons &
Burridge (1981), doi 10.1175/1520-0493(1981)109<0758:AEAAMC>2.0.CO;2, written for full levels. Letters: Phi
geopotential (m2 s-2), T_v virtual temperature (K), R gas constant of dry air, Gamma standard lapse rate.
"""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpy import ndarray

from latentda.grid import Layout, level_name
from latentda.physics.constants import EXPONENT, GAS_CONSTANT, GRAVITY, LAPSE_RATE

TEMPERATE = 288.15
"""Temperature (K) below the lowest level of a state that has none."""
MOST_BEND = 0.9
"""Largest bend of a layer, as a share of its depth; balanced ones have (T_b - T_a) / (T_b + T_a), far less."""


def moisture(flat: Float[Array, "channel point"], layout: Layout) -> Float[Array, "level point"]:
    """Specific humidity on the levels of temperature; zero on those that do not carry it."""
    dry = jnp.zeros_like(flat[0])
    names = [f"q@{level_name(level)}" for level in layout.levels_of("t")]
    return jnp.stack([flat[layout.index(name)] if name in layout.names else dry for name in names])


def level_geopotential(
    virtual: Float[Array, "level point"],
    levels: Float[ndarray, " level"],
    ground: Float[Array, " point"],
    surface_geopotential: Float[Array, " point"],
) -> Float[Array, "level point"]:
    """Phi (m2 s-2) on the levels of columns.

    Args:
        virtual: T_v on the levels, ordered downwards.
        levels: their x.
        ground: x of the surface, anywhere below the highest level.
        surface_geopotential: Phi_s (m2 s-2).
    """
    layers = GAS_CONSTANT * np.diff(levels)[:, None] * 0.5 * (virtual[1:] + virtual[:-1])
    over_lowest = jnp.concatenate([jnp.cumsum(layers[::-1], axis=0)[::-1], jnp.zeros_like(virtual[:1])])
    return surface_geopotential + over_lowest - _between(over_lowest, virtual, levels, ground)


def bow(
    weight: Float[Array, " place"],
    thickness: Float[Array, " place"],
    above: Float[Array, " place"],
    below: Float[Array, " place"],
) -> Float[Array, " place"]:
    """Phi (m2 s-2) beyond its linear interpolation: the last term of Phi(w), for T_v on the levels above and below."""
    return 0.5 * GAS_CONSTANT * thickness * weight * (1.0 - weight) * (below - above)


def descent(lowest: Float[Array, " place"], depth: Float[Array, " place"]) -> Float[Array, " place"]:
    """Phi_N - Phi (m2 s-2) at ``depth`` in x below a lowest level of T_v ``lowest``; zero above it."""
    return GRAVITY / LAPSE_RATE * lowest * jnp.expm1(EXPONENT * jnp.maximum(depth, 0.0))


def position_of(
    geopotential: Float[Array, " place"],
    column: Float[Array, "level place"],
    virtual: Float[Array, "level place"] | None,
    levels: Float[ndarray, " level"],
) -> Float[Array, " place"]:
    """Where a column has a given geopotential: x, the inverse of Phi(x), continued linearly above the highest level.

    Args:
        geopotential: Phi (m2 s-2) of each place.
        column: Phi on the levels of each place, decreasing downwards.
        virtual: T_v on the same levels; None bends no layer.
        levels: x of the levels.
    """
    last = len(levels) - 1
    upper = jnp.clip(jnp.sum(column >= geopotential, axis=0) - 1, 0, max(last - 1, 0))
    lower = jnp.minimum(upper + 1, last)
    foot = _pick(column, lower)
    deep = jnp.maximum(_pick(column, upper) - foot, 1.0)  # a state out of balance may fold its levels
    thickness = _thickness(levels, upper)
    bend = jnp.zeros_like(deep)
    if virtual is not None:
        warmer = _pick(virtual, lower) - _pick(virtual, upper)
        bend = jnp.clip(0.5 * GAS_CONSTANT * thickness * warmer, -MOST_BEND * deep, MOST_BEND * deep)
    climb = jnp.clip(geopotential - foot, 0.0, deep)
    inner = 2.0 * climb / (deep + bend + jnp.sqrt((deep + bend) ** 2 - 4.0 * bend * climb))
    beyond = jnp.maximum(geopotential - foot - deep, 0.0) / deep
    lowest = virtual[-1] if virtual is not None else TEMPERATE
    fall = LAPSE_RATE / GRAVITY * jnp.maximum(column[-1] - geopotential, 0.0) / lowest
    return jnp.asarray(levels)[lower] - thickness * (inner + beyond) + jnp.log1p(fall) / EXPONENT


def _between(column: Array, virtual: Array, levels: ndarray, position: Array) -> Array:
    """Phi at one x a column; the highest level's above it."""
    last = len(levels) - 1
    below = jnp.sum(jnp.asarray(levels)[:, None] <= position, axis=0)
    upper = jnp.clip(below - 1, 0, max(last - 1, 0))
    lower = jnp.minimum(upper + 1, last)
    thickness = _thickness(levels, upper)
    weight = jnp.clip((position - jnp.asarray(levels)[upper]) / thickness, 0.0, 1.0)
    straight = (1.0 - weight) * _pick(column, upper) + weight * _pick(column, lower)
    bent = straight + bow(weight, thickness, _pick(virtual, upper), _pick(virtual, lower))
    return bent - descent(virtual[-1], position - levels[-1])


def _thickness(levels: ndarray, upper: Array) -> Array:
    """D of the layer under each upper level; a single level has none, and any serves."""
    return jnp.asarray(np.append(np.diff(levels), 1.0))[upper]


def _pick(column: Array, level: Array) -> Array:
    """Each place's own level."""
    return jnp.take_along_axis(column, level[None], axis=0)[0]
