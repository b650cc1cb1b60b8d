"""A background error in model space, by sampling its root: draws of it, and its standard deviation.

e_k = x(v_k) - x(0) with v_k ~ N(0, I), and s_i^2 = mean over samples of (e_k)_i^2: works for every prior, linear or
not.
"""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from latentda.operators import white_control

DRAWS = 32
"""Draws of a background error, by default: enough to know its standard deviation at a datum to an eighth of itself."""


@eqx.filter_jit
def background_spread(
    prior: Any, background: Float[Array, "*slot channel lat lon"], key: PRNGKeyArray, samples: int = 50
) -> Float[Array, "*slot channel lat lon"]:
    """Standard deviation of x(v) about x(0), standardised anomalies."""
    anchor = prior.anchor(background)
    centre = prior.state(anchor, prior.zero_control())

    def add(total: Array, key: PRNGKeyArray) -> tuple[Array, None]:
        control = white_control(prior, key)
        return total + (prior.state(anchor, control) - centre) ** 2, None

    total, _ = jax.lax.scan(add, jnp.zeros_like(centre), jax.random.split(key, samples))
    return jnp.sqrt(total / samples)


@eqx.filter_jit
def background_draws(
    prior: Any, background: Float[Array, "*slot channel lat lon"], key: PRNGKeyArray, count: int = DRAWS
) -> Float[Array, "draw channel lat lon"]:
    """Draws x(v_k) - x(0) of the background error, standardised anomalies, one after the other."""
    anchor = prior.anchor(background)
    centre = prior.state(anchor, prior.zero_control())

    def draw(key: PRNGKeyArray) -> Array:
        return prior.state(anchor, white_control(prior, key)) - centre

    return jax.lax.map(draw, jax.random.split(key, count))
