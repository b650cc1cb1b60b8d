"""Observation errors: one standard deviation by variable, message class and pressure.

Linear in log p between the nodes of a profile, constant beyond them. The default numbers are the
medians of the errors written into the operational GDAS prepBUFR of 2020-11-01 12 UTC (the
conventional error table of NCEP's GSI): radiosonde, aircraft, land and ship values as found there.
Where that file gives none: geopotential follows the radiosonde height errors of the ECMWF system
(IFS documentation part I, rounded), 2 m and 10 m data over land take common values of surface
analyses, satellite winds the GSI range of 3.8 to 7 m/s.

Humidity errors are fractions of saturation specific humidity: sd(q) = fraction * q_s(T, p), with T
from the same report and level where there is one, otherwise from the standard atmosphere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from latentda.observations.table import SCHEMA, column
from latentda.observations.thermodynamics import (
    GRAVITY,
    specific_humidity,
    standard_atmosphere_temperature,
)

ANY_CLASS = ""
_HUMIDITY = {"q": "t", "q2m": "t2m"}


@dataclass(frozen=True)
class ErrorProfile:
    """Standard deviation as a function of pressure, linear in log p, constant beyond the ends.

    Attributes:
        pressure: nodes in Pa, falling.
        error: standard deviation at the nodes, SI (for humidity a fraction of saturation).
    """

    pressure: tuple[float, ...]
    error: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.pressure) != len(self.error) or not self.pressure:
            raise ValueError("an error profile needs as many errors as pressures, at least one")
        if any(b >= a for a, b in zip(self.pressure, self.pressure[1:], strict=False)):
            raise ValueError("the pressures of an error profile must fall")
        if min(self.error) <= 0.0 or min(self.pressure) <= 0.0:
            raise ValueError("pressures and errors of an error profile must be positive")

    def at(self, pressure: np.ndarray) -> np.ndarray:
        """Standard deviation at `pressure` (Pa); at the first node where the pressure is NaN."""
        filled = np.where(np.isnan(pressure), self.pressure[0], pressure)
        nodes = -np.log(np.asarray(self.pressure))
        return np.interp(-np.log(filled), nodes, self.error)


@dataclass(frozen=True)
class ErrorTable:
    """Error profiles by variable and message class; the class "" stands for all others."""

    profiles: Mapping[tuple[str, str], ErrorProfile]

    def error(
        self,
        variable: str,
        message_class: str,
        pressure: np.ndarray,
        temperature: np.ndarray | None = None,
    ) -> np.ndarray:
        """Standard deviation (SI), NaN where the table knows none.

        Args:
            variable: a variable of the observation table.
            message_class: for example ADPUPA.
            pressure: Pa; NaN is taken as the surface.
            temperature: K, for humidity errors only; where NaN or not given that of the standard
                atmosphere.
        """
        profile = self.profiles.get((variable, message_class))
        profile = profile or self.profiles.get((variable, ANY_CLASS))
        pressure = np.asarray(pressure, dtype=np.float64)
        if profile is None:
            return np.full(pressure.shape, np.nan)
        error = profile.at(pressure)
        if variable not in _HUMIDITY:
            return error
        p = np.where(np.isnan(pressure), 101325.0, pressure)
        T = standard_atmosphere_temperature(p)
        if temperature is not None:
            T = np.where(np.isnan(temperature), T, temperature)
        return error * specific_humidity(T, p)  # at saturation the dew point is the temperature


def default_error_table() -> ErrorTable:
    """The errors described at the head of this file."""
    mandatory = (1000, 925, 850, 700, 500, 400, 300, 250, 200, 150, 100, 70, 50, 30, 20, 10)
    sonde_t = (1.2, 1.0, 0.8, 0.8, 0.8, 0.8, 0.9, 1.2, 1.2, 1.0, 0.8, 0.8, 0.9, 1.0, 1.3, 1.5)
    sonde_wind = (1.4, 1.5, 1.5, 1.6, 2.1, 2.6, 3.0, 3.2, 2.7, 2.4, 2.1, 2.1, 2.1, 2.1, 2.1, 2.1)
    sonde_z = (4.5, 4.5, 4.5, 5.5, 8.5, 10, 11, 12, 13, 15, 18, 20, 22, 25, 32, 40)
    profiles = {
        ("t", ANY_CLASS): _profile(mandatory, sonde_t),
        ("t", "AIRCFT"): _profile((1000, 850, 700, 500, 400), (1.4, 1.1, 1.0, 1.3, 1.7)),
        ("z", ANY_CLASS): _profile(mandatory, tuple(GRAVITY * error for error in sonde_z)),
        ("q", ANY_CLASS): _constant(0.20),
        ("sp", ANY_CLASS): _constant(100.0),
        ("sp", "SFCSHP"): _constant(160.0),
        ("sp", "SFCBOG"): _constant(250.0),
        ("t2m", ANY_CLASS): _constant(2.0),
        ("t2m", "SFCSHP"): _constant(2.5),
        ("q2m", ANY_CLASS): _constant(0.20),
    }
    for wind in ("u", "v"):
        profiles[wind, ANY_CLASS] = _profile(mandatory, sonde_wind)
        profiles[wind, "AIRCFT"] = _constant(3.0)
        profiles[wind, "SATWND"] = _profile((1000, 700, 500, 300, 200), (3.8, 3.8, 5.0, 6.5, 7.0))
        profiles[f"{wind}10m", ANY_CLASS] = _constant(2.5)
    return ErrorTable(profiles)


def assign_errors(table: pa.Table, error_table: ErrorTable | None = None) -> pa.Table:
    """Fill the null entries of `error`; errors already there stay.

    Kinds of data the error table does not know stay null.
    """
    chosen = error_table or default_error_table()
    error = column(table, "error").astype(np.float64)
    missing = np.isnan(error)
    variable, kind = column(table, "variable"), column(table, "class")
    pressure = column(table, "pres").astype(np.float64)
    for name in np.unique(variable[missing].astype(str)):
        partner = _HUMIDITY.get(name)
        temperature = _partner_values(table, partner) if partner else np.full(len(error), np.nan)
        for message_class in np.unique(kind[missing & (variable == name)].astype(str)):
            rows = missing & (variable == name) & (kind == message_class)
            error[rows] = chosen.error(name, message_class, pressure[rows], temperature[rows])
    values = pa.array(error, from_pandas=True).cast(pa.float32())
    return table.set_column(table.schema.get_field_index("error"), SCHEMA.field("error"), values)


def _partner_values(table: pa.Table, variable: str) -> np.ndarray:
    """For each row the value of `variable` on the same level, NaN if none."""
    level = level_numbers(table)
    values = column(table, "observation").astype(np.float64)
    rows = np.flatnonzero(column(table, "variable") == variable)
    by_level = np.full(level.max(initial=-1) + 1, np.nan)
    by_level[level[rows]] = values[rows]
    return by_level[level]


def level_numbers(table: pa.Table) -> np.ndarray:
    """A number for each distinct station, time, place and pressure, one for all rows of a level."""
    station = table["station"].combine_chunks().dictionary_encode().indices.to_numpy()
    keys = [
        station,
        column(table, "time").astype(np.int64),
        np.nan_to_num(column(table, "lat")),
        np.nan_to_num(column(table, "lon")),
        np.nan_to_num(column(table, "pres"), nan=-1.0),
    ]
    order = np.lexsort(keys)
    new = np.zeros(len(order), dtype=np.int64)
    for key in keys:
        new[1:] |= key[order][1:] != key[order][:-1]
    numbers = np.empty(len(order), dtype=np.int64)
    numbers[order] = np.cumsum(new)
    return numbers


def _profile(pressure_hpa: tuple[float, ...], error: tuple[float, ...]) -> ErrorProfile:
    return ErrorProfile(tuple(100.0 * pressure for pressure in pressure_hpa), error)


def _constant(error: float) -> ErrorProfile:
    return ErrorProfile((100000.0,), (error,))
