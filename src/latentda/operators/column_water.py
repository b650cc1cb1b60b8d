"""Precipitable water of a column, W = (1/g) integral of q dp, in kg/m2.

Each level stands for the air between the pressures halfway to its neighbours:

    W = (1/g) sum_k q_k ( min(b_k+1, p_s) - min(b_k, p_s) ),     b_k = (p_k-1 + p_k) / 2

The column begins halfway from the highest humid level to the next level of the model, at zero pressure if there is
none, and ends at the ground, so that a constant q gives q (p_s - b_1) / g. Levels below the ground weigh nothing.
"""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpy import ndarray

from latentda.grid import Layout, layer_borders
from latentda.physics.constants import GRAVITY


def column_water(flat: Float[Array, "channel point"], layout: Layout) -> Float[Array, " point"]:
    """W (kg/m2) of every column of a state.

    Args:
        flat: physical units, the grid flattened.
        layout: of the state; needs q and sp.
    """
    pressure = flat[layout.index("sp")]
    if layout.vertical.units == "sigma":
        borders = jnp.asarray(_borders(layout, bottom=1.0))[:, None] * pressure
    else:
        borders = jnp.minimum(100.0 * _borders(layout, bottom=np.inf)[:, None], pressure)
    return jnp.sum(flat[layout.indices("q")] * jnp.diff(borders, axis=0), axis=0) / GRAVITY


def _borders(layout: Layout, bottom: float) -> Float[ndarray, " border"]:
    """Between the humid levels, from the column's top to its bottom, in the levels' units."""
    levels = np.asarray(layout.levels_of("q"))
    higher = [level for level in layout.vertical.levels if level < levels[0]]
    top = 0.5 * (max(higher) + levels[0]) if higher else 0.0
    return layer_borders(levels, top, bottom)
