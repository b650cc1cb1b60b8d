"""Reader of IODA files, JEDI's Interface for Observation Data Access: NetCDF-4 with a group a purpose.

| group | what is read |
| --- | --- |
| MetaData | latitude, longitude, dateTime, pressure, height, stationElevation, stationIdentification |
| ObsValue, or DerivedObsValue | values along the dimension Location |
| ObsError | error standard deviations |
| PreQC or QualityMarker | prepBUFR quality marks |
| ObsType | NCEP report types |
| hofx, oman | H(x_b) and y - H(x_a) of feedback, as `background` and `analysis` |
| BackgroundError, Weight, Verdict | the rest of our own feedback, see `ioda_writer` |

The last five have variables of the same names as ObsValue. Names are those of the convention (`airTemperature`) or
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
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from latentda.grid.units import Conversion, conversion
from latentda.observations.compressed import decompressed
from latentda.observations.gnssro import geopotential_height
from latentda.observations.ioda_file import IodaFile, IodaVariable, read_groups
from latentda.observations.ioda_names import NAMES, PLACES, USED
from latentda.observations.ioda_times import ioda_times
from latentda.observations.left_out import LeftOut, warn_left_out
from latentda.observations.reports import table_from_reports, told_and_kept
from latentda.observations.table import ObservationError, concatenate
from latentda.user_error import UserError

_TIMES = ("dateTime", "datetime")
_STATIONS = ("stationIdentification", "stationIdentifier", "station_id", "satelliteIdentifier")
_VALUES, _MARKS = ("ObsValue", "DerivedObsValue"), ("PreQC", "QualityMarker")
_ERRORS, _TYPES = ("ObsError",), ("ObsType",)
_FEEDBACK = {"hofx": "background", "oman": "analysis", "BackgroundError": "background_error", "Weight": "weight"}
_WANTED = dict.fromkeys((*_VALUES, *_ERRORS, *_MARKS, *_TYPES, *_FEEDBACK, "Verdict"), tuple(NAMES)) | {
    "MetaData": (*(name for names, _ in PLACES.values() for name in names), *_TIMES, *_STATIONS)
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
    values = {name: file.find(_VALUES, name) for name in NAMES}
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
    meaning, count = NAMES[name], len(value.values)
    convert = _conversion(value, value.attribute("units"), meaning.unit, named)
    quantity = convert(value.numbers()) * meaning.scale
    error = _beside(file, _ERRORS, name, count) * meaning.scale * _error_scale(file, name, convert, named)
    mark = _beside(file, _MARKS, name, count).clip(0.0, 15.0)
    kind = np.nan_to_num(_beside(file, _TYPES, name, count)).clip(0, 65535).astype(np.int64)
    at_surface = (kind % 100 >= 80) & (kind >= 180) & (kind < 300)
    columns = dict(places) | {"type": kind, "class": _classes(kind, meaning.variable)}
    columns |= _feedback(file, name, convert, quantity, meaning.scale)
    if meaning.variable == "n":
        columns["height"] = geopotential_height(places["height"], places["lat"])
    here = {}
    for variable, chosen in ((meaning.variable, ~at_surface), (meaning.surface, at_surface)):
        here[variable] = np.where(chosen | (meaning.variable == meaning.surface), quantity, np.nan)
    return columns, here, dict.fromkeys(here, mark), dict.fromkeys(here, error)


def _feedback(file: IodaFile, name: str, convert: Conversion, value: np.ndarray, scale: float) -> dict[str, np.ndarray]:
    """Columns of feedback, as far as the file has any; its numbers have the unit of the values."""
    found: dict[str, np.ndarray] = {}
    for group, column in _FEEDBACK.items():
        if group not in file.groups:
            continue
        numbers = _beside(file, (group,), name, len(value))
        if column == "weight":
            found[column] = numbers
        elif column == "background":
            found[column] = convert(numbers) * scale
        else:
            found[column] = numbers * convert.scale * scale
    if "analysis" in found:
        found["analysis"] = value - found["analysis"]
    verdict = file.find(("Verdict",), name)
    if verdict is not None:
        said = np.array(verdict.texts(), dtype=object)
        found |= {"verdict": np.where(said == USED, "", said), "used": said == USED}
    return found


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
    return _conversion(error, error.attribute("units"), NAMES[name].unit, named).scale


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

    found = {column: first(names) for column, (names, _) in PLACES.items()}
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
        places[column] = np.full(count, np.nan) if variable is None else _in_si(variable, PLACES[column][1], named)
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
