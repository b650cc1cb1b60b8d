"""A learned surrogate as a forecast model: a network's step of anomalies, wrapped in the climatology of each time.

    x(t + k step) = c(t + k step) + s F^k( (x(t) - c(t)) / s )

F maps the standardised anomaly of one time to that of the next; c is the climatology and s the scale. Seasons are in c
at both ends, so that F need not know the date, and where F does nothing the forecast is persistence of anomalies.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from latentda.fields import Standardizer
from latentda.grid import Hours, Layout, lead_steps


class Step(Protocol):
    """F, with the time that it spans; a pytree."""

    @property
    def step_hours(self) -> int:
        """The time that one step spans (h)."""

    def __call__(self, anomaly: Float[Array, "channel lat lon"]) -> Float[Array, "channel lat lon"]:
        """F(a)."""


@dataclass(frozen=True, eq=False)
class SurrogateModel:
    """The surrogate as a :class:`~latentda.forecast.model.ForecastModel`.

    Attributes:
        network: F.
        standardizer: c, s and the layout; the one that F was trained with.
    """

    network: Step
    standardizer: Standardizer

    @property
    def layout(self) -> Layout:
        """What the channels of a state are."""
        return self.standardizer.layout

    @property
    def step_hours(self) -> int:
        """That of the network (h)."""
        return self.network.step_hours

    def propagate(
        self,
        state: Float[ArrayLike, "channel lat lon"],
        start_hours: Hours,
        lead_hours: tuple[int, ...],
    ) -> Float[Array, "lead channel lat lon"]:
        """Roll the network out."""
        return self.propagate_members(jnp.asarray(state)[None], start_hours, lead_hours)[0]

    def propagate_members(
        self,
        states: Float[ArrayLike, "member channel lat lon"],
        start_hours: Hours,
        lead_hours: tuple[int, ...],
    ) -> Float[Array, "member lead channel lat lon"]:
        """The same for every member."""
        steps = lead_steps(lead_hours, self.step_hours)
        hours = jnp.asarray(start_hours, jnp.int32)
        return _roll_out(self.network, self.standardizer, jnp.asarray(states), hours, steps)


@eqx.filter_jit
def _roll_out(
    network: Step, standardizer: Standardizer, states: Array, start_hours: Array, steps: tuple[int, ...]
) -> Float[Array, "member lead channel lat lon"]:
    start = standardizer.to_anomaly(states, start_hours)

    def advance(anomalies: Array, _: None) -> tuple[Array, Array]:
        later = jax.vmap(network)(anomalies)
        return later, later

    _, made = jax.lax.scan(advance, start, None, length=steps[-1])
    wanted = jnp.concatenate([start[None], made])[jnp.asarray(steps)]
    hours = start_hours + network.step_hours * jnp.asarray(steps, jnp.int32)
    return jnp.swapaxes(jax.vmap(standardizer.to_physical)(wanted, hours), 0, 1)
