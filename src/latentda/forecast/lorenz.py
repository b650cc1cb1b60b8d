"""What the Lorenz systems share: an autonomous dx/dt = f(x), stepped by the classical Runge-Kutta method.

    k_1 = f(x),  k_2 = f(x + h/2 k_1),  k_3 = f(x + h/2 k_2),  k_4 = f(x + h k_3),
    x(t + h) = x + h/6 (k_1 + 2 k_2 + 2 k_3 + k_4) + O(h^5)

h is the time step in model time units. A state has shape ``(1, 1, points)``: one channel on one latitude circle.

Source: Kutta (1901), Zeitschrift fuer Mathematik und Physik 46, 435-453.
"""

from __future__ import annotations

import abc
from collections.abc import Callable
from functools import partial
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from latentda.grid import Hours, lead_steps


class LorenzSystem(eqx.Module):
    """A :class:`~latentda.forecast.model.ForecastModel` but for ``tendency`` and ``layout``; its settings are static.

    Attributes:
        time_step: h, model time units.
        step_hours: what one step is called in hours.
    """

    time_step: ClassVar[float]
    step_hours: ClassVar[int]
    differentiable: ClassVar[bool] = True

    @abc.abstractmethod
    def tendency(self, x: Float[Array, "*batch point"]) -> Float[Array, "*batch point"]:
        """f(x), per unit of model time, along the last axis."""

    def propagate(
        self,
        state: Float[ArrayLike, "channel lat lon"],
        start_hours: Hours,
        lead_hours: tuple[int, ...],
    ) -> Float[Array, "lead channel lat lon"]:
        """Integrate one state; the system is autonomous, so the start does not matter."""
        del start_hours
        return self._propagate(jnp.asarray(state), lead_steps(lead_hours, self.step_hours))

    def propagate_members(
        self,
        states: Float[ArrayLike, "member channel lat lon"],
        start_hours: Hours,
        lead_hours: tuple[int, ...],
    ) -> Float[Array, "member lead channel lat lon"]:
        """Integrate members side by side."""
        one = partial(self.propagate, start_hours=start_hours, lead_hours=lead_hours)
        return jax.vmap(one)(jnp.asarray(states))

    @eqx.filter_jit
    def _propagate(self, state: Array, steps: tuple[int, ...]) -> Array:
        def advance(x: Array, _: None) -> tuple[Array, Array]:
            x = runge_kutta_step(self.tendency, x, self.time_step)
            return x, x

        _, later = jax.lax.scan(advance, state, length=steps[-1])
        return jnp.concatenate([state[None], later])[jnp.asarray(steps)]


def runge_kutta_step(
    tendency: Callable[[Array], Array], x: Float[Array, "*batch point"], time_step: float
) -> Float[Array, "*batch point"]:
    """One step of the classical fourth-order method.

    Args:
        tendency: f.
        x: the state now.
        time_step: h, model time units.
    """
    k1 = tendency(x)
    k2 = tendency(x + 0.5 * time_step * k1)
    k3 = tendency(x + 0.5 * time_step * k2)
    k4 = tendency(x + time_step * k3)
    return x + time_step / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
