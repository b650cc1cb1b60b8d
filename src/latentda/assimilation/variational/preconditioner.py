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
from jaxtyping import Array, Float, Int


class Preconditioner(NamedTuple):
    """P as its pairs, scaled so that s^T y = 1, in a ring; rows of zeros say nothing.

    Attributes:
        direction: s of each pair.
        product: y = H s.
        newest: row of the pair learnt last; older ones follow, from the last row on to the first.
    """

    direction: Float[Array, "pair control"]
    product: Float[Array, "pair control"]
    newest: Int[Array, ""] | int = 0

    @classmethod
    def identity(cls, memory: int, size: int, dtype: jnp.dtype) -> Preconditioner:
        """P = I, with room for ``memory`` pairs of vectors of ``size``."""
        nothing = jnp.zeros((memory, size), dtype)
        return cls(nothing, nothing, jnp.int32(0))

    def __call__(self, vector: Float[Array, " control"]) -> Float[Array, " control"]:
        """P r, by the two-loop recursion."""
        rows = len(self.direction)
        if not rows:
            return vector
        order = (self.newest + jnp.arange(rows, dtype=jnp.int32)) % rows

        def down(rest: Array, row: Array) -> tuple[Array, Array]:
            share = self.direction[row] @ rest
            return rest - share * self.product[row], share

        def up(rest: Array, step: tuple[Array, Array]) -> tuple[Array, None]:
            row, share = step
            return rest + (share - self.product[row] @ rest) * self.direction[row], None

        rest, shares = jax.lax.scan(down, vector, order)
        return jax.lax.scan(up, rest, (order, shares), reverse=True)[0]

    def learnt(self, direction: Float[Array, " control"], product: Float[Array, " control"]) -> Preconditioner:
        """With one more pair in the place of the oldest; a pair of no curvature is not taken."""
        rows = len(self.direction)
        if not rows:
            return self
        curvature = direction @ product
        taken = curvature > 0.0
        scale = jax.lax.rsqrt(jnp.where(taken, curvature, 1.0))
        oldest = (self.newest - 1) % rows

        def overwritten(pairs: Array, new: Array) -> Array:
            # One row is written in place: the whole is not copied in every iteration.
            return pairs.at[oldest].set(jnp.where(taken, scale * new, pairs[oldest]))

        newest = jnp.where(taken, oldest, self.newest)
        return Preconditioner(overwritten(self.direction, direction), overwritten(self.product, product), newest)
