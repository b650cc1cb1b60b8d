"""Interpolation in the vertical: which channels of a state belong to a variable, and where they lie.

The vertical coordinate x is ln p on pressure levels and ln sigma on sigma levels; a table holds x of all levels of all
variables, so that data of any variables are interpolated in one go.

    f(x) = (1 - w) f_k + w f_k+1,     w = (x - x_k) / (x_k+1 - x_k)

Below the lowest level f keeps its value there; what else happens there is up to the variable.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int
from numpy import ndarray

from latentda.grid import Layout
from latentda.operators.interpolation import Corners, bracket_levels, interpolate_channels

ROUNDING = 1e-6
"""How far (in x) a datum may lie below the last position and still count as on it."""


class LevelTable(eqx.Module):
    """A row a variable: x and channel of its levels, ordered downwards, and how many there are.

    Rows are padded with x = infinity. A variable without levels has count 0.
    """

    coordinate: Float[Array, "variable level"]
    channel: Int[Array, "variable level"]
    count: Int[Array, " variable"]


class Sample(NamedTuple):
    """Values of the levels around each place.

    Attributes:
        above: on the level above (the highest one, above it).
        below: on the level below.
        weight: w, outside 0..1 beyond the levels.
        thickness: x between the two.
        depth: x below the lowest level, negative above it.
    """

    above: Float[Array, " place"]
    below: Float[Array, " place"]
    weight: Float[Array, " place"]
    thickness: Float[Array, " place"]
    depth: Float[Array, " place"]

    @property
    def share(self) -> Float[Array, " place"]:
        """w within 0..1."""
        return jnp.clip(self.weight, 0.0, 1.0)

    @property
    def value(self) -> Float[Array, " place"]:
        """f(x)."""
        return self.above + self.share * (self.below - self.above)


def log_levels(layout: Layout, name: str) -> Float[ndarray, " level"]:
    """The x of a variable's levels."""
    factor = 1.0 if layout.vertical.units == "sigma" else 100.0
    return np.log(factor * np.asarray(layout.levels_of(name), float))


def level_table(rows: Mapping[str, tuple[ndarray, ndarray]]) -> LevelTable:
    """The table of ``{variable: (x, channels)}``, rows in that order."""
    deepest = max([1, *(len(x) for x, _ in rows.values())])
    coordinate = np.full((len(rows), deepest), np.inf)
    channel = np.zeros((len(rows), deepest), np.int32)
    for row, (x, channels) in enumerate(rows.values()):
        coordinate[row, : len(x)] = x
        channel[row, : len(x)] = channels
    count = np.asarray([len(x) for x, _ in rows.values()], np.int32)
    return LevelTable(jnp.asarray(coordinate), jnp.asarray(channel), jnp.asarray(count))


def sample(
    flat: Float[Array, "channel point"],
    table: LevelTable,
    row: Int[Array, " place"],
    position: Float[Array, " place"],
    at: Corners,
) -> Sample:
    """The levels around each place of that place's own variable.

    Args:
        flat: the state, its grid flattened.
        table: of its variables.
        row: of the table, a place.
        position: x of each place.
        at: where the places are.
    """
    upper, weight = bracket_levels(table.coordinate, table.count, row, position)
    lowest = table.count[row] - 1
    lower = jnp.minimum(upper + 1, lowest)
    above = interpolate_channels(flat, table.channel[row, upper], at)
    below = interpolate_channels(flat, table.channel[row, lower], at)
    thickness = jnp.where(lower > upper, table.coordinate[row, lower] - table.coordinate[row, upper], 0.0)
    return Sample(above, below, weight, thickness, position - table.coordinate[row, lowest])
