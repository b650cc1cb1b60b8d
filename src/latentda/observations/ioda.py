"""Reader of IODA files, JEDI's Interface for Observation Data Access: NetCDF-4 with a group a purpose.

| group | what is read |
| --- | --- |
| MetaData | latitude, longitude, dateTime, pressure, height, stationElevation, stationIdentification |
| ObsValue, or DerivedObsValue | values along the dimension Location |
| ObsError | error standard deviations |
| PreQC or QualityMarker | prepBUFR quality marks |
| ObsType | NCEP report types |

All three of the last have variables of the same names as ObsValue. Names are those of the convention
(`airTemperature`) or older ones (`air_temperature`). Where ObsType says that a report is from the surface (180-199,
280-299), temperature, humidity and wind are those near the ground. `height` serves where there is no pressure; of a
refractivity it is geometric and becomes geopotential height (`gnssro`). Missing is the variable's `_FillValue`, and
JEDI's own missing values, which lie beyond 1e30 in size. Variables with a channel dimension are not read.

Source of the conventions: JCSDA, "JEDI documentation", chapter "Conventions" (groups, missing values), and the names
that JCSDA's ioda-converters write. No file written by JEDI itself was at hand: the tests write their own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pyarrow as pa

from latentda.observations.compressed import decompressed
from latentda.observations.gnssro import geopotential_height
from latentda.observations.reports import table_from_reports
from latentda.observations.table import ObservationError, concatenate
from latentda.physics.constants import GRAVITY


@dataclass(frozen=True)
class _Name:
    """What the names of a quantity mean: the variable aloft and at the surface, and its factor to SI."""

    variable: str
    surface: str
    scale: float = 1.0


_T, _Q, _U, _V = _Name("t", "t2m"), _Name("q", "q2m"), _Name("u", "u10m"), _Name("v", "v10m")
_TD, _WS, _SP, _TCWV = _Name("td", "d2m"), _Name("ws", "ws10m"), _Name("sp", "sp"), _Name("tcwv", "tcwv")
_TV, _N = _Name("tv", "tv"), _Name("n", "n")
_NAMES = {
    "airTemperature": _T,
    "air_temperature": _T,
    "virtualTemperature": _TV,
    "virtual_temperature": _TV,
    "dewpointTemperature": _TD,
    "dewPointTemperature": _TD,
    "dew_point_temperature": _TD,
    "specificHumidity": _Q,
    "specific_humidity": _Q,
    "windEastward": _U,
    "eastward_wind": _U,
    "windNorthward": _V,
    "northward_wind": _V,
    "windSpeed": _WS,
    "wind_speed": _WS,
    "geopotentialHeight": _Name("z", "z", GRAVITY),
    "geopotential_height": _Name("z", "z", GRAVITY),
    "atmosphericRefractivity": _N,
    "atmospheric_refractivity": _N,
    "refractivity": _N,
    "stationPressure": _SP,
    "surface_pressure": _SP,
    "airTemperatureAt2M": _Name("t2m", "t2m"),
    "specificHumidityAt2M": _Name("q2m", "q2m"),
    "dewpointTemperatureAt2M": _Name("d2m", "d2m"),
    "windEastwardAt10M": _Name("u10m", "u10m"),
    "windNorthwardAt10M": _Name("v10m", "v10m"),
    "windSpeedAt10M": _Name("ws10m", "ws10m"),
    "totalColumnWaterVapor": _TCWV,
    "precipitableWater": _TCWV,
}
_UNITS = {"hPa": 100.0, "mbar": 100.0, "kPa": 1000.0, "g kg-1": 1e-3}
_EPOCH = re.compile(r"seconds since (\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2})Z?")
_CLASSES = (
    ("ADPUPA", ((120, 122), (132, 132), (220, 222), (232, 232))),
    ("AIRCFT", ((130, 131), (133, 139), (230, 231), (233, 239))),
    ("SATWND", ((240, 260),)),
    ("SFCSHP", ((180, 180), (182, 184), (280, 280), (282, 286))),
    ("ADPSFC", ((181, 181), (185, 199), (281, 281), (287, 299))),
)
_MISSING_SIZE = 1e30


def read_ioda(path: str | Path) -> pa.Table:
    """Read an IODA file to an observation table.

    Raises:
        ObservationError: the file is missing, empty, damaged, no IODA file, or holds no variable of the table.
    """
    path = Path(path)
    with decompressed(path) as file:
        try:
            with h5py.File(file, "r") as content:
                return _table(content, path)
        except ObservationError:
            raise
        # HDF5 reports damage by whichever error its broken part runs into.
        except Exception as error:
            text = " ".join(str(error).split())
            raise ObservationError(f"{path} cannot be read as an IODA file: {text}") from error


def _table(content: h5py.File, named: Path) -> pa.Table:
    if "MetaData" not in content:
        raise ObservationError(f"{named} is NetCDF but no IODA file: it lacks the group MetaData")
    places = _places(_variables(content, "MetaData"), named)
    count = len(places["time"])
    tables: list[pa.Table] = []
    for group in ("ObsValue", "DerivedObsValue"):
        if not tables:
            found = _variables(content, group)
            names = [name for name in _NAMES if name in found and found[name].shape == (count,)]
            tables = [_rows(content, group, name, places) for name in names]
    if not tables:
        raise ObservationError(f"{named} is an IODA file without a variable that an observation table holds")
    return concatenate(tables)


def _rows(content: h5py.File, group: str, name: str, places: Mapping[str, Any]) -> pa.Table:
    meaning = _NAMES[name]
    value = _numbers(_variables(content, group)[name]) * meaning.scale
    error = _beside(content, ("ObsError",), name, len(value)) * meaning.scale
    mark = _beside(content, ("PreQC", "QualityMarker"), name, len(value)).clip(0.0, 15.0)
    kind = np.nan_to_num(_beside(content, ("ObsType",), name, len(value))).clip(0, 65535).astype(np.int64)
    at_surface = (kind % 100 >= 80) & (kind >= 180) & (kind < 300)
    columns = dict(places) | {"type": kind, "class": _classes(kind, meaning.variable)}
    if meaning.variable == "n":
        columns["height"] = geopotential_height(places["height"], places["lat"])
    here = {}
    for variable, chosen in ((meaning.variable, ~at_surface), (meaning.surface, at_surface)):
        here[variable] = np.where(chosen | (meaning.variable == meaning.surface), value, np.nan)
    return table_from_reports(columns, here, dict.fromkeys(here, mark), dict.fromkeys(here, error))


def _variables(content: h5py.File, group: str) -> dict[str, h5py.Dataset]:
    """The variables of a group by name; none where the group is not there."""
    found = content.get(group)
    if not isinstance(found, h5py.Group):
        return {}
    return {name: variable for name, variable in found.items() if isinstance(variable, h5py.Dataset)}


def _places(metadata: dict[str, h5py.Dataset], named: Path) -> dict[str, Any]:
    """Columns of the table from the group MetaData."""

    def numbers(*names: str) -> np.ndarray | None:
        for name in names:
            if name in metadata and metadata[name].ndim == 1:
                return _numbers(metadata[name])
        return None

    latitude, longitude = numbers("latitude"), numbers("longitude")
    if latitude is None or longitude is None:
        raise ObservationError(f"{named} is no IODA file: its MetaData lacks latitude or longitude")
    places: dict[str, Any] = {"lat": latitude, "lon": longitude, "source": "ioda"}
    places["time"] = _times(metadata, named)
    for column, names in {
        "pres": ("pressure", "airPressure", "air_pressure"),
        "height": ("height", "geopotentialHeight"),
        "elev": ("stationElevation", "station_elevation", "elevation"),
    }.items():
        values = numbers(*names)
        places[column] = np.full(len(latitude), np.nan) if values is None else values
    places["station"] = _stations(metadata, len(latitude))
    return places


def _numbers(variable: h5py.Dataset) -> np.ndarray:
    """Values in SI as float64, NaN where missing."""
    values = np.asarray(variable[...])
    fill = variable.attrs.get("_FillValue")
    missing = np.zeros(values.shape, dtype=bool) if fill is None else values == np.asarray(fill).reshape(-1)[0]
    values = values.astype(np.float64)
    missing |= ~(np.abs(values) < _MISSING_SIZE)
    # JEDI's missing integers lie a few above the least of their type.
    if variable.dtype.kind == "i":
        missing |= values < np.iinfo(variable.dtype).min + 16.0
    return np.where(missing, np.nan, values * _UNITS.get(_text(variable.attrs.get("units", "")), 1.0))


def _beside(content: h5py.File, groups: tuple[str, ...], name: str, count: int) -> np.ndarray:
    """Values of a variable of the same name in another group, NaN where there is none."""
    for group in groups:
        variable = _variables(content, group).get(name)
        if variable is not None and variable.shape == (count,):
            return _numbers(variable)
    return np.full(count, np.nan)


def _times(metadata: dict[str, h5py.Dataset], named: Path) -> np.ndarray:
    """Times in UTC, NaT where missing."""
    if "dateTime" in metadata and metadata["dateTime"].dtype.kind in "iuf":
        variable = metadata["dateTime"]
        epoch = _EPOCH.match(_text(variable.attrs.get("units", "")))
        if epoch is None:
            raise ObservationError(f"{named} has no valid unit at MetaData/dateTime; seconds since a date were wanted")
        seconds = _numbers(variable)
        known = np.abs(seconds) < 1e10  # three centuries
        whole = np.where(known, seconds, 0.0) * 1000.0
        times = np.datetime64(f"{epoch[1]}T{epoch[2]}", "ns") + whole.astype("timedelta64[ms]")
        return np.where(known, times, np.datetime64("NaT"))
    for name in ("dateTime", "datetime"):
        if name in metadata:
            texts = [text.rstrip("Z") or "NaT" for text in _texts(metadata[name])]
            return np.array(texts, dtype="datetime64[ns]")
    raise ObservationError(f"{named} is no IODA file: its MetaData lacks dateTime")


def _stations(metadata: dict[str, h5py.Dataset], count: int) -> np.ndarray:
    for name in ("stationIdentification", "stationIdentifier", "station_id", "satelliteIdentifier"):
        if name in metadata and metadata[name].shape[:1] == (count,):
            return np.array(_texts(metadata[name]), dtype=object)
    return np.full(count, "", dtype=object)


def _texts(variable: h5py.Dataset) -> list[str]:
    """Strings, from either of the ways NetCDF keeps them."""
    values = np.asarray(variable[...])
    if values.ndim == 2:  # an array of characters
        values = np.array([b"".join(row.tolist()) for row in values.astype("S1")])
    return [_text(value).strip().strip("\x00") for value in values]


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _classes(kind: np.ndarray, variable: str) -> np.ndarray:
    """NCEP message types of report types; of refractivity always GPSRO."""
    classes = np.full(len(kind), "GPSRO" if variable == "n" else "", dtype=object)
    for name, ranges in _CLASSES:
        for low, high in ranges:
            classes[(kind >= low) & (kind <= high) & (classes == "")] = name
    return classes
