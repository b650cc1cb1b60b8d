"""The stochastic ensemble Kalman filter: every member is analysed with observations of its own.

    x_a,k = x_k + K ( y + R^(1/2) e_k - H(x_k) ),    e_k ~ N(0, I)

K = P H^T (H P H^T + R)^(-1) is the gain of the members' covariance. In their span, with Y and A of
:mod:`latentda.assimilation.ensemble.transform`, this is the same w and another T:

    T = A^(-1) ( I + Y E^T / (N - 1)^(1/2) ),    A^(-1) the square of the symmetric T

The draws E ``(member, datum)`` are centred: the mean is that of the ETKF, and the covariance, averaged over draws,
that of the Kalman filter.

Sources: Burgers et al. (1998), doi 10.1175/1520-0493(1998)126<1719:ASITEK>2.0.CO;2; Evensen (1994),
doi 10.1029/94JC00572.
"""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from latentda.assimilation.ensemble.roots import full_precision
from latentda.assimilation.ensemble.transform import (
    Transform,
    degrees,
    ensemble_transform,
    normal_departures,
    perturbations,
)


class EnKF(eqx.Module):
    """Perturbed observations."""

    def __call__(self, members: Array, departures: Array, key: PRNGKeyArray) -> Array:
        """The key draws the observations' perturbations."""
        return perturbed_transform(departures, key).apply(members)


def perturbed_transform(departures: Float[Array, "member datum"], key: PRNGKeyArray) -> Transform:
    """w and T of one draw."""
    symmetric = ensemble_transform(departures)
    _, Y = normal_departures(departures)
    _, centred = perturbations(jax.random.normal(key, Y.shape, Y.dtype))
    count = len(departures)
    root = symmetric.perturbations
    with full_precision():
        draws = Y @ centred.T / degrees(count) ** 0.5
        return Transform(symmetric.mean, root @ (root @ (jnp.eye(count, dtype=Y.dtype) + draws)))
