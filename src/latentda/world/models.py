"""Forecast models by the name that a world or a command gives: here, and only here, a string becomes a model.

| kind | what it names |
| --- | --- |
| embedded, persistence, surrogate | a model of the package |
| numpy:module:function, jax:module:function | a step, ``function(state, hours) -> state`` |
| torch:module:Class | a ``torch.nn.Module`` |
| onnx:FILE | a network in a file |
| command:LINE | a program, ``./forecast.sh {input} {output}`` |
| module:function | a maker, called with the world and the options; what it returns is the model |
| another name | a maker of another package, by its entry point in the group ``latentda.models`` |

Options are keyword arguments of the maker; a string has them behind it, ``torch:nets:Net?step_hours=6&weights=n.pt``.
What others have written is guarded (:mod:`~latentda.forecast.checked`); every model must suit the world.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from importlib.metadata import entry_points
from inspect import signature

import yaml

from latentda.forecast import ForecastModel, Persistence, checked, require_suited
from latentda.user_error import UserError
from latentda.world.described import Described
from latentda.world.importing import imported
from latentda.world.own_models import OWN_MODELS
from latentda.world.settings import ModelSettings

ENTRY_POINTS = "latentda.models"
"""The group in which other packages name their makers."""

Maker = Callable[..., ForecastModel]


def _embedded(world: Described, imperfect: bool = False, step_hours: int = 6) -> ForecastModel:
    from latentda.forecast import JcmModel, jcm_model

    return JcmModel(jcm_model(imperfect=imperfect).physics, step_hours=step_hours)


def _persistence(world: Described, step_hours: int = 6) -> ForecastModel:
    return Persistence(world.layout, step_hours)


def _surrogate(world: Described) -> ForecastModel:
    return world.surrogate


MODELS: Mapping[str, Maker] = {
    "embedded": _embedded,
    "persistence": _persistence,
    "surrogate": _surrogate,
}
"""Makers of the package's models by name; each is called with the world and its options."""


def model_settings(text: str) -> ModelSettings:
    """The settings that a string stands for, such as ``onnx:net.onnx?step_hours=6``."""
    found = re.fullmatch(r"(?P<kind>.+?)\?(?P<options>\w+=[^&\s]*(&\w+=[^&\s]*)*)", text)
    if found is None:
        return ModelSettings(text)
    pairs = (option.split("=", 1) for option in found["options"].split("&"))
    return ModelSettings(found["kind"], {name: yaml.safe_load(value) for name, value in pairs})


def build_model(settings: ModelSettings | str, world: Described) -> ForecastModel:
    """The model that the settings, or the string, describe.

    Raises:
        UserError: a kind or an option that is not known, a module that cannot be imported, no model, or one that does
            not suit the world.
    """
    named = model_settings(settings if isinstance(settings, str) else settings.kind)
    options = named.options if isinstance(settings, str) else {**named.options, **settings.options}
    kind = named.kind
    make = _maker(kind)
    try:
        signature(make).bind(world, **options)
    except TypeError as error:
        hint = "" if kind in MODELS or kind.partition(":")[0] in OWN_MODELS else _STEP_HINT.format(kind)
        raise UserError(f"The model '{kind}' cannot be made with {dict(options)}: {error}.{hint}") from error
    model = make(world, **options)
    if not isinstance(model, ForecastModel):
        hint = _STEP_HINT.format(kind)
        raise UserError(f"'{kind}' gives no forecast model but a {type(model).__name__}.{hint}")
    suits = world.layout, world.settings.interval_hours
    if kind not in MODELS:
        return checked(model, *suits, kind)
    require_suited(model, *suits)
    return model


_STEP_HINT = " If it is a step of a state, write numpy:{0} or jax:{0}."


def _maker(kind: str) -> Maker:
    if kind in MODELS:
        return MODELS[kind]
    prefix, _, target = kind.partition(":")
    if prefix in OWN_MODELS and target:
        return partial(OWN_MODELS[prefix], target=target)
    if target:
        return imported(kind, f"The model '{kind}'")
    registered = entry_points(group=ENTRY_POINTS)
    if kind in registered.names:
        found: Maker = registered[kind].load()
        return found
    names = ", ".join([*MODELS, *sorted(registered.names)])
    forms = ", ".join(f"{prefix}:..." for prefix in OWN_MODELS)
    raise UserError(f"Unknown model '{kind}'; there are {names}, {forms}, or module:function.")
