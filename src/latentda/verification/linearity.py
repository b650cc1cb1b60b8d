"""How linear a prior is: the relative error of its tangent against the size of an increment.

    T(alpha) = | x(alpha v) - x(0) - alpha x'(0) v | / | x(alpha v) - x(0) |

with v drawn white, so that alpha = 1 is an increment as large as the background error, and |.| the area-weighted norm
over all channels. A linear map has T = 0; where T is small, one linearisation serves a whole analysis, and the
posterior of the linear problem is that of the problem.

Source: Fan et al. (2026), doi 10.1126/sciadv.aea4248, who show it of a decoder.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpy import ndarray

from latentda.assimilation import Prior
from latentda.operators import Control, white_control


def tangent_error(
    prior: Prior,
    background: Float[Array, "channel lat lon"],
    area_weights: Float[ndarray, "lat 1"],
    sizes: Sequence[float],
    *,
    draws: int = 8,
    seed: int = 0,
) -> Float[ndarray, " size"]:
    """T of each size alpha, root mean square over draws of v.

    Args:
        prior: the map x(v).
        background: around which, standardised anomalies.
        area_weights: relative area of the points, mean 1.
        sizes: the alphas.
        draws: how many v.
        seed: of the draws.
    """
    anchor, area = prior.anchor(background), jnp.asarray(area_weights)
    keys = jax.random.split(jax.random.key(seed), draws)
    controls = [white_control(prior, key) for key in keys]
    problem = prior, anchor, area
    found = np.array([[_norms(*problem, control, jnp.float32(size)) for control in controls] for size in sizes])
    missed, whole = np.moveaxis(found.sum(axis=1), -1, 0)
    return np.sqrt(missed / whole)


@eqx.filter_jit
def _norms(prior: Prior, anchor: Any, area: Array, control: Control, size: Array) -> tuple[Array, Array]:
    """Squares of what the tangent misses of an increment, and of the increment."""
    state = lambda v: prior.state(anchor, v)  # noqa: E731
    start, tangent = jax.jvp(state, (prior.zero_control(),), (control,))
    increment = state(jax.tree.map(lambda leaf: size * leaf, control)) - start
    return jnp.sum(area * (increment - size * tangent) ** 2), jnp.sum(area * increment**2)
