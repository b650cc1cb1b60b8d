"""The window: at which times the observations of one analysis stand, and the forecast that links them."""

from __future__ import annotations

from typing import Any, Protocol

import equinox as eqx
from jaxtyping import Array, Float

from latentda.forecast import ForecastModel


class Window(Protocol):
    """M_k for every slot k."""

    @property
    def lead_hours(self) -> tuple[int, ...]:
        """Times of the slots after the window's start."""

    def trajectory(
        self, state: Float[Array, "channel lat lon"], start_hours: Any
    ) -> Float[Array, "slot channel lat lon"]:
        """M_k(x) in physical units, from the state at the window's start."""


class Instant(eqx.Module):
    """Three-dimensional analysis: one slot, M = identity."""

    lead_hours: tuple[int, ...] = eqx.field(static=True, default=(0,))

    def trajectory(self, state: Array, start_hours: Any) -> Array:
        """The state itself."""
        del start_hours
        return state[None]


class StrongConstraint(eqx.Module):
    """Four-dimensional analysis with a perfect model: slot k is the forecast at ``lead_hours[k]``."""

    model: ForecastModel = eqx.field(static=True)
    lead_hours: tuple[int, ...] = eqx.field(static=True)

    def trajectory(self, state: Array, start_hours: Any) -> Array:
        """The forecasts at the slots."""
        return self.model.propagate(state, start_hours, self.lead_hours)
