"""The standard deviation of a background error in model space, by sampling its root.

s_i^2 = mean over samples of (x(v) - x(0))_i^2 with v ~ N(0, I): works for every prior, linear or not.
"""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from latentda.operators import white_control


@eqx.filter_jit
def background_spread(
    prior: Any, background: Float[Array, "channel lat lon"], key: PRNGKeyArray, samples: int = 50
) -> Float[Array, "channel lat lon"]:
    """Standard deviation of x(v) about x(0), standardised anomalies."""
    anchor = prior.anchor(background)
    centre = prior.state(anchor, prior.zero_control())

    def add(total: Array, key: PRNGKeyArray) -> tuple[Array, None]:
        control = white_control(prior, key)
        return total + (prior.state(anchor, control) - centre) ** 2, None

    total, _ = jax.lax.scan(add, jnp.zeros_like(centre), jax.random.split(key, samples))
    return jnp.sqrt(total / samples)
