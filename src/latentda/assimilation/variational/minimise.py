"""Minimisers of the cost in white control space, compiled whole, with a result code.

White control variables are the preconditioner: the Hessian of J is I plus a term whose rank is at most the
number of observations. L-BFGS with a strong-Wolfe line search (optax) serves linear and nonlinear maps alike.

Source: Liu & Nocedal (1989), doi 10.1007/BF01589116.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int

from latentda.assimilation.analysis import Result
from latentda.assimilation.variational.preconditioner import Preconditioner
from latentda.operators import Control


class Minimum(NamedTuple):
    """What a minimiser returns.

    Attributes:
        control: v of the lowest cost seen.
        cost: J at the start and after each iteration; the last value repeats once it has stopped.
        gradient_norm: |grad J| likewise.
        control_norm: |v| likewise, so that J - |v|^2 / 2 is the cost of the observations.
        evaluations: of J and its gradient so far, likewise.
        iterations: iterations done.
        result: a :class:`Result`.
        preconditioner: what was learnt of the Hessian, for the next analysis; None if nothing was to be handed on.
    """

    control: Control
    cost: Float[Array, " iterations"]
    gradient_norm: Float[Array, " iterations"]
    control_norm: Float[Array, " iterations"]
    evaluations: Int[Array, " iterations"]
    iterations: Int[Array, ""]
    result: Int[Array, ""]
    preconditioner: Preconditioner | None = None


class Minimiser(Protocol):
    """An iteration that lowers a cost."""

    def minimise(
        self, cost: Any, start: Control, preconditioner: Preconditioner | None = None, *, hand_on: bool = False
    ) -> Minimum:
        """Minimise ``cost`` from ``start``; to be called inside compiled code.

        Args:
            cost: J, a function of the control vector.
            start: first v.
            preconditioner: of an earlier minimum, for minimisers that can use one.
            hand_on: whether the minimum holds what was learnt of the Hessian, if the minimiser learns anything.
        """


@dataclass(frozen=True)
class Lbfgs:
    """Limited-memory BFGS.

    Attributes:
        iterations: at most so many.
        tolerance: stop when |grad J| has fallen to this share of its first value.
        memory: pairs kept.
    """

    iterations: int = 40
    tolerance: float = 1e-2
    memory: int = 12

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
        solver = optax.lbfgs(memory_size=self.memory)
        value_and_gradient = optax.value_and_grad_from_state(cost)
        value, gradient = jax.value_and_grad(cost)(start)
        norm = optax.tree.norm(gradient)
        history = jnp.full((self.iterations + 1,), value)
        norms = jnp.full((self.iterations + 1,), norm)
        lengths = jnp.full((self.iterations + 1,), optax.tree.norm(start))
        evaluations = jnp.ones((self.iterations + 1,), jnp.int32)
        state = solver.init(start)
        carry = (start, state, start, value, norm, jnp.int32(0), history, norms, lengths, evaluations)

        def unfinished(carry: Any) -> Array:
            *_, last_norm, k, history, _, _, _ = carry
            steep = last_norm > self.tolerance * norm
            return (k < self.iterations) & steep & jnp.isfinite(history[k])

        def step(carry: Any) -> Any:
            control, state, best, lowest, _, k, history, norms, lengths, evaluations = carry
            value, gradient = value_and_gradient(control, state=state)
            updates, state = solver.update(gradient, state, control, value=value, grad=gradient, value_fn=cost)
            control = optax.apply_updates(control, updates)
            value = optax.tree.get(state, "value")
            last_norm = optax.tree.norm(optax.tree.get(state, "grad"))
            better = value < lowest
            best = jax.tree.map(lambda new, old: jnp.where(better, new, old), control, best)
            history = jnp.where(jnp.arange(history.size) > k, value, history)
            norms = jnp.where(jnp.arange(norms.size) > k, last_norm, norms)
            lengths = jnp.where(jnp.arange(lengths.size) > k, optax.tree.norm(control), lengths)
            lowest = jnp.where(better, value, lowest)
            spent = optax.tree.get(state, "info").num_linesearch_steps
            evaluations += jnp.where(jnp.arange(evaluations.size) > k, spent, 0).astype(jnp.int32)
            return control, state, best, lowest, last_norm, k + 1, history, norms, lengths, evaluations

        *_, best, _, last, k, history, norms, lengths, evaluations = jax.lax.while_loop(unfinished, step, carry)
        stopped = jnp.where(last <= self.tolerance * norm, Result.CONVERGED, Result.ITERATIONS_SPENT)
        finite = jnp.all(jnp.isfinite(history)) & jnp.all(jnp.isfinite(norms))
        result = jnp.where(finite, stopped, Result.NOT_FINITE)
        return Minimum(best, history, norms, lengths, evaluations, k, result.astype(jnp.int32))
