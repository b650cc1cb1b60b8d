"""Persistence: the forecast that nothing changes, x(t + lead) = x(t).

The baseline that every forecast model has to beat.
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from latentda.grid import Hours, Layout, lead_steps


class Persistence(eqx.Module):
    """Persistence as a :class:`~latentda.forecast.model.ForecastModel`.

    Attributes:
        layout: what the channels of a state are.
        step_hours: lead times are multiples of this (h).
    """

    layout: Layout = eqx.field(static=True)
    step_hours: int = eqx.field(static=True, default=6)

    differentiable: ClassVar[bool] = True

    def propagate(
        self,
        state: Float[ArrayLike, "channel lat lon"],
        start_hours: Hours,
        lead_hours: tuple[int, ...],
    ) -> Float[Array, "lead channel lat lon"]:
        """Repeat the state at every lead time."""
        del start_hours
        leads = lead_steps(lead_hours, self.step_hours)
        return jnp.repeat(jnp.asarray(state)[None], len(leads), axis=0)

    def propagate_members(
        self,
        states: Float[ArrayLike, "member channel lat lon"],
        start_hours: Hours,
        lead_hours: tuple[int, ...],
    ) -> Float[Array, "member lead channel lat lon"]:
        """Repeat every member at every lead time."""
        del start_hours
        leads = lead_steps(lead_hours, self.step_hours)
        return jnp.repeat(jnp.asarray(states)[:, None], len(leads), axis=1)
