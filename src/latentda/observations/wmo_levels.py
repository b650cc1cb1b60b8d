"""The levels of WMO BUFR reports, whatever their templates call them.

Templates differ in the names of quantities, and repeat some of them outside of the levels (wind shear, clouds,
turbulence); where several names are given, the first that is there counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from latentda.observations.clock_times import clock_times
from latentda.observations.reports import on_the_globe
from latentda.physics.constants import GRAVITY
from latentda.physics.thermodynamics import standard_atmosphere_pressure

Levels = dict[str, np.ndarray]
"""Arrays of a value a level by name; every level of a report has its time, place and station."""

_BAROMETER = "heightOfBarometerAboveMeanSeaLevel"
_HEIGHTS = ("heightOfStation", "heightOfStationGroundAboveMeanSeaLevel", "height")
# The bit of vertical sounding significance that says "surface", in old and new templates.
_SURFACE_BITS = {"verticalSoundingSignificance": 64, "extendedVerticalSoundingSignificance": 131072}
_RADIOSONDE, _PILOT_BALLOON = 120, 121
_LAND, _SEA = 0, 1  # data categories of surface reports
# Stations that had a WMO number before there was WIGOS (Manual on the WIGOS, attachment 2.2).
_WIGOS_OF_WMO = re.compile(r"0-2000[01]-0-(\d\d)(\d{3})")


@dataclass(frozen=True)
class Reports:
    """The reports of a batch of `wmo_program.SCHEMA`: their elements by ecCodes name, end to end.

    Attributes:
        category: data category of each report, -1 where it cannot be decoded.
        name: what a report calls its station, "" where it does not.
        wigos: its WIGOS identifier, "" where it has none.
    """

    category: np.ndarray
    name: np.ndarray
    wigos: np.ndarray
    _elements: dict[str, tuple[np.ndarray, np.ndarray]]

    @staticmethod
    def of(batch: pa.RecordBatch) -> Reports:
        """The reports of a batch."""
        elements = {}
        for field in batch.schema:
            if pa.types.is_list(field.type):
                column = batch.column(field.name)
                lengths = pa.compute.fill_null(pa.compute.list_value_length(column), 0).to_numpy(zero_copy_only=False)
                ends = np.concatenate([[0], np.cumsum(lengths)])
                elements[field.name] = (ends, column.flatten().to_numpy(zero_copy_only=False))
        category = batch.column("category").fill_null(-1).to_numpy(zero_copy_only=False)
        name, wigos = (
            batch.column(text).fill_null("").to_numpy(zero_copy_only=False).astype(object) for text in ("name", "wigos")
        )
        return Reports(category, name, wigos, elements)

    def numbers(self, *names: str) -> np.ndarray:
        """For each report the first value of the first element whose first value is not missing, or NaN."""
        found = np.full(len(self.category), np.nan)
        for name in names:
            ends, values = self._elements[name]
            wanted = np.flatnonzero((ends[1:] > ends[:-1]) & np.isnan(found))
            found[wanted] = values[ends[wanted]]
        return found

    def array(self, row: int, *names: str) -> np.ndarray:
        """All values of the first element that a report has, in message order; empty when it has none."""
        for name in names:
            ends, values = self._elements[name]
            if ends[row + 1] > ends[row]:
                return values[ends[row] : ends[row + 1]]
        return np.empty(0)

    @cached_property
    def heads(self) -> Levels:
        """Time (NaT where no clock shows it), place and name of the reports, and their numbers."""
        block, number = self._station_numbers()
        numbered = np.isfinite(block) & np.isfinite(number)
        # A sounding of neither a numbered nor a registered station was made from a ship or an aircraft.
        at_sea = (self.category == _SEA) & ~numbered
        adrift = at_sea | ((self.category != _LAND) & ~numbered & (self.wigos == ""))
        elevation = self.numbers(*_HEIGHTS)
        station = self.name.copy()
        named = np.flatnonzero(numbered)
        station[named] = [f"{b:02.0f}{n:03.0f}" for b, n in zip(block[named], number[named], strict=True)]
        # Checked here, as drift that is added later is kept on the globe.
        latitude, longitude = on_the_globe(self.numbers("latitude"), self.numbers("longitude"))
        return {
            "time": self._times(),
            "lat": latitude,
            "lon": longitude,
            "elev": np.where(adrift & np.isnan(elevation), 0.0, elevation),
            "station": station,
            "at_sea": at_sea,
            "report": np.arange(len(self.category)),
        }

    def _station_numbers(self) -> tuple[np.ndarray, np.ndarray]:
        """WMO block and station number, also of stations that tell them as a WIGOS identifier, NaN where missing."""
        block, number = self.numbers("blockNumber"), self.numbers("stationNumber")
        for row in np.flatnonzero(self.wigos != ""):
            same = _WIGOS_OF_WMO.fullmatch(self.wigos[row])
            if same:
                block[row], number[row] = float(same[1]), float(same[2])
        return block, number

    def _times(self) -> np.ndarray:
        """When the reports were made, NaT where one does not say or says what no clock shows."""
        parts = [np.rint(self.numbers(name)) for name in ("year", "month", "day", "hour", "minute", "second")]
        parts[4:] = [np.nan_to_num(part) for part in parts[4:]]
        return clock_times(parts)


@dataclass(frozen=True)
class _Report:
    """One report of many."""

    reports: Reports
    row: int

    def array(self, *names: str) -> np.ndarray:
        return self.reports.array(self.row, *names)

    def head(self) -> dict[str, Any]:
        return {name: values[self.row] for name, values in self.reports.heads.items()}


def sounding_levels(reports: Reports, rows: np.ndarray) -> Levels | None:
    """Levels of all ascents and pilot balloons of some rows, or None when there are none."""
    return _end_to_end(_one_sounding(_Report(reports, row)) for row in rows)


def aircraft_levels(reports: Reports, rows: np.ndarray) -> Levels | None:
    """Levels of all aircraft's reports of some rows, or None when there are none."""
    return _end_to_end(_one_flight(_Report(reports, row)) for row in rows)


