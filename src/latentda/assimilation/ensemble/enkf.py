"""The stochastic ensemble Kalman filter: every member is analysed with observations of its own.

    x_a,k = x_k + K ( y + R^(1/2) e_k - H(x_k) ),    e_k ~ N(0, I)

K = P H^T (H P H^T + R)^(-1) is the gain of the members' covariance. In their span, with Y and A of
:mod:`latentda.assimilation.ensemble.transform`, this is the same w and another T:

    T = A^(-1) ( I + Y E^T / (N - 1)^(1/2) )

The draws E ``(member, datum)`` are centred, so that the mean is that of the ETKF, and enlarged by (N / (N - 1))^(1/2), so
that each keeps its variance. The covariance is that of the Kalman filter in the mean over draws only.

Sources: Burgers et al. (1998), doi 10.1175/1520-0493(1998)126<1719:ASITEK>2.0.CO;2; Evensen (1994),
doi 10.1029/94JC00572.
"""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from latentda.assimilation.ensemble.roots import identity_plus
from latentda.assimilation.ensemble.transform import Transform, degrees, normal_departures, perturbations


class EnKF(eqx.Module):
    """Perturbed observations."""

    def __call__(self, members: Array, departures: Array, key: PRNGKeyArray) -> Array:
        """The key draws the observations' perturbations."""
        return perturbed_transform(departures, key).apply(members)


def perturbed_transform(departures: Float[Array, "member datum"], key: PRNGKeyArray) -> Transform:
    """w and T of one draw."""
    count = len(departures)
    mean, Y = normal_departures(departures)
    _, centred = perturbations(jax.random.normal(key, Y.shape, Y.dtype))
    # Two roots of N - 1: one enlarges the draws, one is the equation's.
    draws = count**0.5 * (Y @ centred.T) / degrees(count)
    factor = jax.scipy.linalg.cho_factor(identity_plus(Y @ Y.T), lower=True)
    right = jnp.column_stack([-Y @ mean, jnp.eye(count, dtype=Y.dtype) + draws])
    solved = jax.scipy.linalg.cho_solve(factor, right)
    return Transform(solved[:, 0], solved[:, 1:])
