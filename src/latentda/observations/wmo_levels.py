"""The levels of one WMO BUFR report, whatever its template calls them.

Templates differ in the names of quantities, and repeat some of them outside of the levels (wind shear, clouds,
turbulence); where several names are given, the first that is there counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from latentda.grid import GRAVITY
from latentda.observations.thermodynamics import standard_atmosphere_pressure

Levels = dict[str, np.ndarray]
"""Arrays of a value a level by name; every level of a report has its time, place and station."""

_BAROMETER = "heightOfBarometerAboveMeanSeaLevel"
_HEIGHTS = ("heightOfStation", "heightOfStationGroundAboveMeanSeaLevel", "height")
# The bit of vertical sounding significance that says "surface", in old and new templates.
_SURFACE_BITS = {"verticalSoundingSignificance": 64, "extendedVerticalSoundingSignificance": 131072}
_RADIOSONDE, _PILOT_BALLOON = 120, 121


@dataclass(frozen=True)
class Report:
    """One report: its elements by their ecCodes name."""

    category: int
    name: str
    _elements: dict[str, tuple[np.ndarray, np.ndarray]]
    _row: int

    @staticmethod
    def all_of(batch: pa.RecordBatch) -> Iterator[Report]:
        """The decoded reports of a batch of `wmo_messages.SCHEMA`."""
        elements = {}
        for field in batch.schema:
            if pa.types.is_list(field.type):
                column = batch.column(field.name)
                lengths = pa.compute.fill_null(pa.compute.list_value_length(column), 0).to_numpy(zero_copy_only=False)
                ends = np.concatenate([[0], np.cumsum(lengths)])
                elements[field.name] = (ends, column.flatten().to_numpy(zero_copy_only=False))
        names, categories = batch.column("name").to_pylist(), batch.column("category").to_pylist()
        for row, category in enumerate(categories):
            if category is not None:
                yield Report(category, names[row] or "", elements, row)

    def array(self, *names: str) -> np.ndarray:
        """All values of the first element that is there, in message order; empty when none is."""
        for name in names:
            ends, values = self._elements[name]
            if ends[self._row + 1] > ends[self._row]:
                return values[ends[self._row] : ends[self._row + 1]]
        return np.empty(0)

    def number(self, *names: str) -> float:
        """The first value of the first element whose first value is not missing, or NaN."""
        for name in names:
            values = self.array(name)
            if values.size and np.isfinite(values[0]):
                return float(values[0])
        return float("nan")


def sounding_levels(report: Report) -> Levels | None:
    """Levels of an ascent or a pilot balloon, or None when there are none or no place for them."""
    pressure, speed, temperature = report.array("pressure"), report.array("windSpeed"), report.array("airTemperature")
    height = _heights(report)
    # Newer templates append wind-shear levels, which have pressures of their own.
    count = min(max(pressure.size, height.size), max(temperature.size, speed.size))
    head = _head(report)
    if count == 0 or head is None:
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


def surface_level(report: Report) -> Levels | None:
    """The one level of a surface report, or None when it says nothing or not where it was."""
    elements = {
        "pressure": report.number("nonCoordinatePressure"),
        "temperature": report.number("airTemperatureAt2M", "airTemperature"),
        "dew_point": report.number("dewpointTemperatureAt2M", "dewpointTemperature"),
        "direction": report.number("windDirectionAt10M", "windDirection"),
        "speed": report.number("windSpeedAt10M", "windSpeed"),
    }
    head = _head(report)
    if head is None or np.isnan(list(elements.values())).all():
        return None
    barometer = report.number(_BAROMETER)
    elements["barometer"] = head["elev"] if np.isnan(barometer) else barometer
    return _repeated(head, 1) | {name: np.array([value]) for name, value in elements.items()}


def aircraft_levels(report: Report) -> Levels | None:
    """The level of an aircraft's report or the levels of its ascent or descent."""
    head = _head(report)
    speed, temperature = report.array("windSpeed"), report.array("airTemperature")
    altitude, pressure = report.array("flightLevel", "height"), report.array("pressure")
    # Some templates append wind and temperature of the strongest turbulence, which are no levels.
    count = min(max(altitude.size, pressure.size), max(speed.size, temperature.size))
    if head is None or count == 0:
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


def _heights(report: Report) -> np.ndarray:
    """Geopotential height (m) of levels, from whichever element has it."""
    geopotential = report.array("nonCoordinateGeopotential", "geopotential")
    height = report.array("nonCoordinateGeopotentialHeight", "geopotentialHeight")
    return height if height.size else geopotential / GRAVITY


def _head(report: Report) -> dict[str, Any] | None:
    """Time, place and name of a report, or None when it does not say where and when it was."""
    latitude, longitude = report.number("latitude"), report.number("longitude")
    year, month, day, hour = (report.number(key) for key in ("year", "month", "day", "hour"))
    if not np.isfinite([latitude, longitude, year, month, day, hour]).all() or not 1900 <= year <= 2100:
        return None
    minute, second = np.nan_to_num(report.number("minute")), np.nan_to_num(report.number("second"))
    try:
        date = f"{year:04.0f}-{month:02.0f}-{day:02.0f}T{hour:02.0f}:{minute:02.0f}:{second:02.0f}"
        time = np.datetime64(date, "ns")
    except ValueError:
        return None
    block, number = report.number("blockNumber"), report.number("stationNumber")
    on_land = bool(np.isfinite([block, number]).all())
    elevation = report.number(*_HEIGHTS)
    return {
        "time": time,
        "lat": latitude,
        "lon": longitude,
        "elev": 0.0 if not on_land and np.isnan(elevation) else elevation,
        "station": f"{block:02.0f}{number:03.0f}" if on_land else report.name,
        "at_sea": not on_land,
    }


def _repeated(head: dict[str, Any], count: int) -> Levels:
    kinds: dict[str, Any] = {"time": "datetime64[ns]", "station": object}
    return {name: np.full(count, value, dtype=kinds.get(name)) for name, value in head.items()}


def _first(values: np.ndarray, count: int) -> np.ndarray:
    """The first `count` values, or NaN where there are fewer."""
    return values[:count] if values.size >= count else np.full(count, np.nan)
