"""A limited-memory preconditioner: what conjugate gradients have learnt of a Hessian, for the next one.

Each iteration leaves a direction s and its product y = H s. The quasi-Newton update with such a pair,

    P <- (I - s y^T / s^T y) P (I - y s^T / s^T y) + s s^T / s^T y,

keeps P positive definite and makes it the inverse of H on the directions seen, P y = s; they are conjugate, so that no
pair undoes what another has said. On the rest P is the identity, as H is nearly in white control space. H of the next
outer loop, or of the next cycle, is another one, but close.

Source: Morales & Nocedal (2000), doi 10.1137/S1052623497327854; in assimilation Tshimanga et al. (2008),
doi 10.1002/qj.228.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float


class Preconditioner(NamedTuple):
    """P as its pairs, scaled so that s^T y = 1, the last one learnt first; rows of zeros say nothing.

    Attributes:
        direction: s of each pair.
        product: y = H s.
    """

    direction: Float[Array, "pair control"]
    product: Float[Array, "pair control"]

    @classmethod
    def identity(cls, memory: int, size: int, dtype: jnp.dtype) -> Preconditioner:
        """P = I, with room for ``memory`` pairs of vectors of ``size``."""
        nothing = jnp.zeros((memory, size), dtype)
        return cls(nothing, nothing)

    def __call__(self, vector: Float[Array, " control"]) -> Float[Array, " control"]:
        """P r, by the two-loop recursion."""

        def down(rest: Array, pair: Preconditioner) -> tuple[Array, Array]:
            share = pair.direction @ rest
            return rest - share * pair.product, share

        def up(rest: Array, step: tuple[Preconditioner, Array]) -> tuple[Array, None]:
            pair, share = step
            return rest + (share - pair.product @ rest) * pair.direction, None

        rest, shares = jax.lax.scan(down, vector, self)
        return jax.lax.scan(up, rest, (self, shares), reverse=True)[0]

    def learnt(self, direction: Float[Array, " control"], product: Float[Array, " control"]) -> Preconditioner:
        """With one more pair, the oldest forgotten; a pair of no curvature is not taken."""
        curvature = direction @ product
        scale = jnp.where(curvature > 0.0, jax.lax.rsqrt(jnp.where(curvature > 0.0, curvature, 1.0)), 0.0)
        known = jnp.where(scale > 0.0, 1, 0)

        def pushed(rows: Array, new: Array) -> Array:
            return jnp.where(known, jnp.concatenate([scale * new[None], rows[:-1]]), rows)

        return Preconditioner(pushed(self.direction, direction), pushed(self.product, product))
