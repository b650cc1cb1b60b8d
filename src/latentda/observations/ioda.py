"""Reader of IODA files, JEDI's Interface for Observation Data Access: NetCDF-4 with a group a purpose.

| group | what is read |
| --- | --- |
| MetaData | latitude, longitude, dateTime, pressure, height, stationElevation, stationIdentification |
| ObsValue, or DerivedObsValue | values along the dimension Location |
| ObsError | error standard deviations |
| PreQC or QualityMarker | prepBUFR quality marks |
| ObsType | NCEP report types |

The last three have variables of the same names as ObsValue. Names are those of the convention (`airTemperature`) or
older ones (`air_temperature`); a quantity that ObsValue lacks is taken from DerivedObsValue. Where ObsType says that a
report is from the surface (180-199, 280-299), temperature, humidity and wind are those near the ground. `height` serves
where there is no pressure; of a refractivity it is geometric and becomes geopotential height (`gnssro`). Missing is the
variable's `_FillValue`, and JEDI's own missing values, which lie beyond 1e30 in size. Variables with a channel
dimension are not read.

Every value is converted from the unit that its variable tells; a unit that is not known, or is one of something else,
is refused. Where none is told, values are in SI, as the convention has it, and errors in the unit of their values.

Source of the conventions: JCSDA, "JEDI documentation", chapter "Conventions" (groups, missing values), and the names
that JCSDA's ioda-converters write. No file written by JEDI itself was at hand: the tests write their own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from latentda.grid.units import Conversion, conversion
from latentda.observations.compressed import decompressed
from latentda.observations.gnssro import geopotential_height
from latentda.observations.ioda_file import IodaFile, IodaVariable, read_groups
from latentda.observations.ioda_times import ioda_times
from latentda.observations.left_out import LeftOut, warn_left_out
from latentda.observations.reports import table_from_reports, told_and_kept
from latentda.observations.table import ObservationError, concatenate
from latentda.physics.constants import GRAVITY
from latentda.user_error import UserError


@dataclass(frozen=True)
class _Name:
    """What the names of a quantity mean: variables aloft and at the surface, a unit, and the factor from it to SI."""

    variable: str
    surface: str
    unit: str
    scale: float = 1.0


_T, _Q, _U, _V = (
    _Name("t", "t2m", "K"),
    _Name("q", "q2m", "kg kg-1"),
    _Name("u", "u10m", "m s-1"),
    _Name("v", "v10m", "m s-1"),
)
_TD, _WS, _SP = _Name("td", "d2m", "K"), _Name("ws", "ws10m", "m s-1"), _Name("sp", "sp", "Pa")
_TCWV, _TV, _N = _Name("tcwv", "tcwv", "kg m-2"), _Name("tv", "tv", "K"), _Name("n", "n", "1")
_Z = _Name("z", "z", "m", GRAVITY)
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
    "geopotentialHeight": _Z,
    "geopotential_height": _Z,
    "atmosphericRefractivity": _N,
    "atmospheric_refractivity": _N,
    "refractivity": _N,
    "stationPressure": _SP,
    "surface_pressure": _SP,
    "airTemperatureAt2M": _Name("t2m", "t2m", "K"),
    "specificHumidityAt2M": _Name("q2m", "q2m", "kg kg-1"),
    "dewpointTemperatureAt2M": _Name("d2m", "d2m", "K"),
    "windEastwardAt10M": _Name("u10m", "u10m", "m s-1"),
    "windNorthwardAt10M": _Name("v10m", "v10m", "m s-1"),
    "windSpeedAt10M": _Name("ws10m", "ws10m", "m s-1"),
    "totalColumnWaterVapor": _TCWV,
    "precipitableWater": _TCWV,
}
_PLACES = {
    "lat": (("latitude",), "degrees_north"),
    "lon": (("longitude",), "degrees_east"),
    "pres": (("pressure", "airPressure", "air_pressure"), "Pa"),
    "height": (("height", "geopotentialHeight"), "m"),
    "elev": (("stationElevation", "station_elevation", "elevation"), "m"),
}
"""Columns of the table, their names in MetaData, and units."""
_TIMES = ("dateTime", "datetime")
_STATIONS = ("stationIdentification", "stationIdentifier", "station_id", "satelliteIdentifier")
_VALUES, _MARKS = ("ObsValue", "DerivedObsValue"), ("PreQC", "QualityMarker")
_ERRORS, _TYPES = ("ObsError",), ("ObsType",)
_WANTED = dict.fromkeys((*_VALUES, *_ERRORS, *_MARKS, *_TYPES), tuple(_NAMES)) | {
    "MetaData": (*(name for names, _ in _PLACES.values() for name in names), *_TIMES, *_STATIONS)
}
_CLASSES = (
    ("ADPUPA", ((120, 122), (132, 132), (220, 222), (232, 232))),
    ("AIRCFT", ((130, 131), (133, 139), (230, 231), (233, 239))),
    ("SATWND", ((240, 260),)),
    ("SFCSHP", ((180, 180), (182, 184), (280, 280), (282, 286))),
    ("ADPSFC", ((181, 181), (185, 199), (281, 281), (287, 299))),
)


def read_ioda(path: str | Path) -> pa.Table:
    """Read an IODA file to an observation table.

    Raises:
        ObservationError: the file is missing, empty, damaged, no IODA file, holds no variable of the table, or tells a
            unit that is not known.
    """
    path = Path(path)
    with decompressed(path) as file:
        return _table(read_groups(file, path, _WANTED), path)


def _table(file: IodaFile, named: Path) -> pa.Table:
    if "MetaData" not in file.groups:
        raise ObservationError(f"{named} is NetCDF but no IODA file: it lacks the group MetaData")
    places = _places(file, named)
    count = len(places["time"])
    values = {name: file.find(_VALUES, name) for name in _NAMES}
    found = {name: value for name, value in values.items() if value is not None and value.values.shape == (count,)}
    if not found:
        raise ObservationError(f"{named} is an IODA file without a variable that an observation table holds")
    reports = [_reports(file, name, value, places, named) for name, value in found.items()]
    _say_what_is_left_out(reports, file, found, named)
    return concatenate([table_from_reports(*report) for report in reports])


_Arrays = dict[str, np.ndarray]
_Reports = tuple[dict[str, Any], _Arrays, _Arrays, _Arrays]
"""Places, quantities, marks and errors as `table_from_reports` takes them."""


def _reports(file: IodaFile, name: str, value: IodaVariable, places: dict[str, Any], named: Path) -> _Reports:
    meaning, count = _NAMES[name], len(value.values)
    convert = _conversion(value, value.attribute("units"), meaning.unit, named)
    quantity = convert(value.numbers()) * meaning.scale
    error = _beside(file, _ERRORS, name, count) * meaning.scale * _error_scale(file, name, convert, named)
    mark = _beside(file, _MARKS, name, count).clip(0.0, 15.0)
    kind = np.nan_to_num(_beside(file, _TYPES, name, count)).clip(0, 65535).astype(np.int64)
    at_surface = (kind % 100 >= 80) & (kind >= 180) & (kind < 300)
    columns = dict(places) | {"type": kind, "class": _classes(kind, meaning.variable)}
    if meaning.variable == "n":
        columns["height"] = geopotential_height(places["height"], places["lat"])
    here = {}
    for variable, chosen in ((meaning.variable, ~at_surface), (meaning.surface, at_surface)):
        here[variable] = np.where(chosen | (meaning.variable == meaning.surface), quantity, np.nan)
    return columns, here, dict.fromkeys(here, mark), dict.fromkeys(here, error)


def _conversion(variable: IodaVariable, unit: str, wanted: str, named: Path) -> Conversion:
    """From the unit that a variable tells; values without one are in the wanted unit.

    Raises:
        ObservationError: the unit is not known, or one of something else.
    """
    refractivity = wanted == "1" and unit == "N"  # as the convention names it, elsewhere a newton
    if not unit or refractivity:
        return Conversion()
    percent = unit in ("%", "percent")  # of saturation, whatever is wanted
    try:
        if percent:
            raise UserError(f"'{unit}' is no unit of what is wanted in '{wanted}'.")
        return conversion(unit, wanted)
    except UserError as error:
        raise ObservationError(f"{named} cannot be read at {variable.name}: {error}") from error


def _error_scale(file: IodaFile, name: str, of_value: Conversion, named: Path) -> float:
    """What errors are multiplied by: those without a unit of their own have that of their values."""
    error = file.find(_ERRORS, name)
    if error is None or not error.attribute("units"):
        return of_value.scale
    return _conversion(error, error.attribute("units"), _NAMES[name].unit, named).scale


def _beside(file: IodaFile, groups: tuple[str, ...], name: str, count: int) -> np.ndarray:
    """Values of a variable of the same name in another group, NaN where there is none."""
    variable = file.find(groups, name)
    if variable is None or variable.values.shape != (count,):
        return np.full(count, np.nan)
    return variable.numbers()


def _places(file: IodaFile, named: Path) -> dict[str, Any]:
    """Columns of the table from the group MetaData."""
    metadata = file.groups["MetaData"]

    def first(names: Iterable[str]) -> IodaVariable | None:
        return next((metadata[name] for name in names if name in metadata), None)

    found = {column: first(names) for column, (names, _) in _PLACES.items()}
    latitude, time, station = found["lat"], first(_TIMES), first(_STATIONS)
    if latitude is None or found["lon"] is None:
        raise ObservationError(f"{named} is no IODA file: its MetaData lacks latitude or longitude")
    if time is None:
        raise ObservationError(f"{named} is no IODA file: its MetaData lacks dateTime")
    count = len(latitude.values)
    for other in filter(None, (*found.values(), time, station)):
        if len(other.values) != count:
            raise ObservationError(f"{named} is damaged: {other.name} and {latitude.name} differ in length")
    places: dict[str, Any] = {"time": ioda_times(time, named), "source": "ioda"}
    for column, variable in found.items():
        places[column] = np.full(count, np.nan) if variable is None else _in_si(variable, _PLACES[column][1], named)
    places["pres"] = np.where(places["pres"] > 0.0, places["pres"], np.nan)
    places["station"] = np.array([""] * count if station is None else _names(station), dtype=object)
    return places


def _in_si(variable: IodaVariable, unit: str, named: Path) -> np.ndarray:
    return np.asarray(_conversion(variable, variable.attribute("units"), unit, named)(variable.numbers()))


def _names(station: IodaVariable) -> list[str]:
    """Names of stations, of satellites their numbers."""
    if station.is_text:
        return station.texts()
    return ["" if np.isnan(number) else f"{number:.0f}" for number in station.numbers()]


def _say_what_is_left_out(reports: list[_Reports], file: IodaFile, found: dict[str, IodaVariable], named: Path) -> None:
    """Locations that have no place, counted over all variables, and variables that no table holds."""
    pairs = [told_and_kept(places, quantities) for places, quantities, _, _ in reports]
    told, kept = (np.concatenate(side, axis=1) for side in zip(*pairs, strict=True))
    left_out = LeftOut(named)
    left_out.count(np.arange(len(told)), told, kept)
    left_out.warn()
    names = {name for group in _VALUES for name in (*file.others.get(group, ()), *file.groups.get(group, {}))}
    if others := sorted(names - set(found)):
        warn_left_out(f"{named}: an observation table has no place for {', '.join(others)}, which is left out")


def _classes(kind: np.ndarray, variable: str) -> np.ndarray:
    """NCEP message types of report types; of refractivity always GPSRO."""
    classes = np.full(len(kind), "GPSRO" if variable == "n" else "", dtype=object)
    for name, ranges in _CLASSES:
        for low, high in ranges:
            classes[(kind >= low) & (kind <= high) & (classes == "")] = name
    return classes
