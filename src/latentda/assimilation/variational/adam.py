"""Adam in control space, with a fixed rate: the minimiser of the published latent variational method.

Source: Kingma & Ba (2015), arXiv 1412.6980; used with rate 0.1 by Fan et al. (2026), doi 10.1126/sciadv.aea4248.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array

from latentda.assimilation.analysis import Result
from latentda.assimilation.variational.minimise import Minimum
from latentda.assimilation.variational.preconditioner import Preconditioner
from latentda.operators import Control


@dataclass(frozen=True)
class Adam:
    """Adam, all iterations always done; the best iterate is returned.

    Attributes:
        iterations: steps; the gradient is evaluated once more than that.
        rate: of learning.
        tolerance: a last |grad J| of this share of the first counts as converged.
    """

    iterations: int = 100
    rate: float = 0.1
    tolerance: float = 1e-2

    def minimise(
        self,
        cost: Callable[[Control], Array],
        start: Control,
        preconditioner: Preconditioner | None = None,
        *,
        hand_on: bool = False,
    ) -> Minimum:
        """Minimise ``cost`` from ``start``; to be called inside compiled code."""
        del preconditioner, hand_on
        solver = optax.adam(self.rate)

        def step(carry: tuple, _: None) -> tuple[tuple, tuple[Array, Array, Array]]:
            control, state, best, lowest = carry
            value, gradient = jax.value_and_grad(cost)(control)
            better = value < lowest
            best = jax.tree.map(lambda new, old: jnp.where(better, new, old), control, best)
            updates, state = solver.update(gradient, state)
            moved = optax.apply_updates(control, updates)
            told = value, optax.tree.norm(gradient), optax.tree.norm(control)
            return (moved, state, best, jnp.minimum(value, lowest)), told

        first = (start, solver.init(start), start, jnp.inf)
        (_, _, best, _), (values, norms, lengths) = jax.lax.scan(step, first, length=self.iterations + 1)
        gentle = norms[-1] <= self.tolerance * norms[0]
        finite = jnp.all(jnp.isfinite(values)) & jnp.all(jnp.isfinite(norms))
        stopped = jnp.where(gentle, Result.CONVERGED, Result.ITERATIONS_SPENT)
        result = jnp.where(finite, stopped, Result.NOT_FINITE).astype(jnp.int32)
        evaluations = jnp.arange(1, self.iterations + 2, dtype=jnp.int32)
        return Minimum(best, values, norms, lengths, evaluations, jnp.int32(self.iterations), result)
