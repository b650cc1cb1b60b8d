"""The Hessian of the linearised cost, as products and as its leading eigenpairs.

    J'' = I + T^T T,     T = R^(-1/2) H M dx/dv     at one v

so that all eigenvalues are at least 1, and as many exceed it as there are independent data. Lanczos' recurrence

    Q^T J'' Q = tridiagonal,     Q = (q_1, ... q_k),     q_1 at random,

with every new q made orthogonal to all earlier ones, gives the largest of them from k products.

Source: Lanczos (1950), doi 10.6028/jres.045.026; in assimilation Fisher & Courtier (1995), ECMWF Tech. Memo. 220.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, PRNGKeyArray

TINY = 8.0
"""A recurrence so many roundings of the largest eigenvalue has ended."""


class Linearisation(NamedTuple):
    """A least-squares cost J = 1/2 |r|^2 around one point.

    Attributes:
        value: J.
        gradient: A^T r, A the tangent of r.
        tangent: d -> A d.
        adjoint: s -> A^T s.
    """

    value: Float[Array, ""]
    gradient: Float[Array, " control"]
    tangent: Callable[[Array], Any]
    adjoint: Callable[[Any], Array]

    def hessian(self, direction: Float[Array, " control"]) -> Float[Array, " control"]:
        """A^T A d."""
        return self.adjoint(self.tangent(direction))


def linearise(residual: Callable[[Array], Any], control: Float[Array, " control"]) -> Linearisation:
    """The linear problem of a residual at a flat control vector."""
    at, tangent = jax.linearize(residual, control)
    transpose = jax.linear_transpose(tangent, control)
    value = 0.5 * optax.tree.norm(at, squared=True)
    return Linearisation(value, transpose(at)[0], tangent, lambda misfit: transpose(misfit)[0])


class Eigenpairs(NamedTuple):
    """Leading eigenpairs of a Hessian, largest first.

    Attributes:
        value: theta, at least 1.
        vector: u, of length 1; a row a pair.
        error: | J'' u - theta u |.
    """

    value: Float[Array, " pair"]
    vector: Float[Array, "pair control"]
    error: Float[Array, " pair"]


def eigenpairs(
    product: Callable[[Array], Array], size: int, steps: int, key: PRNGKeyArray, dtype: Any = jnp.float32
) -> Eigenpairs:
    """Eigenpairs by Lanczos' recurrence; to be called inside compiled code.

    Args:
        product: d -> J'' d.
        size: of a control vector.
        steps: products, and pairs returned: the first converge, the last are crude but still honest: no direction
            is given a larger eigenvalue than the Hessian has there.
        key: of the first vector.
        dtype: of the control vector.
    """
    steps = min(steps, size)
    first = jax.random.normal(key, (size,), dtype)
    basis = jnp.zeros((steps + 1, size), dtype).at[0].set(first / jnp.linalg.norm(first))

    def step(carry: tuple[Array, Array], k: Array) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
        basis, largest = carry
        new = product(basis[k])
        diagonal = basis[k] @ new
        for _ in range(2):  # once is not enough in single precision
            new = new - basis.T @ (basis @ new)
        norm = jnp.linalg.norm(new)
        largest = jnp.maximum(largest, jnp.abs(diagonal))
        alive = norm > TINY * jnp.finfo(dtype).eps * largest
        following = jnp.where(alive, new / jnp.where(alive, norm, 1.0), 0.0)
        return (basis.at[k + 1].set(following), largest), (diagonal, jnp.where(alive, norm, 0.0))

    (basis, _), (diagonal, beside) = jax.lax.scan(step, (basis, jnp.zeros((), dtype)), jnp.arange(steps))
    small = jnp.diag(diagonal) + jnp.diag(beside[:-1], 1) + jnp.diag(beside[:-1], -1)
    value, rotation = jnp.linalg.eigh(small)
    value, rotation = value[::-1], rotation[:, ::-1]
    # After the end of the recurrence rows of the basis are zero: those pairs say nothing, which is theta = 1.
    vector = rotation.T @ basis[:-1]
    length = jnp.linalg.norm(vector, axis=1)
    real = length > 0.5
    vector = jnp.where(real[:, None], vector / jnp.where(real, length, 1.0)[:, None], 0.0)
    error = jnp.abs(beside[-1] * rotation[-1])
    return Eigenpairs(jnp.where(real, jnp.maximum(value, 1.0), 1.0), vector, jnp.where(real, error, 0.0))
