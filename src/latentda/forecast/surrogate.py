"""A learned surrogate as a forecast model: a network's step of anomalies, wrapped in the climatology of each time.

    x(t + k step) = c(t + k step) + s F^k( (x(t) - c(t)) / s )

F maps the standardised anomaly of one time to that of the next, with or without a code between
(:mod:`~latentda.forecast.rollout`); c is the climatology and s the scale. Seasons are in c
at both ends, so that F need not know the date, and where F does nothing the forecast is persistence of anomalies.
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from latentda.fields import Standardizer
from latentda.forecast.rollout import Code, Step, roll_out
from latentda.grid import Hours, Layout, lead_steps


class SurrogateModel(eqx.Module):
    """The surrogate as a :class:`~latentda.forecast.model.ForecastModel`; its weights are leaves.

    Attributes:
        network: f.
        standardizer: c, s and the layout; the one that F was trained with.
        code: on whose latent fields F acts; without it F acts on states.
    """

    network: Step
    standardizer: Standardizer
    code: Code | None = None

    differentiable: ClassVar[bool] = True

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
        return _forecasts(self.network, self.code, self.standardizer, jnp.asarray(states), hours, steps)


@eqx.filter_jit
def _forecasts(
    network: Step,
    code: Code | None,
    standardizer: Standardizer,
    states: Array,
    start_hours: Array,
    steps: tuple[int, ...],
) -> Float[Array, "member lead channel lat lon"]:
    start = standardizer.to_anomaly(states, start_hours)
    wanted = roll_out(network, start, steps, code)
    hours = start_hours + network.step_hours * jnp.asarray(steps, jnp.int32)
    return jax.vmap(jax.vmap(standardizer.to_physical), in_axes=(0, None))(wanted, hours)
