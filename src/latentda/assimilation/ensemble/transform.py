"""The analysis of an ensemble in the span of its members: weights for the mean and a matrix for the perturbations.

    Y_k = (d_k - d) / (N - 1)^(1/2),    A = I + Y Y^T,    w = -A^(-1) Y d,    T = A^(-1/2)

    x_a = x_b + sum_j X'_j w_j / (N - 1)^(1/2),    X'_a,k = sum_j X'_j T_jk

N members x_k have the mean x_b and the perturbations X'_k = x_k - x_b; their departures d_k = R^(-1/2) (H(x_k) - y)
``(member, datum)`` have the mean d. They are what :meth:`~latentda.assimilation.ObservationTerm.departure` gives, zero
where a datum is padding. A is ``(member, member)`` however many data there are. A taper, a weight a datum, divides the
variances of the observation errors: Y and d are multiplied by its root. T is symmetric, so that the mean stays what it
is and no member moves more than it must.

One member, members without spread, no datum: w = 0 and T = I leave the background as it is.

Sources: Bishop et al. (2001), doi 10.1175/1520-0493(2001)129<0420:ASWTET>2.0.CO;2; symmetric T and taper: Hunt et al.
(2007), doi 10.1016/j.physd.2006.11.008; rotations: Sakov & Oke (2008), doi 10.1175/2007MWR2021.1.
"""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray
from numpy import ndarray

from latentda.assimilation.ensemble.roots import full_precision, identity_plus, inverse_root


class Transform(eqx.Module):
    """What an analysis makes of members, whatever their state.

    Attributes:
        mean: w.
        perturbations: T.
    """

    mean: Float[Array, " member"]
    perturbations: Float[Array, "member member"]

    @property
    def weights(self) -> Float[Array, "member member"]:
        """W_jk = w_j / (N - 1)^(1/2) + T_jk: analysed member k is x_b + sum_j X'_j W_jk."""
        return self.mean[:, None] / degrees(len(self.mean)) ** 0.5 + self.perturbations

    def apply(self, members: Float[Array, "member ..."]) -> Float[Array, "member ..."]:
        """The analysed members."""
        mean, rest = perturbations(members)
        with full_precision():
            return mean + jnp.tensordot(self.weights, rest, axes=(0, 0))


def ensemble_transform(
    departures: Float[Array, "member datum"], taper: Float[Array, " datum"] | None = None
) -> Transform:
    """w and T. Thousands of small ones stand side by side under ``jax.vmap``.

    Args:
        departures: d_k.
        taper: of each datum, 0 to 1; without it all count in full.
    """
    mean, Y = normal_departures(departures, taper)
    with full_precision():
        A = identity_plus(Y @ Y.T)
        factor = jax.scipy.linalg.cho_factor(A, lower=True)
        return Transform(-jax.scipy.linalg.cho_solve(factor, Y @ mean), inverse_root(A))


def normal_departures(
    departures: Float[Array, "member datum"], taper: Float[Array, " datum"] | None = None
) -> tuple[Float[Array, " datum"], Float[Array, "member datum"]]:
    """d and Y, tapered."""
    # Rounding may leave a taper's last values below zero.
    tapered = departures if taper is None else jnp.sqrt(jnp.maximum(taper, 0.0)) * departures
    mean, rest = perturbations(tapered)
    return mean, rest / degrees(len(departures)) ** 0.5


def perturbations(
    members: Float[Array, "member ..."],
) -> tuple[Float[Array, "..."], Float[Array, "member ..."]]:
    """x_b and X'."""
    states = jnp.asarray(members)
    mean = states.mean(axis=0)
    return mean, states - mean


def degrees(members: int) -> int:
    """N - 1, by which the sample covariance divides; one member has none, and gets 1 so that its zeros stay zeros."""
    return max(members - 1, 1)


def mean_free_basis(members: int) -> Float[ndarray, "member direction"]:
    """U ``(N, N - 1)``, orthonormal columns that sum to zero: a Householder reflection less its first column."""
    if members == 1:
        return np.zeros((1, 0))
    root = members**0.5
    return np.vstack([np.full((1, members - 1), 1.0 / root), np.eye(members - 1) - 1.0 / (members - root)])


def rotation(key: PRNGKeyArray, members: int) -> Float[Array, "member member"]:
    """A random orthogonal matrix that keeps the mean, 1 1^T / N + U O U^T with O uniform over all rotations of N - 1.

    Perturbations sum_j X'_j O_jk have the same mean and covariance, and forget what single members had of their own.
    """
    basis = jnp.asarray(mean_free_basis(members))
    turned, triangle = jnp.linalg.qr(jax.random.normal(key, (members - 1, members - 1), basis.dtype))
    # Only with the signs of the triangle's diagonal taken out is the rotation uniform.
    uniform = turned * jnp.sign(jnp.diagonal(triangle))
    with full_precision():
        return 1.0 / members + basis @ uniform @ basis.T


def rotate(members: Float[Array, "member ..."], key: PRNGKeyArray) -> Float[Array, "member ..."]:
    """Members with rotated perturbations."""
    mean, rest = perturbations(members)
    with full_precision():
        return mean + jnp.tensordot(rotation(key, len(members)).astype(rest.dtype), rest, axes=(0, 0))
