"""Error profiles: standard deviations by variable, kind of report and pressure.

Linear in log p between the nodes of a profile, constant beyond them. Data located by their height h are looked up at
10^5 Pa exp(-h / 7 km), so a profile whose nodes are given as heights is linear in height.

Some profiles are fractions, which become errors by the state at the datum:

    q, q2m:   sd = fraction q_s(T, p)                     fraction of saturation
    td, d2m:  sd = fraction e_s(T) / (d e_s / d T)(td)    the same error, seen as dew point; at most 15 K
    n:        sd = fraction n

T is the temperature of the same report and level where there is one, otherwise that of the standard atmosphere; n
is the datum, or without one the dry refractivity 77.6 (p / hPa) / T of the standard atmosphere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from latentda.physics.thermodynamics import (
    saturation_vapour_pressure,
    specific_humidity,
    standard_atmosphere_temperature,
)
from latentda.user_error import UserError

ANY_CLASS = ""
TEMPERATURE_OF = {"q": "t", "q2m": "t2m", "td": "t", "d2m": "t2m"}
"""Variables whose error is a fraction of saturation, with the variable whose saturation it is."""
SCALE_HEIGHT = 7000.0
LARGEST_DEW_POINT_ERROR = 15.0
_USUAL_DEPRESSION = 5.0
_DEW_POINTS = ("td", "d2m")


@dataclass(frozen=True)
class ErrorProfile:
    """Standard deviation as a function of pressure, linear in log p, constant beyond the ends.

    Attributes:
        pressure: nodes in Pa, falling.
        error: standard deviation at the nodes, SI, or the fraction it is.
    """

    pressure: tuple[float, ...]
    error: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.pressure) != len(self.error) or not self.pressure:
            raise UserError("an error profile needs as many errors as pressures, at least one")
        if any(b >= a for a, b in zip(self.pressure, self.pressure[1:], strict=False)):
            raise UserError("the pressures of an error profile must fall")
        if min(self.error) <= 0.0 or min(self.pressure) <= 0.0:
            raise UserError("pressures and errors of an error profile must be positive")

    def at(self, pressure: np.ndarray) -> np.ndarray:
        """Standard deviation at `pressure` (Pa); at the first node where the pressure is NaN."""
        filled = np.where(np.isnan(pressure), self.pressure[0], pressure)
        nodes = -np.log(np.asarray(self.pressure))
        return np.interp(-np.log(filled), nodes, self.error)


@dataclass(frozen=True)
class ErrorTable:
    """Error profiles by kind of report.

    Attributes:
        profiles: by variable and message class; the class "" stands for all others.
        by_type: by variable and NCEP report type; goes before the class.
    """

    profiles: Mapping[tuple[str, str], ErrorProfile]
    by_type: Mapping[tuple[str, int], ErrorProfile] = field(default_factory=dict)

    def profile(self, variable: str, message_class: str, report_type: int = 0) -> ErrorProfile | None:
        """The profile of a kind of report, None if the table knows none."""
        found = self.by_type.get((variable, report_type)) or self.profiles.get((variable, message_class))
        return found or self.profiles.get((variable, ANY_CLASS))

    def error(
        self,
        variable: str,
        message_class: str,
        pressure: np.ndarray,
        temperature: np.ndarray | None = None,
        *,
        height: np.ndarray | None = None,
        value: np.ndarray | None = None,
        report_type: int = 0,
    ) -> np.ndarray:
        """Standard deviation (SI), NaN where the table knows none.

        Args:
            variable: a variable of the observation table.
            message_class: for example ADPUPA.
            pressure: Pa; NaN is taken as the surface, or as that of `height`.
            temperature: K, for humidity; where NaN or not given that of the standard atmosphere.
            height: m, of data located by it.
            value: of the data, SI, for errors that are a fraction of it.
            report_type: NCEP report type.
        """
        pressure = np.asarray(pressure, dtype=np.float64)
        if height is not None:
            pressure = np.where(np.isnan(pressure), pressure_of_height(height), pressure)
        profile = self.profile(variable, message_class, report_type)
        if profile is None:
            return np.full(pressure.shape, np.nan)
        error = profile.at(pressure)
        p = np.where(np.isnan(pressure), 101325.0, pressure)
        standard = standard_atmosphere_temperature(p)
        T = standard if temperature is None else np.where(np.isnan(temperature), standard, temperature)
        if variable in _DEW_POINTS:
            return _dew_point_error(error, T, value)
        if variable in TEMPERATURE_OF:
            return error * specific_humidity(T, p)  # at saturation the dew point is the temperature
        if variable == "n":
            return error * (0.776 * p / standard if value is None else value)
        return error


def pressure_of_height(height: np.ndarray | float) -> np.ndarray:
    """Pressure (Pa) by a scale height of 7 km at `height` (m); only to look up profiles."""
    return 1e5 * np.exp(-np.asarray(height, dtype=np.float64) / SCALE_HEIGHT)


def _dew_point_error(fraction: np.ndarray, temperature: np.ndarray, dew_point: np.ndarray | None) -> np.ndarray:
    td = temperature - _USUAL_DEPRESSION if dew_point is None else np.asarray(dew_point, dtype=np.float64)
    e = saturation_vapour_pressure(td)
    slope = e * 17.67 * 243.5 / (np.maximum(td, 150.0) - 29.65) ** 2
    error = fraction * saturation_vapour_pressure(np.maximum(temperature, td)) / slope
    return np.minimum(error, LARGEST_DEW_POINT_ERROR)
