"""Forecast models: the embedded world, Lorenz systems, persistence, learned ones, a user's own, and their protocol."""

from latentda.forecast.checked import CheckedModel, checked, require_suited, unguarded
from latentda.forecast.command_model import CommandModel
from latentda.forecast.embedded.jcm import IMPERFECT_PHYSICS, JcmModel, jcm_layout, jcm_model
from latentda.forecast.embedded.simulation import initial_fields, simulate, simulation_layout, spun_up_state
from latentda.forecast.host import HostModel, host_failures_told
from latentda.forecast.jax_model import JaxModel
from latentda.forecast.lorenz63 import Lorenz63
from latentda.forecast.lorenz96 import Lorenz96
from latentda.forecast.members import forecast_members
from latentda.forecast.model import ForecastModel, forecast, name_of, require_derivative, steps
from latentda.forecast.numpy_model import NumpyModel
from latentda.forecast.onnx_model import OnnxModel
from latentda.forecast.persistence import Persistence
from latentda.forecast.reforecast import reforecast
from latentda.forecast.rollout import Code, Step, roll_out
from latentda.forecast.stepping import SteppingModel
from latentda.forecast.surrogate import SurrogateModel
from latentda.forecast.torch_model import TorchModel

__all__ = [
    "IMPERFECT_PHYSICS",
    "CheckedModel",
    "Code",
    "CommandModel",
    "ForecastModel",
    "HostModel",
    "JaxModel",
    "JcmModel",
    "Lorenz63",
    "Lorenz96",
    "NumpyModel",
    "OnnxModel",
    "Persistence",
    "Step",
    "SteppingModel",
    "SurrogateModel",
    "TorchModel",
    "checked",
    "forecast",
    "forecast_members",
    "host_failures_told",
    "initial_fields",
    "jcm_layout",
    "jcm_model",
    "name_of",
    "reforecast",
    "require_derivative",
    "require_suited",
    "roll_out",
    "simulate",
    "simulation_layout",
    "spun_up_state",
    "steps",
    "unguarded",
]
