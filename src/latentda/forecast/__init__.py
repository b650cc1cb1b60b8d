"""Forecast models: the embedded world, Lorenz systems, persistence, learned ones, and the protocol they share."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from latentda.forecast.lorenz63 import Lorenz63
from latentda.forecast.lorenz96 import Lorenz96
from latentda.forecast.model import ForecastModel, forecast, require_derivative, steps
from latentda.forecast.persistence import Persistence
from latentda.forecast.reforecast import reforecast
from latentda.forecast.rollout import Code, Step, roll_out
from latentda.forecast.surrogate import SurrogateModel

if TYPE_CHECKING:
    from latentda.forecast.embedded.jcm import IMPERFECT_PHYSICS, JcmModel, jcm_layout, jcm_model
    from latentda.forecast.embedded.simulation import initial_fields, simulate, simulation_layout, spun_up_state

__all__ = [
    "IMPERFECT_PHYSICS",
    "Code",
    "ForecastModel",
    "JcmModel",
    "Lorenz63",
    "Lorenz96",
    "Persistence",
    "Step",
    "SurrogateModel",
    "forecast",
    "initial_fields",
    "jcm_layout",
    "jcm_model",
    "reforecast",
    "require_derivative",
    "roll_out",
    "simulate",
    "simulation_layout",
    "spun_up_state",
    "steps",
]

# The embedded world takes seconds to import, so its names are looked up when first asked for.
_LAZY = {
    "IMPERFECT_PHYSICS": "embedded.jcm",
    "JcmModel": "embedded.jcm",
    "jcm_layout": "embedded.jcm",
    "jcm_model": "embedded.jcm",
    "initial_fields": "embedded.simulation",
    "simulate": "embedded.simulation",
    "simulation_layout": "embedded.simulation",
    "spun_up_state": "embedded.simulation",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
