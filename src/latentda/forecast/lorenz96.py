"""The Lorenz-96 system: a periodic line of points with the error growth of the atmosphere.

    dx_i/dt = (x_{i+1} - x_{i-2}) x_{i-1} - x_i + F,    i cyclic

x_i is an atmospheric quantity at point i of a latitude circle, F the forcing. One time unit is the
damping time, 5 days, so that 0.05 units are 6 h. At F = 8 with 40 points errors double in about
2 days.

Sources: Lorenz (1996), Predictability: a problem partly solved, ECMWF seminar; Lorenz and Emanuel
(1998), doi 10.1175/1520-0469(1998)055<0399:OSFSWO>2.0.CO;2.
"""

from __future__ import annotations

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from latentda.forecast.lorenz import LorenzSystem
from latentda.grid import Layout, NoLevels, build_layout, line_grid
from latentda.user_error import UserError


class Lorenz96(LorenzSystem):
    """The Lorenz-96 system; a step is 0.05 time units, 6 h.

    Attributes:
        points: number of variables, at least 4.
        forcing: F; 8 is chaotic.
    """

    points: int = eqx.field(static=True, default=40)
    forcing: float = eqx.field(static=True, default=8.0)

    time_step = 0.05
    step_hours = 6

    def __check_init__(self) -> None:
        if self.points < 4:
            raise UserError(f"Lorenz-96 needs at least 4 points; got {self.points}.")

    @property
    def layout(self) -> Layout:
        """One channel, ``x``, on a periodic line."""
        return build_layout(line_grid(self.points), NoLevels(), {}, ("x",))

    def tendency(self, x: Float[Array, "*batch point"]) -> Float[Array, "*batch point"]:
        """dx/dt, per unit of model time, along the last axis."""
        advection = (jnp.roll(x, -1, axis=-1) - jnp.roll(x, 2, axis=-1)) * jnp.roll(x, 1, axis=-1)
        return advection - x + self.forcing
