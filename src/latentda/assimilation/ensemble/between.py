"""Weights of a local filter between the columns where they were found.

    W(g) = sum_c b_c(g) W(c),    b bilinear in latitude and longitude

The weights change from place to place as slowly as the taper does, while the members' perturbations, which they
combine, have all scales of the model: found at every second column of a grid that is fine beside the taper, and carried
to the others, they make nearly the same analysis at some four tenths of the cost.

Source: Yang et al. (2009), doi 10.1002/qj.353.
"""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int
from numpy import ndarray

from latentda.assimilation.ensemble.roots import full_precision
from latentda.grid import Grid


@dataclass(frozen=True, eq=False)
class Thinned:
    """The columns of a grid where weights are found, and b.

    Attributes:
        columns: of the grid flattened, by rows.
        by_row: b along latitudes.
        by_column: b along longitudes.
    """

    columns: Int[ndarray, " found"]
    by_row: Float[ndarray, "lat row"]
    by_column: Float[ndarray, "lon column"]


def thinned(grid: Grid, every: int) -> Thinned:
    """Every so many-th row and column; the last ones too, but for longitudes that close around the globe."""
    latitude, longitude = np.asarray(grid.latitude, float), np.asarray(grid.longitude, float)
    rows, columns = _some(latitude.size, every, closed=False), _some(longitude.size, every, closed=grid.periodic)
    by_column = _linear(longitude, columns, period=360.0 if grid.periodic else None)
    found = (rows[:, None] * longitude.size + columns).ravel()
    return Thinned(found, _linear(latitude, rows), by_column)


def _some(size: int, every: int, *, closed: bool) -> Int[ndarray, " found"]:
    some = np.arange(0, size, every)
    return some if closed else np.unique(np.append(some, size - 1))


def _linear(axis: ndarray, found: ndarray, period: float | None = None) -> Float[ndarray, "point found"]:
    """Shares of the two neighbours along an axis."""
    rising = 1.0 if axis[-1] >= axis[0] else -1.0
    units = np.eye(found.size, dtype=np.float32)
    shares = [np.interp(rising * axis, rising * axis[found], unit, period=period) for unit in units]
    return np.stack(shares, axis=1).astype(np.float32)


@jax.jit
def combined(
    rest: Float[Array, "member channel lat lon"],
    weights: Float[Array, "row column member member"],
    by_row: Float[Array, "lat row"],
    by_column: Float[Array, "lon column"],
) -> Float[Array, "member channel lat lon"]:
    """sum_j X'_j(g) W_jk(g), row after row, so that the weights of all places are never in memory at once."""

    def at(one: tuple[Array, Array]) -> Array:
        share, here = one
        carried = jnp.einsum("r,rcjk->cjk", share, weights)
        return jnp.einsum("xc,cjk,jvx->kvx", by_column, carried, here)

    with full_precision():
        made = jax.lax.map(at, (by_row, jnp.moveaxis(rest, 2, 0)))
    return jnp.moveaxis(made, 0, 2)
