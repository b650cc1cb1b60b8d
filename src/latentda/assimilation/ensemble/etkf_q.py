"""ETKF-Q: an ensemble transform Kalman filter whose forecasts have a model error of covariance Q.

    S = [ 1/N, U / (N - 1)^(1/2) ],    S^(-1) = [ 1, (N - 1)^(1/2) U ]^T,    [ x, D ] = E S,    D D^T = P

    forecast    E <- M(E),  [ x, D ] = E S,  D D^T + Q = V L V^T,  D <- V L^(1/2),  E = [ x, D ] S^(-1)
    analysis    Z = R^(-1/2) H D,  A = I + Z^T Z,  w = A^(-1) Z^T R^(-1/2) (y - H x)
                x_a = x + D w,  D_a = D A^(-1/2),  E_a = [ x_a, D_a ] S^(-1)

The columns of U ``(N, N - 1)`` are orthonormal and sum to zero; x is the mean of the members E, D a root of their
covariance P. The leading N - 1 of V L^(1/2) are kept: they come from the thin singular values of [ D, Q^(1/2) ], and no
matrix of the size of the state squared is formed. Since D_a S^(-1) is the symmetric transform of the members, whatever
U is, the analysis is :class:`~latentda.assimilation.ensemble.etkf.ETKF`. With a linear model and more members than the
state has numbers it is the Kalman filter. An honest Q leaves little for inflation to do. U is a new one each forecast,
since the leading error would otherwise go to the same members always.

Sources: Fillion et al. (2020), doi 10.1137/19M1244147 (IEnKS-Q, of which this is the filter); Peyron et al. (2021),
arXiv:2104.00430.
"""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

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
    U = jnp.asarray(mean_free_basis(count), members.dtype)
    mean, rest = perturbations(members)
    with full_precision():
        D = jnp.tensordot(U, rest, axes=(0, 0)) / degrees(count) ** 0.5
        columns = jnp.concatenate([D, root]).reshape(count - 1 + len(root), -1)
        _, sizes, directions = jnp.linalg.svd(columns, full_matrices=False)
        kept = (sizes[:, None] * directions)[: count - 1]
        turned = U if key is None else rotation(key, count).astype(U.dtype) @ U
        new = degrees(count) ** 0.5 * turned[:, : len(kept)] @ kept
    return mean + new.reshape(members.shape)
