"""The symmetric inverse root of a matrix that is at least the identity, by products of matrices alone.

    Y_0 = A / c,    Z_0 = I,    P = a/2 (3 I - a^2 Z Y),    Y <- Y P,    Z <- P Z,    Z -> (A / c)^(-1/2)

The coupled Newton-Schulz iteration. c = 1 + |A - I|_F bounds the eigenvalues of A, which begin at 1. So those of
(Z Y)^(1/2) lie between l = c^(-1/2) and 1, and of all a the one that lifts l most while keeping 1 is known,

    a^2 = 3 / (1 + l + l^2),    l <- a/2 l (3 - a^2 l^2):

l grows 2.6 times a step until it is near 1, then 1 - l is squared: 6 steps for c = 10, 12 for c = 10^6. Products of
many small matrices are what processors and accelerators do best.

Sources: Higham (2008), Functions of Matrices, doi 10.1137/1.9780898717778, section 6.7, for the coupled iteration; Chen
& Chow (2014), A stable scaling of Newton-Schulz for improving the sign function computation of a Hermitian matrix,
ANL/MCS-P5059-0114, for a.
"""

from __future__ import annotations

from contextlib import AbstractContextManager

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float


def full_precision() -> AbstractContextManager[None]:
    """Products of matrices within keep their precision on accelerators, which else round their factors to 10 bits."""
    return jax.default_matmul_precision("highest")


def identity_plus(gram: Float[Array, "n n"]) -> Float[Array, "n n"]:
    """I + G of a positive semi-definite G, raised a little where G is so large that rounding would hide the I.

    e = machine precision times |G|_F is the error of the smallest eigenvalue; e min(e, 1) is added to the diagonal.
    """
    error = jnp.finfo(gram.dtype).eps * jnp.linalg.norm(gram)
    return gram + (1.0 + error * jnp.minimum(error, 1.0)) * jnp.eye(len(gram), dtype=gram.dtype)


def inverse_root(matrix: Float[Array, "n n"]) -> Float[Array, "n n"]:
    """A^(-1/2) of a symmetric A whose eigenvalues are 1 or more, as :func:`identity_plus` makes it; A = I gives I.

    Its error is that of the smallest eigenvalue, about machine precision times c. What is not finite gives NaN.
    """
    identity = jnp.eye(len(matrix), dtype=matrix.dtype)
    bound = 1.0 + jnp.linalg.norm(matrix - identity)

    def factor(Y: Array, Z: Array, least: Array) -> tuple[Array, Array]:
        a = jnp.sqrt(3.0 / (1.0 + least + least**2))
        return 0.5 * a * (3.0 * identity - a**2 * (Z @ Y)), 0.5 * a * least * (3.0 - (a * least) ** 2)

    def step(now: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        Y, Z, least = now
        P, least = factor(Y, Z, least)
        return Y @ P, P @ Z, least

    def rough(now: tuple[Array, Array, Array]) -> Array:
        return (now[2] > 0.0) & (now[2] < 1.0 - jnp.finfo(matrix.dtype).eps ** 0.5)

    # The last step squares an error of the root of machine precision, and needs no Y.
    with full_precision():
        start = matrix / bound, identity, 1.0 / jnp.sqrt(bound)
        Y, Z, least = jax.lax.while_loop(rough, step, start)
        root = factor(Y, Z, least)[0] @ Z / jnp.sqrt(bound)
    return 0.5 * (root + root.T)
