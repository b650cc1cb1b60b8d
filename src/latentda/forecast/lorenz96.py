"""The Lorenz-96 system: a periodic line of points with the error growth of the atmosphere.

dx_i/dt = (x_{i+1} - x_{i-2}) x_{i-1} - x_i + F,  i cyclic.

x_i is an atmospheric quantity at point i of a latitude circle, F the forcing. One time unit is the
damping time, 5 days, so that 0.05 units are 6 h. At F = 8 with 40 points errors double in about
2 days.

Sources: Lorenz (1996), Predictability: a problem partly solved, ECMWF seminar; Lorenz and Emanuel
(1998), doi 10.1175/1520-0469(1998)055<0399:OSFSWO>2.0.CO;2.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from latentda.grid import Hours, Layout, NoLevels, build_layout, lead_steps, line_grid

TIME_STEP = 0.05
"""Model time of one Runge-Kutta step, six hours."""


@dataclass(frozen=True)
class Lorenz96:
    """The Lorenz-96 system as a :class:`~latentda.forecast.model.ForecastModel`.

    A state has shape ``(1, 1, points)``: one channel on one latitude circle.

    Attributes:
        points: number of variables, at least 4.
        forcing: F; 8 is chaotic.
    """

    points: int = 40
    forcing: float = 8.0

    step_hours = 6

    def __post_init__(self) -> None:
        if self.points < 4:
            raise ValueError(f"Lorenz-96 needs at least 4 points; got {self.points}.")

    @cached_property
    def layout(self) -> Layout:
        """One channel, ``x``, on a periodic line."""
        return build_layout(line_grid(self.points), NoLevels(), {}, ("x",))

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

    @partial(jax.jit, static_argnames=("self", "steps"))
    def _propagate(self, state: Array, steps: tuple[int, ...]) -> Array:
        def advance(x: Array, _: None) -> tuple[Array, Array]:
            x = runge_kutta_step(x, self.forcing, TIME_STEP)
            return x, x

        _, later = jax.lax.scan(advance, state, length=steps[-1])
        return jnp.concatenate([state[None], later])[jnp.asarray(steps)]


def tendency(x: Float[Array, "*batch point"], forcing: float) -> Float[Array, "*batch point"]:
    """dx/dt per unit of model time, along the last axis."""
    advection = (jnp.roll(x, -1, axis=-1) - jnp.roll(x, 2, axis=-1)) * jnp.roll(x, 1, axis=-1)
    return advection - x + forcing


def runge_kutta_step(x: Float[Array, "*batch point"], forcing: float, time_step: float) -> Float[Array, "*batch point"]:
    """The classical fourth-order Runge-Kutta step, local error O(time_step^5)."""
    k1 = tendency(x, forcing)
    k2 = tendency(x + 0.5 * time_step * k1, forcing)
    k3 = tendency(x + 0.5 * time_step * k2, forcing)
    k4 = tendency(x + time_step * k3, forcing)
    return x + time_step / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
