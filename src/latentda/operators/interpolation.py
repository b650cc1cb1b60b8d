"""Interpolation from a grid to points: bilinear in the horizontal, linear in a vertical coordinate.

All indices and weights are computed inside compiled code from positions alone, so a new set of
observations of the same padded size never recompiles.
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from latentda.grid import Grid


class Corners(NamedTuple):
    """The four grid points around each place and their weights, which sum to 1."""

    point: Int[Array, "four place"]
    weight: Float[Array, "four place"]


def corners(grid: Grid, latitude: Float[Array, " place"], longitude: Float[Array, " place"]) -> Corners:
    """Bilinear weights; beyond the outermost row the nearest row counts alone.

    Args:
        grid: any horizontal grid; longitude closes the circle where it is periodic.
        latitude: degrees north.
        longitude: degrees east, any convention.
    """
    below, north_weight = _bracket(_rising(np.asarray(grid.latitude)), latitude)
    west, east, east_weight = _around(grid, longitude)
    rows, columns = grid.shape
    lower, upper = below, jnp.minimum(below + 1, rows - 1)
    if grid.north_first:
        lower, upper = rows - 1 - lower, rows - 1 - upper
    index = jnp.stack(
        [
            lower * columns + west,
            lower * columns + east,
            upper * columns + west,
            upper * columns + east,
        ]
    )
    south_weight, west_weight = 1 - north_weight, 1 - east_weight
    weight = jnp.stack(
        [
            south_weight * west_weight,
            south_weight * east_weight,
            north_weight * west_weight,
            north_weight * east_weight,
        ]
    )
    return Corners(index, weight)


def inside(grid: Grid, latitude: Float[Array, " place"], longitude: Float[Array, " place"]) -> Bool[Array, " place"]:
    """Whether a place can be interpolated to: anywhere on a global grid, within a regional one."""
    if grid.periodic:
        return jnp.ones(latitude.shape, bool)
    low, high = min(grid.latitude), max(grid.latitude)
    offset = jnp.mod(longitude - grid.longitude[0], 360.0)
    within = offset <= grid.longitude[-1] - grid.longitude[0]
    return (latitude >= low) & (latitude <= high) & within


def interpolate(field: Float[Array, " point"], at: Corners) -> Float[Array, " place"]:
    """A flattened horizontal field at the places."""
    return jnp.sum(field[at.point] * at.weight, axis=0)


def interpolate_channels(
    state: Float[Array, "channel point"], channel: Int[Array, " place"], at: Corners
) -> Float[Array, " place"]:
    """Each place's own channel of a flattened state, at that place."""
    return jnp.sum(state[channel[None, :], at.point] * at.weight, axis=0)


def bracket_levels(
    coordinate: Float[Array, "variable level"],
    count: Int[Array, " variable"],
    variable: Int[Array, " place"],
    position: Float[Array, " place"],
) -> tuple[Int[Array, " place"], Float[Array, " place"]]:
    """The upper bracketing level of each place and the weight of the one below.

    Args:
        coordinate: level positions, increasing downwards, a row a variable, padded with +inf.
        count: how many levels a variable has.
        variable: row of each place.
        position: where the place lies in the same coordinate.

    Returns:
        Index k of the level above, and w in (1 - w) f_k + w f_{k+1}. Outside the levels w leaves
        0..1 (linear extrapolation): the caller decides what that means.
    """
    own = coordinate[variable]
    below = jnp.sum(own <= position[:, None], axis=1)
    upper = jnp.clip(below - 1, 0, jnp.maximum(count[variable] - 2, 0))
    top = jnp.take_along_axis(own, upper[:, None], axis=1)[:, 0]
    bottom = jnp.take_along_axis(own, jnp.minimum(upper + 1, own.shape[1] - 1)[:, None], axis=1)[:, 0]
    # A variable with one level has nothing below it, or padding: any thickness serves.
    thickness = jnp.where(jnp.isfinite(bottom) & (bottom > top), bottom - top, 1.0)
    return upper, (position - top) / thickness


def _rising(latitude: np.ndarray) -> Array:
    return jnp.asarray(np.sort(latitude))


def _bracket(axis: Array, value: Array) -> tuple[Array, Array]:
    if axis.shape[0] == 1:
        return jnp.zeros(value.shape, int), jnp.zeros(value.shape, value.dtype)
    axis = axis.astype(value.dtype)
    lower = jnp.clip(jnp.searchsorted(axis, value, side="right") - 1, 0, axis.shape[0] - 2)
    weight = (value - axis[lower]) / (axis[lower + 1] - axis[lower])
    return lower, jnp.clip(weight, 0.0, 1.0)


def _around(grid: Grid, longitude: Array) -> tuple[Array, Array, Array]:
    start = grid.longitude[0]
    offset = jnp.mod(longitude - start, 360.0)
    axis = np.asarray(grid.longitude) - start
    if not grid.periodic:
        lower, weight = _bracket(jnp.asarray(axis), offset)
        return lower, jnp.minimum(lower + 1, axis.size - 1), weight
    lower, weight = _bracket(jnp.asarray(np.append(axis, 360.0)), offset)
    return lower, (lower + 1) % axis.size, weight
