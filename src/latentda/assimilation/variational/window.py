"""The window: at which times the observations of one analysis stand, and the forecast that links them."""

from __future__ import annotations

from typing import Any, Protocol

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from latentda.assimilation.variational.prior import Prior
from latentda.fields import Standardizer
from latentda.forecast import ForecastModel, require_derivative
from latentda.operators import Control
from latentda.user_error import UserError


class Window(Protocol):
    """M_k for every slot k."""

    @property
    def lead_hours(self) -> tuple[int, ...]:
        """Times of the slots after the window's start."""

    def zero_control(self) -> Control | None:
        """The window's own part of the control vector, at zero; None for a model taken to be perfect."""

    def trajectory(
        self, state: Float[Array, "*slot channel lat lon"], start_hours: Any, control: Control | None = None
    ) -> Float[Array, "slot channel lat lon"]:
        """M_k(x) in physical units, from the state at the window's start; without a control the model's own.

        Of the windows :class:`StateAtSlots` takes a state at every slot, the others one.
        """


class Instant(eqx.Module):
    """Three-dimensional analysis: one slot, M = identity."""

    lead_hours: tuple[int, ...] = eqx.field(static=True, default=(0,))

    def zero_control(self) -> None:
        """None."""

    def trajectory(self, state: Array, start_hours: Any, control: None = None) -> Array:
        """The state itself."""
        del start_hours, control
        return state[None]


class StateAtSlots(eqx.Module):
    """Four-dimensional analysis without a model: x(v) is a state at every slot, and M_k takes the k-th.

    The background is the forecast through the window; a prior of members' forecasts, whose covariance links the slots,
    stands for the model (4DEnVar). No derivative of a model is asked for.

    Source: Liu, Xiao & Wang (2008), doi 10.1175/2008MWR2312.1.
    """

    lead_hours: tuple[int, ...] = eqx.field(static=True)

    def zero_control(self) -> None:
        """None."""

    def trajectory(
        self, state: Float[Array, "*slot channel lat lon"], start_hours: Any, control: None = None
    ) -> Float[Array, "slot channel lat lon"]:
        """The states themselves.

        Raises:
            ValueError: one state for all slots.
        """
        del start_hours, control
        if state.ndim == 3:
            raise ValueError(f"The window wants a state at each of its {len(self.lead_hours)} slots; got one for all.")
        return state


class StrongConstraint(eqx.Module):
    """Four-dimensional analysis with a perfect model: slot k is the forecast at ``lead_hours[k]``.

    Raises:
        UserError: a model without a derivative.
    """

    model: ForecastModel
    lead_hours: tuple[int, ...] = eqx.field(static=True)

    def __check_init__(self) -> None:
        require_derivative(self.model)

    def zero_control(self) -> None:
        """None."""

    def trajectory(self, state: Array, start_hours: Any, control: None = None) -> Array:
        """The forecasts at the slots."""
        del control
        return self.model.propagate(state, start_hours, self.lead_hours)


class WeakConstraint(eqx.Module):
    """Four-dimensional analysis with a model that errs: from slot to slot the forecast is corrected.

        x_k = e_k(w_k),    e_k(0) = M(x_(k-1)),    w_k ~ N(0, I),

    The correction is the same kind of map that :class:`Prior` is of the background's error, around the forecast and of
    the size of what the model errs in the time between two slots. The controls w_k, one a slot after the window's
    start, are part of the control vector; w = 0 is the strong constraint.

    Source: Tremolet (2006), doi 10.1256/qj.05.224 (the forcing of every slot as control).

    Attributes:
        model: M.
        lead_hours: of the slots, from 0 on and evenly spaced, so that the model is compiled once.
        model_error: e_k, standardised anomalies.
        standardizer: between them and physical fields.

    Raises:
        ValueError: slots that are not evenly spaced from 0 on, or a model without a derivative.
    """

    model: ForecastModel
    lead_hours: tuple[int, ...] = eqx.field(static=True)
    model_error: Prior
    standardizer: Standardizer

    def __check_init__(self) -> None:
        require_derivative(self.model)
        if len(self.lead_hours) < 2 or self.lead_hours != tuple(np.arange(len(self.lead_hours)) * self.lead_hours[1]):
            raise UserError(f"A weak constraint wants evenly spaced slots from 0 h on; got {self.lead_hours}.")

    def zero_control(self) -> Control:
        """w = 0, the slots along a first axis."""
        count = len(self.lead_hours) - 1
        return jax.tree.map(lambda leaf: jnp.zeros((count, *leaf.shape), leaf.dtype), self.model_error.zero_control())

    def trajectory(self, state: Array, start_hours: Any, control: Control | None = None) -> Array:
        """The corrected forecasts at the slots."""
        spacing = self.lead_hours[1]

        def advance(carry: tuple[Array, Array], forcing: Control) -> tuple[tuple[Array, Array], Array]:
            state, hours = carry
            later = hours + jnp.int32(spacing)
            forecast = self.standardizer.to_anomaly(self.model.propagate(state, hours, (spacing,))[0], later)
            corrected = self.model_error.state(self.model_error.anchor(forecast), forcing)
            physical = self.standardizer.to_physical(corrected, later)
            return (physical, later), physical

        start = (state, jnp.asarray(start_hours, jnp.int32))
        _, slots = jax.lax.scan(advance, start, self.zero_control() if control is None else control)
        return jnp.concatenate([state[None], slots])
