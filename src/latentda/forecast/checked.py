"""A guard around models that others have written: what is not a forecast is refused in a sentence.

What comes is held against what was asked for, wherever a model is used: shape, kind of numbers, and, where nothing is
traced, that all are finite. Whether a model suits a world is asked once, at the start.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from latentda.forecast.model import ForecastModel, name_of
from latentda.grid import Hours, Layout
from latentda.user_error import UserError

SHOWN = 3
"""Channels that a sentence names."""


class CheckedModel(eqx.Module):
    """A model whose forecasts are looked at.

    Attributes:
        model: the model.
        name: what it is called in sentences.
    """

    model: ForecastModel
    name: str = eqx.field(static=True)

    @property
    def layout(self) -> Layout:
        """That of the model."""
        return self.model.layout

    @property
    def step_hours(self) -> int:
        """That of the model (h)."""
        return self.model.step_hours

    @property
    def differentiable(self) -> bool:
        """Whether the model says so."""
        return self.model.differentiable

    def __getattr__(self, name: str) -> Any:
        """What else the model has, such as ``surface_geopotential``."""
        if name == "model" or name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.model, name)

    def propagate(
        self,
        state: Float[ArrayLike, "channel lat lon"],
        start_hours: Hours,
        lead_hours: tuple[int, ...],
    ) -> Float[Array, "lead channel lat lon"]:
        """The model's forecast.

        Raises:
            UserError: the model raised, or gave something else than finite states.
        """
        return self._asked(self.model.propagate, state, start_hours, lead_hours)

    def propagate_members(
        self,
        states: Float[ArrayLike, "member channel lat lon"],
        start_hours: Hours,
        lead_hours: tuple[int, ...],
    ) -> Float[Array, "member lead channel lat lon"]:
        """The model's forecasts of members; errors likewise."""
        return self._asked(self.model.propagate_members, states, start_hours, lead_hours)

    def _asked(
        self, run: Callable[..., Any], start: ArrayLike, start_hours: Hours, lead_hours: tuple[int, ...]
    ) -> Array:
        start = jnp.asarray(start)
        like = jax.ShapeDtypeStruct((*start.shape[:-3], len(lead_hours), *start.shape[-3:]), start.dtype)
        try:
            found = as_field(run(start, start_hours, lead_hours), like, "The forecast")
        except Exception as error:
            asked = ", ".join(map(str, lead_hours))
            raise UserError(f"The model {self.name} failed {asked} h ahead. {reason(error)}") from error
        if not isinstance(found, Tracer):
            self._require_finite(np.asarray(found), lead_hours)
        return found

    def _require_finite(self, found: np.ndarray, lead_hours: tuple[int, ...]) -> None:
        broken = ~np.isfinite(found).all(axis=(-2, -1))
        broken = broken.reshape(-1, *broken.shape[-2:]).any(axis=0)
        if not broken.any():
            return
        lead = int(np.flatnonzero(broken.any(axis=1))[0])
        names = [self.layout.names[i] for i in np.flatnonzero(broken[lead])]
        listed = ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more channels" if len(names) > SHOWN else "")
        raise UserError(f"The model {self.name} gives NaN or infinity {lead_hours[lead]} h ahead, in {listed}.")


def checked(model: ForecastModel, layout: Layout, interval_hours: int, name: str = "") -> CheckedModel:
    """A model of somebody else, for a world.

    Args:
        model: the model.
        layout: of the world.
        interval_hours: between analyses.
        name: of the model in sentences; by default that of its class.

    Raises:
        UserError: see :func:`require_suited`.
    """
    guarded = CheckedModel(model, name or name_of(model))
    require_suited(guarded, layout, interval_hours)
    return guarded


def unguarded(model: ForecastModel) -> ForecastModel:
    """The model behind the guard, if it has one."""
    return model.model if isinstance(model, CheckedModel) else model


def require_suited(model: ForecastModel, layout: Layout, interval_hours: int | None = None) -> None:
    """Refuse a model that cannot forecast the states of a world.

    Args:
        model: the model.
        layout: of the world.
        interval_hours: between analyses, where the model links them.

    Raises:
        UserError: another layout, the other order of latitudes among it, or a step that does not divide the interval.
    """
    differs = model.layout.differs_from(layout)
    if differs:
        raise UserError(f"The model {name_of(model)} does not suit the world: {differs}.")
    if interval_hours is not None and interval_hours % model.step_hours:
        raise UserError(
            f"The model {name_of(model)} makes steps of {model.step_hours} h, which do not divide the {interval_hours} "
            f"h between analyses; choose an interval that is a multiple of {model.step_hours} h."
        )


def as_field(found: Any, like: Array | np.ndarray | jax.ShapeDtypeStruct, what: str) -> Array:
    """What a model gave as an array like the one that was wanted, in its precision.

    Raises:
        UserError: another shape, or no real numbers.
    """
    array: Any = found if hasattr(found, "dtype") else np.asarray(found)
    if array.shape != like.shape:
        raise UserError(f"{what} has the shape {array.shape}, and {like.shape} was wanted.")
    if not jnp.issubdtype(array.dtype, jnp.floating):
        raise UserError(f"{what} is of numbers of type {array.dtype}, and {like.dtype} was wanted.")
    field: Array = array.astype(like.dtype)
    return field


def reason(error: Exception) -> str:
    """An error in one line: a sentence as it is, anything else with its kind."""
    if isinstance(error, jax.errors.TracerArrayConversionError):
        return "It calls NumPy where JAX was promised: make it a NumpyModel, 'numpy:' for 'jax:', or call jax.numpy."
    text = " ".join(str(error).split("\n\n")[0].split())
    return text if isinstance(error, UserError) else f"It raised {type(error).__name__}: {text.rstrip('.')}."
