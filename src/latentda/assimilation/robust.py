"""Robust misfits: the Huber norm as a least-squares residual, for variational quality control.

    rho(d) = 1/2 d^2            |d| <= c
             c |d| - 1/2 c^2    beyond,          r(d) = sign(d) sqrt(2 rho(d)),    rho = 1/2 r^2

d are departures in standard deviations. r is once differentiable (dr/dd = 1 inside, c / |r| beyond), so whatever
minimises half a square minimises the Huber norm too. A datum beyond c pulls with a constant force, as of weight

    w = min(1, c / |d|),

so a gross error that passed the checks bends the analysis no further than a datum of c standard deviations.

Source: Tavolato & Isaksen (2015), doi 10.1002/qj.2440; Huber (1964), doi 10.1214/aoms/1177703732.
"""

from __future__ import annotations

import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float


def huber_residual(departure: Float[Array, "*datum"], limit: ArrayLike) -> Float[Array, "*datum"]:
    """r(d); with an infinite limit d itself.

    Args:
        departure: d.
        limit: c, in standard deviations, positive.
    """
    size = jnp.abs(departure)
    beyond = size > limit
    # What is not taken stays finite, so that gradients do.
    far = jnp.where(beyond, size, 1.0)
    near = jnp.where(beyond, limit, 1.0)
    root = jnp.sqrt(jnp.maximum(2.0 * near * far - near**2, 1e-12))
    return jnp.where(beyond, jnp.sign(departure) * root, departure)


def huber_weight(departure: Float[ArrayLike, " datum"], limit: ArrayLike) -> Float[Array, " datum"]:
    """The weights w of the departures of an analysis."""
    return jnp.minimum(1.0, limit / jnp.maximum(jnp.abs(departure), 1e-12))
