"""Incremental Gauss-Newton: linearise, solve the linear problem by conjugate gradients, and again.

With the residual r(v) = (v, R^(-1/2) (H(M(x(v))) - y)), J = 1/2 |r|^2, and A the tangent of r at v,

    d* = argmin 1/2 | r(v) + A d |^2,     (A^T A) d* = - A^T r(v),     v <- v + s d* ,

an outer loop. A^T A = I + (a term of at most as many ranks as data) is the Hessian, which conjugate gradients only
multiply: one tangent and one adjoint pass an iteration, no line search. s = 1 but for steps that raise J, which are
halved. A linear problem is solved by one outer loop.

Source: Courtier, Thepaut & Hollingsworth (1994), doi 10.1002/qj.49712051912; conjugate gradients: Hestenes & Stiefel
(1952), doi 10.6028/jres.049.044.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int

from latentda.assimilation.minimise import Minimum, Result
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
    """Cost, gradient norm and evaluations after each iteration; beyond ``done`` all repeat the last."""

    cost: Float[Array, " iterations"]
    norm: Float[Array, " iterations"]
    evaluations: Int[Array, " iterations"]
    done: Int[Array, ""]

    def now(self, cost: Array, norm: Array, more: Array | int) -> _History:
        """Overwrite the last entry."""
        last = jnp.arange(self.cost.size) >= self.done
        spent = self.evaluations + jnp.where(last, more, 0).astype(jnp.int32)
        return _History(jnp.where(last, cost, self.cost), jnp.where(last, norm, self.norm), spent, self.done)

    def later(self, cost: Array, norm: Array) -> _History:
        """Add an entry."""
        return self._replace(done=self.done + 1).now(cost, norm, 1)


@dataclass(frozen=True)
class GaussNewton:
    """Outer loops of conjugate gradients.

    Attributes:
        iterations: products with the Hessian, at most so many over all outer loops.
        outer_loops: linearisations.
        tolerance: stop when |grad J| has fallen to this share of its first value.
    """

    iterations: int = 40
    outer_loops: int = 1
    tolerance: float = 1e-2

    def minimise(self, cost: LeastSquares, start: Control) -> Minimum:
        """Minimise ``cost`` from ``start``; to be called inside compiled code.

        An iteration's cost is that of the linear problem; where an outer loop ends, J itself.
        """
        zero = jnp.zeros(self.iterations + 1, jnp.result_type(*jax.tree.leaves(start)))
        nothing = _History(zero, zero, jnp.zeros(zero.size, jnp.int32), jnp.int32(0))

        def outer(carry: tuple[Control, _History], loop: Array) -> tuple[tuple[Control, _History], None]:
            share = (self.iterations - carry[1].done) // (self.outer_loops - loop)
            return self._outer_loop(cost, *carry, carry[1].done + share), None

        (control, history), _ = jax.lax.scan(outer, (start, nothing), jnp.arange(self.outer_loops))
        finite = jnp.all(jnp.isfinite(history.cost)) & jnp.all(jnp.isfinite(history.norm))
        gentle = history.norm[-1] <= self.tolerance * history.norm[0]
        stopped = jnp.where(gentle, Result.CONVERGED, Result.ITERATIONS_SPENT)
        result = jnp.where(finite, stopped, Result.NOT_FINITE).astype(jnp.int32)
        return Minimum(control, history.cost, history.norm, history.evaluations, history.done, result)

    def _outer_loop(
        self, cost: LeastSquares, control: Control, history: _History, until: Array
    ) -> tuple[Control, _History]:
        value, gradient, hessian = _gradient(cost, control)
        square = optax.tree.norm(gradient, squared=True)
        down = optax.tree.scale(-1.0, gradient)
        zero = optax.tree.zeros_like(control)
        history = history.now(value, jnp.sqrt(square), 1)

        def unfinished(carry: Any) -> Array:
            *_, square, history = carry
            steep = jnp.sqrt(square) > self.tolerance * history.norm[0]
            return (history.done < until) & steep & jnp.isfinite(history.cost[-1])

        def step(carry: Any) -> Any:
            increment, rest, direction, square, history = carry
            product = hessian(direction)
            length = square / optax.tree.vdot(direction, product)
            increment = optax.tree.add_scale(increment, length, direction)
            rest = optax.tree.add_scale(rest, -length, product)
            new = optax.tree.norm(rest, squared=True)
            history = history.later(history.cost[-1] - 0.5 * length * square, jnp.sqrt(new))
            return increment, rest, optax.tree.add_scale(rest, new / square, direction), new, history

        increment, *_, square, history = jax.lax.while_loop(unfinished, step, (zero, down, down, square, history))
        control, lowest, tries = _downhill(cost, control, increment, value)
        return control, history.now(lowest, jnp.sqrt(square), tries)


def _gradient(cost: LeastSquares, control: Control) -> tuple[Array, Control, Any]:
    """J, its gradient, and the product with the Hessian of the linear problem."""
    residual, tangent = jax.linearize(cost.residual, control)
    adjoint = jax.linear_transpose(tangent, control)
    value = 0.5 * optax.tree.norm(residual, squared=True)
    return value, adjoint(residual)[0], lambda direction: adjoint(tangent(direction))[0]


def _downhill(cost: LeastSquares, control: Control, increment: Control, value: Array) -> tuple[Control, Array, Array]:
    """The end of a step that does not raise J: the whole one, or a part of it, or none."""

    def moved(share: Array) -> Control:
        return optax.tree.add_scale(control, share, increment)

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
    end = jax.tree.map(lambda new, old: jnp.where(good, new, old), moved(share), control)
    return end, jnp.where(good | broken, found, value), tries