def surface_levels(reports: Reports, rows: np.ndarray) -> Levels | None:
    """Surface reports of some rows, a level each, without those that say nothing."""
    elements = {
        "pressure": reports.numbers("nonCoordinatePressure"),
        "at_sea_level": reports.numbers("pressureReducedToMeanSeaLevel"),
        "temperature": reports.numbers("airTemperatureAt2M", "airTemperature"),
        "dew_point": reports.numbers("dewpointTemperatureAt2M", "dewpointTemperature"),
        "direction": reports.numbers("windDirectionAt10M", "windDirection"),
        "speed": reports.numbers("windSpeedAt10M", "windSpeed"),
    }
    telling = np.isfinite(np.stack(list(elements.values()))).any(axis=0)
    rows = rows[telling[rows]]
    if rows.size == 0:
        return None
    barometer = reports.numbers(_BAROMETER)
    elements["barometer"] = np.where(np.isnan(barometer), reports.heads["elev"], barometer)
    return {name: values[rows] for name, values in (reports.heads | elements).items()}


def _one_sounding(report: _Report) -> Levels | None:
    """Levels of an ascent or a pilot balloon, or None when there are none."""
    pressure, speed, temperature = report.array("pressure"), report.array("windSpeed"), report.array("airTemperature")
    height = _heights(report)
    # Newer templates append wind-shear levels, which have pressures of their own.
    count = min(max(pressure.size, height.size), max(temperature.size, speed.size))
    head = report.head()
    if count == 0:
        return None

    def levels(*names: str) -> np.ndarray:
        return _first(report.array(*names), count)

    ground = np.zeros(count)
    for name, bit in _SURFACE_BITS.items():
        ground += np.nan_to_num(levels(name)).astype(np.int64) & bit
    seconds = np.round(np.nan_to_num(levels("timePeriod"))).astype("timedelta64[s]")
    balloon = _RADIOSONDE if temperature.size else _PILOT_BALLOON
    return _repeated(head, count) | {
        "time": head["time"] + seconds.astype("timedelta64[ns]"),
        "lat": np.clip(head["lat"] + np.nan_to_num(levels("latitudeDisplacement")), -90.0, 90.0),
        "lon": np.mod(head["lon"] + np.nan_to_num(levels("longitudeDisplacement")), 360.0),
        "type": np.full(count, balloon),
        "pressure": _first(pressure, count),
        "height": _first(height, count),
        "temperature": levels("airTemperature"),
        "dew_point": levels("dewpointTemperature"),
        "direction": levels("windDirection"),
        "speed": levels("windSpeed"),
        "ground": ground,
    }


def _one_flight(report: _Report) -> Levels | None:
    """The level of an aircraft's report or the levels of its ascent or descent."""
    head = report.head()
    speed, temperature = report.array("windSpeed"), report.array("airTemperature")
    altitude, pressure = report.array("flightLevel", "height"), report.array("pressure")
    # Some templates append wind and temperature of the strongest turbulence, which are no levels.
    count = min(max(altitude.size, pressure.size), max(speed.size, temperature.size))
    if count == 0:
        return None
    pressure = _first(pressure, count)
    pressure = np.where(np.isnan(pressure), standard_atmosphere_pressure(_first(altitude, count)), pressure)
    levels = {
        "pressure": pressure,
        "temperature": _first(temperature, count),
        "dew_point": _first(report.array("dewpointTemperature"), count),
        "mixing_ratio": _first(report.array("mixingRatio"), count),
        "direction": _first(report.array("windDirection"), count),
        "speed": _first(speed, count),
        "roll": _first(report.array("aircraftRollAngleQuality"), count),
    }
    head["elev"] = float("nan")
    places = _repeated(head, count)
    for name, element in {"lat": "latitude", "lon": "longitude"}.items():
        values = report.array(element)
        if values.size > count:  # the report's own place comes before those of its levels
            places[name] = np.where(np.isnan(values[-count:]), places[name], values[-count:])
    return places | levels


def _heights(report: _Report) -> np.ndarray:
    """Geopotential height (m) of levels, from whichever element has it."""
    geopotential = report.array("nonCoordinateGeopotential", "geopotential")
    height = report.array("nonCoordinateGeopotentialHeight", "geopotentialHeight")
    return height if height.size else geopotential / GRAVITY


def _end_to_end(parts: Iterable[Levels | None]) -> Levels | None:
    found = [part for part in parts if part is not None]
    return {name: np.concatenate([part[name] for part in found]) for name in found[0]} if found else None


def _repeated(head: dict[str, Any], count: int) -> Levels:
    kinds: dict[str, Any] = {"time": "datetime64[ns]", "station": object}
    return {name: np.full(count, value, dtype=kinds.get(name)) for name, value in head.items()}


def _first(values: np.ndarray, count: int) -> np.ndarray:
    """The first `count` values, or NaN where there are fewer."""
    return values[:count] if values.size >= count else np.full(count, np.nan)
