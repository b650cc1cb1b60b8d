"""Forecast models: the embedded world, Lorenz systems, persistence, learned ones, and the protocol they share."""

from latentda.forecast.embedded.jcm import IMPERFECT_PHYSICS, JcmModel, jcm_layout, jcm_model
from latentda.forecast.embedded.simulation import initial_fields, simulate, simulation_layout, spun_up_state
from latentda.forecast.lorenz63 import Lorenz63
from latentda.forecast.lorenz96 import Lorenz96
from latentda.forecast.model import ForecastModel, forecast, require_derivative, steps
from latentda.forecast.persistence import Persistence
from latentda.forecast.reforecast import reforecast
from latentda.forecast.rollout import Code, Step, roll_out
from latentda.forecast.surrogate import SurrogateModel

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
