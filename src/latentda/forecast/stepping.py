"""A step and its repetition: what all models have in common that are known by one step.

    x(t + k step) = f^k( x(t) ),      with a standardizer     c(t + k step) + s f^k( (x(t) - c(t)) / s )

f makes of a field of one time that of a step later. Fields are states in physical units, or where a network has learned
so standardised anomalies about a climatology c with scales s: then f need not know the season, and where it does
nothing the forecast is persistence of anomalies.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Int

from latentda.fields import Standardizer
from latentda.grid import Hours, Layout, lead_steps
from latentda.user_error import UserError


class SteppingModel(eqx.Module):
    """The part of :class:`~latentda.forecast.model.ForecastModel` that models of one step have in common.

    Attributes:
        layout: what the channels of a state are.
        step_hours: the time that one step spans (h).
        standardizer: c and s; without it f acts on states.

    Raises:
        UserError: a step that is not positive, or a standardizer of another layout.
    """

    layout: Layout = eqx.field(static=True, kw_only=True)
    step_hours: int = eqx.field(static=True, kw_only=True)
    standardizer: Standardizer | None = eqx.field(kw_only=True, default=None)

    compiled: ClassVar[bool] = True
    """Whether f is JAX's own, so that a forecast is compiled whole and members stand side by side."""

    def __check_init__(self) -> None:
        if self.step_hours < 1:
            raise UserError(f"{type(self).__name__} needs a step of at least 1 h; got {self.step_hours}.")
        if self.standardizer is not None and self.standardizer.layout.shape != self.layout.shape:
            shapes = self.standardizer.layout.shape, self.layout.shape
            raise UserError(f"The standardizer is for states of shape {shapes[0]}, the model's are {shapes[1]}.")

    @abstractmethod
    def step(self, field: Float[Array, "channel lat lon"], hours: Hours) -> Float[Array, "channel lat lon"]:
        """f of a field whose valid time is ``hours`` since 1970."""

    def repeat(
        self, fields: Float[Array, "member channel lat lon"], hours: Int[Array, ""], steps: tuple[int, ...]
    ) -> Float[Array, "member lead channel lat lon"]:
        """f^k of every field, for the increasing k that are wanted; 0 is the field itself."""
        times = hours + self.step_hours * jnp.arange(steps[-1], dtype=jnp.int32)

        def advance(field: Array, time: Array) -> tuple[Array, Array]:
            later = self.step(field, time)
            return later, later

        def one(field: Array) -> Array:
            _, made = jax.lax.scan(advance, field, times)
            return jnp.concatenate([field[None], made])[np.asarray(steps)]

        return jax.vmap(one)(fields) if self.compiled else jax.lax.map(one, fields)

    def propagate(
        self,
        state: Float[ArrayLike, "channel lat lon"],
        start_hours: Hours,
        lead_hours: tuple[int, ...],
    ) -> Float[Array, "lead channel lat lon"]:
        """Repeat the step."""
        return self.propagate_members(jnp.asarray(state)[None], start_hours, lead_hours)[0]

    def propagate_members(
        self,
        states: Float[ArrayLike, "member channel lat lon"],
        start_hours: Hours,
        lead_hours: tuple[int, ...],
    ) -> Float[Array, "member lead channel lat lon"]:
        """The same for every member."""
        steps = lead_steps(lead_hours, self.step_hours)
        run = _compiled if self.compiled else _forecasts
        return run(self, jnp.asarray(states), jnp.asarray(start_hours, jnp.int32), steps)


def _forecasts(
    model: SteppingModel, states: Array, start_hours: Array, steps: tuple[int, ...]
) -> Float[Array, "member lead channel lat lon"]:
    standardizer = model.standardizer
    if standardizer is None:
        return model.repeat(states, start_hours, steps)
    made = model.repeat(standardizer.to_anomaly(states, start_hours), start_hours, steps)
    hours = [start_hours + model.step_hours * step for step in steps]
    return jnp.stack([standardizer.to_physical(made[:, k], time) for k, time in enumerate(hours)], axis=1)


_compiled = eqx.filter_jit(_forecasts)
