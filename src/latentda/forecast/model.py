"""The forecast model: a state in, the states at the requested lead times out.

x(t + lead) = M(x(t)), in physical units, one compiled function for every start time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from latentda.grid import Hours, Layout, Time, hours_since_1970
from latentda.user_error import UserError


@runtime_checkable
class ForecastModel(Protocol):
    """What the rest of the package asks of a model.

    A model in JAX is a pytree whose weights are leaves and whose settings are static (an ``eqx.Module``): it is an
    argument of what is compiled, and other weights compile nothing anew. Its ``propagate`` is pure; it may be traced,
    jitted, vmapped and differentiated, and the start may be traced with the state. Any other model is asked for
    forecasts and never traced: it says that it is not ``differentiable``.

    A model over an orography may have ``surface_geopotential``, the geopotential of the surface that it integrates
    (m2 s-2), ``(lat, lon)``: what observation operators need to place real reports on its levels.
    """

    @property
    def layout(self) -> Layout:
        """What the channels of a state are."""

    @property
    def step_hours(self) -> int:
        """Lead times are multiples of this (h)."""

    @property
    def differentiable(self) -> bool:
        """Whether JAX finds the tangent linear and the adjoint of ``propagate``: what windows in time need."""

    def propagate(
        self,
        state: Float[ArrayLike, "channel lat lon"],
        start_hours: Hours,
        lead_hours: tuple[int, ...],
    ) -> Float[Array, "lead channel lat lon"]:
        """States at the lead times (h, increasing), from ``start_hours`` since 1970-01-01 00 UTC."""

    def propagate_members(
        self,
        states: Float[ArrayLike, "member channel lat lon"],
        start_hours: Hours,
        lead_hours: tuple[int, ...],
    ) -> Float[Array, "member lead channel lat lon"]:
        """The same for every member of an ensemble."""


def name_of(model: ForecastModel) -> str:
    """What sentences call a model: its name where it has one, else its class."""
    return str(getattr(model, "name", "") or type(model).__name__)


def require_derivative(model: ForecastModel, otherwise: str = "use 3D-Var or an ensemble method") -> None:
    """Refuse a model where its derivative is needed and there is none.

    Args:
        model: the model.
        otherwise: what to do without it.

    Raises:
        UserError: the model is not differentiable.
    """
    if not model.differentiable:
        raise UserError(
            f"{name_of(model)} has no derivative: {otherwise}, or give `tangent` and `adjoint` of a NumpyModel."
        )


def forecast(model: ForecastModel, state: np.ndarray, start: Time, lead_hours: Sequence[int]) -> np.ndarray:
    """Forecast one state (``(channel, lat, lon)``) or an ensemble (``(member, ...)``) from a date.

    Args:
        model: the forecast model.
        state: physical units, the model's layout.
        start: valid time of ``state`` (UTC).
        lead_hours: increasing lead times in hours.

    Raises:
        UserError: wrong shape, or a value that is not finite.
    """
    state = np.asarray(state)
    if state.shape[-3:] != model.layout.shape or state.ndim not in (3, 4):
        raise UserError(f"A state of shape {model.layout.shape} was wanted; got {state.shape}.")
    if not np.isfinite(state).all():
        raise UserError("The initial state holds NaN or infinity; fill or mask it before a forecast.")
    run = model.propagate if state.ndim == 3 else model.propagate_members
    return np.asarray(run(state, hours_since_1970(start), tuple(int(h) for h in lead_hours)))


def steps(model: ForecastModel, state: np.ndarray, hours: int, count: int, step: int) -> Iterator[np.ndarray]:
    """``count`` forecasts ``step`` hours apart by one compiled step."""
    for k in range(count):
        state = np.asarray(model.propagate(state, np.int32(hours + k * step), (step,))[0])
        yield state
