"""ETKF-Q: an ensemble transform Kalman filter whose forecasts have a model error of covariance Q.

    S = [ 1/N, U / (N - 1)^(1/2) ],    S^(-1) = [ 1, (N - 1)^(1/2) U ]^T,    [ x, D ] = E S,    D D^T = P

    forecast    E <- M(E),  [ x, D ] = E S,  D D^T + Q = V L V^T,  D <- V L^(1/2),  E = [ x, D ] S^(-1)
    analysis    Z = R^(-1/2) H D,  A = I + Z^T Z,  w = A^(-1) Z^T R^(-1/2) (y - H x)
                x_a = x + D w,  D_a = D A^(-1/2),  E_a = [ x_a, D_a ] S^(-1)

The columns of U ``(N, N - 1)`` are orthonormal and sum to zero; x is the mean of the members E, D a root of their
covariance P. The leading N - 1 of V L^(1/2) are kept: with C = [ D, Q^(1/2) ] they are C W with the eigenvectors W of
C^T C, and no matrix of the size of the state squared is formed unless that is the smaller one. Since D_a S^(-1) is the
symmetric transform of the members, whatever U is, the analysis is :class:`~latentda.assimilation.ensemble.etkf.ETKF`.
With a linear model and more members than the state has numbers it is the Kalman filter. An honest Q leaves little for
inflation to do. U is a new one each forecast, since the leading error would otherwise go to the same members always.

Sources: Fillion et al. (2020), doi 10.1137/19M1244147 (IEnKS-Q, of which this is the filter); Peyron et al. (2021),
arXiv:2104.00430.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, PRNGKeyArray

from latentda.assimilation.ensemble.model_error import covariance_root
from latentda.assimilation.ensemble.roots import full_precision
from latentda.assimilation.ensemble.transform import degrees, mean_free_basis, perturbations, rotation


def add_model_error(
    members: Float[Array, "member ..."], root: Float[Array, "column ..."], key: PRNGKeyArray | None = None
) -> Float[Array, "member ..."]:
    """Forecast members with the covariance of the model error added to theirs, as far as N - 1 directions hold it.

    Args:
        members: M(E).
        root: the columns of Q^(1/2), each a state; Q is the sum of their outer products.
        key: turns U; without it U is that of :func:`~latentda.assimilation.ensemble.transform.mean_free_basis`.
    """
    count = len(members)
    mean, D = _root(members)
    with full_precision():
        columns = jnp.concatenate([D, root.reshape(len(root), -1)])
        wide = len(columns) <= columns.shape[1]
        kept = _orthogonal(columns) if wide else covariance_root(columns.T @ columns)
    return _from_root(mean, kept[: count - 1], key, count)


def add_isotropic_model_error(
    members: Float[Array, "member ..."], variance: ArrayLike, key: PRNGKeyArray | None = None
) -> Float[Array, "member ..."]:
    """The same for Q = q I, at the price of the eigenvectors of D^T D alone.

    D D^T + q I has the eigenvectors of D D^T, and L = s^2 + q with the singular values s of D. Directions in which the
    members do not differ are alike, and get nothing.

    Args:
        members: M(E).
        variance: q.
        key: turns U.
    """
    count = len(members)
    mean, D = _root(members)
    with full_precision():
        kept = _orthogonal(D)
        squares = jnp.sum(kept**2, axis=1, keepdims=True)
        differ = squares > jnp.finfo(D.dtype).eps * jnp.max(squares, initial=0.0)
        factor = jnp.sqrt(1.0 + variance / jnp.where(differ, squares, jnp.inf))
    return _from_root(mean, factor * kept, key, count)


def _root(members: Float[Array, "member ..."]) -> tuple[Float[Array, "..."], Float[Array, "direction number"]]:
    """The mean, and the columns of D."""
    count = len(members)
    mean, rest = perturbations(members)
    with full_precision():
        D = jnp.asarray(mean_free_basis(count), members.dtype).T @ rest.reshape(count, -1) / degrees(count) ** 0.5
    return mean, D


def _orthogonal(columns: Float[Array, "column number"]) -> Float[Array, "column number"]:
    """Columns of the same covariance that are orthogonal, the largest first."""
    # XLA would fuse the products into their neighbours and compute them anew for every number: 20 times as slow.
    columns = jax.lax.optimization_barrier(columns)
    vectors = jnp.linalg.eigh(columns @ columns.T)[1]
    return jax.lax.optimization_barrier((vectors.T @ columns)[::-1])


def _from_root(
    mean: Float[Array, "..."], D: Float[Array, "direction number"], key: PRNGKeyArray | None, count: int
) -> Float[Array, "member ..."]:
    """The members of a mean and a root."""
    U = jnp.asarray(mean_free_basis(count), D.dtype)
    with full_precision():
        turned = U if key is None else rotation(key, count).astype(U.dtype) @ U
        return mean + (degrees(count) ** 0.5 * turned[:, : len(D)] @ D).reshape(count, *mean.shape)
