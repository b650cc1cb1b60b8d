"""Forecast models by the name that a world gives: here, and only here, a string becomes a model.

A ``module:function`` is imported and called with the world and the options; what it returns is the model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from inspect import signature
from typing import Protocol

from latentda.forecast import ForecastModel, Persistence
from latentda.grid import Layout
from latentda.user_error import UserError
from latentda.world.settings import ModelSettings


class Described(Protocol):
    """What of a world models are made of."""

    @property
    def layout(self) -> Layout:
        """Grid, levels and variables."""

    @property
    def surrogate(self) -> ForecastModel:
        """The learned forecast of states."""


def _embedded(world: Described, imperfect: bool = False, step_hours: int = 6) -> ForecastModel:
    from latentda.forecast import JcmModel, jcm_model

    return JcmModel(jcm_model(imperfect=imperfect).physics, step_hours=step_hours)


def _persistence(world: Described, step_hours: int = 6) -> ForecastModel:
    return Persistence(world.layout, step_hours)


def _surrogate(world: Described) -> ForecastModel:
    return world.surrogate


MODELS: Mapping[str, Callable[..., ForecastModel]] = {
    "embedded": _embedded,
    "persistence": _persistence,
    "surrogate": _surrogate,
}
"""Makers of models by name; each is called with the world and its options."""


def build_model(settings: ModelSettings, world: Described) -> ForecastModel:
    """The model that the settings describe.

    Raises:
        UserError: a kind or an option that is not known, a module that cannot be imported, or no model.
    """
    make = MODELS.get(settings.kind) or _imported(settings.kind)
    try:
        signature(make).bind(world, **settings.options)
    except TypeError as error:
        raise UserError(
            f"The model '{settings.kind}' cannot be made with {dict(settings.options)}: {error}."
        ) from error
    model = make(world, **settings.options)
    if not isinstance(model, ForecastModel):
        raise UserError(f"'{settings.kind}' gives no forecast model but a {type(model).__name__}.")
    return model


def _imported(kind: str) -> Callable[..., ForecastModel]:
    module, _, function = kind.partition(":")
    if not function:
        raise UserError(f"Unknown model '{kind}'; there are {', '.join(MODELS)}, or module:function.")
    try:
        found: Callable[..., ForecastModel] = getattr(import_module(module), function)
    except (ImportError, AttributeError) as error:
        raise UserError(f"The model '{kind}' cannot be imported: {error}.") from error
    return found
