"""Incremental Gauss-Newton: linearise, solve the linear problem by conjugate gradients, and again.

With the residual r(v) = (v, R^(-1/2) (H(M(x(v))) - y)), J = 1/2 |r|^2, and A the tangent of r at v,

    d* = argmin 1/2 | r(v) + A d |^2,     (A^T A) d* = - A^T r(v),     v <- v + s d* ,

an outer loop. A^T A = I + (a term of at most as many ranks as data) is the Hessian, which conjugate gradients only
multiply: one tangent and one adjoint pass an iteration, no line search. s = 1 but for steps that raise J, which are
halved. A linear problem is solved by one outer loop. What the iterations learn of the Hessian preconditions the next
outer loop, and where it is handed on the next analysis (:mod:`~latentda.assimilation.variational.preconditioner`).

Source: Courtier, Thepaut & Hollingsworth (1994), doi 10.1002/qj.49712051912; conjugate gradients: Hestenes & Stiefel
(1952), doi 10.6028/jres.049.044.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, Int

from latentda.assimilation.analysis import Result
from latentda.assimilation.variational.hessian import linearise
from latentda.assimilation.variational.minimise import Minimum
from latentda.assimilation.variational.preconditioner import Preconditioner
from latentda.operators import Control

HALVINGS = 8
"""Of a step that raises the cost, at most."""


class LeastSquares(Protocol):
    """A cost that is half the square of a residual."""

    def __call__(self, control: Control) -> Float[Array, ""]:
        """J(v) = 1/2 |r(v)|^2."""

    def residual(self, control: Control) -> Any:
        """r(v), a pytree."""


class _History(NamedTuple):
    """Cost, norms of gradient and control, evaluations after each iteration; beyond ``done`` all repeat the last."""

    cost: Float[Array, " iterations"]
    norm: Float[Array, " iterations"]
    length: Float[Array, " iterations"]
    evaluations: Int[Array, " iterations"]
    done: Int[Array, ""]

    def now(self, cost: Array, norm: Array, length: Array, more: Array | int) -> _History:
        """Overwrite the last entry."""
        last = jnp.arange(self.cost.size) >= self.done

        def told(new: Array, old: Array) -> Array:
            return jnp.where(last, new, old)

        spent = self.evaluations + told(jnp.int32(more), jnp.int32(0))
        return _History(told(cost, self.cost), told(norm, self.norm), told(length, self.length), spent, self.done)

    def later(self, cost: Array, norm: Array, length: Array) -> _History:
        """Add an entry."""
        return self._replace(done=self.done + 1).now(cost, norm, length, 1)


@dataclass(frozen=True)
class GaussNewton:
    """Outer loops of conjugate gradients.

    Attributes:
        iterations: products with the Hessian, at most so many over all outer loops.
        outer_loops: linearisations.
        tolerance: stop when |grad J| has fallen to this share of its first value.
        memory: pairs of the preconditioner, kept where a later outer loop or a later analysis reads them.
    """

    iterations: int = 40
    outer_loops: int = 1
    tolerance: float = 1e-2
    memory: int = 40

    def minimise(
        self,
        cost: LeastSquares,
        start: Control,
        preconditioner: Preconditioner | None = None,
        *,
        hand_on: bool = False,
    ) -> Minimum:
        """Minimise ``cost`` from ``start``; to be called inside compiled code.

        An iteration's cost is that of the linear problem; where an outer loop ends, J itself.
        """
        flat, unflatten = ravel_pytree(start)
        zero = jnp.zeros(self.iterations + 1, flat.dtype)
        nothing = _History(zero, zero, zero, jnp.zeros(zero.size, jnp.int32), jnp.int32(0))
        learns = hand_on or self.outer_loops > 1
        known = preconditioner
        if known is None:
            known = Preconditioner.identity(self.memory if learns else 0, flat.size, flat.dtype)
        flat_cost = _Flat(cost, unflatten)

        def outer(carry: tuple, loop: Array) -> tuple[tuple, None]:
            control, history, known = carry
            share = (self.iterations - history.done) // (self.outer_loops - loop)
            return self._outer_loop(flat_cost, control, history, known, history.done + share, learns), None

        (flat, history, known), _ = jax.lax.scan(outer, (flat, nothing, known), jnp.arange(self.outer_loops))
        finite = jnp.all(jnp.isfinite(history.cost)) & jnp.all(jnp.isfinite(history.norm))
        gentle = history.norm[-1] <= self.tolerance * history.norm[0]
        stopped = jnp.where(gentle, Result.CONVERGED, Result.ITERATIONS_SPENT)
        result = jnp.where(finite, stopped, Result.NOT_FINITE).astype(jnp.int32)
        told = (history.cost, history.norm, history.length, history.evaluations, history.done)
        return Minimum(unflatten(flat), *told, result, known if hand_on else None)

    def _outer_loop(
        self, cost: _Flat, control: Array, history: _History, known: Preconditioner, until: Array, learns: bool
    ) -> tuple[Array, _History, Preconditioner]:
        linear = linearise(cost.residual, control)
        down = -linear.gradient
        history = history.now(linear.value, jnp.linalg.norm(down), jnp.linalg.norm(control), 1)

        def unfinished(carry: Any) -> Array:
            _, rest, _, _, history, _ = carry
            steep = jnp.linalg.norm(rest) > self.tolerance * history.norm[0]
            return (history.done < until) & steep & jnp.isfinite(history.cost[-1])

        def step(carry: Any) -> Any:
            increment, rest, direction, square, history, learnt = carry
            product = linear.hessian(direction)
            length = square / (direction @ product)
            increment, rest = increment + length * direction, rest - length * product
            lower = history.cost[-1] - 0.5 * length * square
            history = history.later(lower, jnp.linalg.norm(rest), jnp.linalg.norm(control + increment))
            eased = known(rest)
            new = rest @ eased
            learnt = learnt.learnt(direction, product) if learns else learnt
            return increment, rest, eased + new / square * direction, new, history, learnt

        eased = known(down)
        first = (jnp.zeros_like(control), down, eased, down @ eased, history, known)
        increment, rest, _, _, history, known = jax.lax.while_loop(unfinished, step, first)
        control, lowest, tries = _downhill(cost, control, increment, linear.value)
        return control, history.now(lowest, jnp.linalg.norm(rest), jnp.linalg.norm(control), tries), known


class _Flat(NamedTuple):
    """A cost of a flat control vector."""

    cost: LeastSquares
    unflatten: Callable[[Array], Control]

    def __call__(self, control: Array) -> Array:
        """J."""
        return self.cost(self.unflatten(control))

    def residual(self, control: Array) -> Any:
        """The residual."""
        return self.cost.residual(self.unflatten(control))


def _downhill(cost: _Flat, control: Array, increment: Array, value: Array) -> tuple[Array, Array, Array]:
    """The end of a step that does not raise J: the whole one, or a part of it, or none."""

    def moved(share: Array) -> Array:
        return control + share * increment

    def uphill(carry: tuple[Array, Array, Array]) -> Array:
        _, found, tries = carry
        return ~(found <= value) & (tries <= HALVINGS)

    def halve(carry: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        share, _, tries = carry
        return 0.5 * share, cost(moved(0.5 * share)), tries + 1

    whole = jnp.ones_like(value)
    start = (whole, cost(moved(whole)), jnp.int32(1))
    share, found, tries = jax.lax.while_loop(uphill, halve, start)
    good = found <= value
    broken = ~jnp.isfinite(found)
    end = jnp.where(good, moved(share), control)
    return end, jnp.where(good | broken, found, value), tries
