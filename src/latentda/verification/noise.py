"""Noise of a forecast's first hours: the mean absolute tendency of surface pressure.

    N(t_k+1/2) = [ | p_s(t_k+1) - p_s(t_k) | ] / (t_k+1 - t_k),

brackets the area mean. A state out of balance sheds fast gravity waves, which raise N above that of the weather; the
reference is the N of true states that start the same model the same way.
Source: Lynch & Huang (1992), doi 10.1175/1520-0493(1992)120<1019:IOTHMU>2.0.CO;2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float
from numpy import ndarray

from latentda.grid import Hours, Layout
from latentda.user_error import NotFiniteError

HECTOPASCALS_IN_THREE_HOURS = 3.0 * 3600.0 / 100.0
"""From Pa/s to hPa in 3 h, the unit of reports."""


class SurfacePressureModel(Protocol):
    """A forecast model that can tell its surface pressure between its steps for states."""

    @property
    def layout(self) -> Layout:
        """What the channels of a state are."""

    def surface_pressure(
        self, state: Float[ArrayLike, "channel lat lon"], start_hours: Hours, hours: int, every_hours: float
    ) -> Float[Array, "time lat lon"]:
        """Surface pressure (Pa) at 0, ``every_hours``, ..., ``hours`` of a forecast; the first as the model took it."""


@dataclass(frozen=True)
class PressureNoise:
    """The noise of one forecast.

    Attributes:
        hours: middle of each interval, hours from the start ``(interval,)``.
        tendency: N (Pa/s) ``(interval,)``.
    """

    hours: Float[ndarray, " interval"]
    tendency: Float[ndarray, " interval"]

    @property
    def mean(self) -> float:
        """Over the whole time (Pa/s)."""
        return float(self.tendency.mean())

    @property
    def hpa_per_3h(self) -> Float[ndarray, " interval"]:
        """N in hPa / 3 h."""
        return HECTOPASCALS_IN_THREE_HOURS * self.tendency


def surface_pressure_noise(
    model: SurfacePressureModel,
    state: Float[ndarray, "channel lat lon"],
    start_hours: Hours,
    *,
    hours: int = 12,
    every_hours: float = 0.5,
) -> PressureNoise:
    """The noise in the first ``hours`` of the forecast from a state.

    Args:
        model: runs the forecast.
        state: physical units.
        start_hours: valid time of the state, hours since 1970.
        hours: length of the forecast.
        every_hours: interval of the tendencies; a model's own step shows all of its noise.

    Raises:
        NotFiniteError: the forecast is not finite.
    """
    pressure = np.asarray(model.surface_pressure(state, start_hours, hours, every_hours), np.float64)
    if not np.isfinite(pressure).all():
        raise NotFiniteError("The forecast's surface pressure is not finite: the state does not start the model.")
    change = np.abs(np.diff(pressure, axis=0)) / (3600.0 * every_hours)
    tendency = (change * model.layout.grid.area_weights).mean((-2, -1))
    return PressureNoise(every_hours * (np.arange(len(tendency)) + 0.5), tendency)
