"""The Lorenz-63 system: three modes of convection between two plates, the smallest chaos of a fluid.

    dx/dt = sigma (y - x)
    dy/dt = x (rho - z) - y
    dz/dt = x y - beta z

x is the strength of the overturning, y the temperature difference between its rising and sinking arms, z the
departure of the vertical temperature profile from a straight line, all without units. sigma is the Prandtl number,
rho the Rayleigh number over its critical value, beta the shape of the rolls. Known about it:

* (x, y, z) -> (-x, -y, z) turns solutions into solutions;
* at rest are the origin and, for rho > 1, (+-c, +-c, rho - 1) with c = sqrt(beta (rho - 1));
* volumes in state space shrink at the rate div f = -(sigma + 1 + beta) everywhere.

Source: Lorenz (1963), doi 10.1175/1520-0469(1963)020<0130:DNF>2.0.CO;2.
"""

from __future__ import annotations

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from latentda.forecast.lorenz import LorenzSystem
from latentda.grid import Layout, NoLevels, build_layout, line_grid


class Lorenz63(LorenzSystem):
    """The Lorenz-63 system; a step is 0.01 time units, by the name of 1 h: the system has no day of its own.

    A state has shape ``(1, 1, 3)``, its last axis is (x, y, z).

    Attributes:
        sigma: Prandtl number.
        rho: Rayleigh number over its critical value.
        beta: shape of the rolls.
    """

    sigma: float = eqx.field(static=True, default=10.0)
    rho: float = eqx.field(static=True, default=28.0)
    beta: float = eqx.field(static=True, default=8.0 / 3.0)

    time_step = 0.01
    step_hours = 1

    @property
    def layout(self) -> Layout:
        """One channel whose three points are x, y, z; that they lie on a line means nothing."""
        return build_layout(line_grid(3), NoLevels(), {}, ("x",))

    def tendency(self, x: Float[Array, "*batch 3"]) -> Float[Array, "*batch 3"]:
        """d(x, y, z)/dt, per unit of model time, along the last axis."""
        x, y, z = x[..., 0], x[..., 1], x[..., 2]
        return jnp.stack([self.sigma * (y - x), x * (self.rho - z) - y, x * y - self.beta * z], axis=-1)
