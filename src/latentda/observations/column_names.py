"""Names of columns as files spell them, which column of the observation table each is, and the unit it ends with.

`Latitude`, `lat_deg`, `Pressure (hPa)`, `pressure_hpa`: capitals, blanks, and a unit in brackets or after the last
underscore do not matter. Names that mean several things (`temperature` at a station or aloft, `height` of a datum or of
its station) are left to a column map.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from latentda.grid.units import is_unit
from latentda.grid.variables import BY_STORED_NAME
from latentda.observations.table import SCHEMA, UPPER_AIR_VARIABLES, VARIABLES, ObservationError

UNIT = "unit"
"""A column with the unit of each row's observation."""
_ALSO = {
    "time": (
        *("datetime", "date_time", "timestamp", "valid_time", "obs_time", "observation_time"),
        *("time_utc", "utc_time", "datetime_utc", "utc", "unix_time"),
    ),
    "lat": ("latitude", "obs_lat", "station_lat", "station_latitude"),
    "lon": ("longitude", "long", "lng", "obs_lon", "station_lon", "station_longitude"),
    "elev": ("elevation", "station_elevation", "station_height"),
    "pres": ("pressure", "air_pressure", "press", "plev", "pressure_level", "isobaric"),
    "observation": ("value", "obs_value", "observed_value", "measurement", "measured_value", "obs"),
    "variable": ("parameter", "param", "variable_name", "var_name", "observed_property"),
    "error": ("obs_error", "observation_error", "error_sd", "obs_err"),
    "station": (
        "station_id",
        "stn",
        "stn_id",
        "station_identifier",
        "wmo_id",
        "platform_id",
        "callsign",
        "icao",
        "station_name",
    ),
    UNIT: ("units", "obs_unit", "observation_unit", "observation_units", "value_unit"),
}
_UNAMBIGUOUS = ("time", "lat", "lon", "pres", "observation", "variable")
_OWN = {name: name for name in (*SCHEMA.names, *VARIABLES, UNIT)}
_OWN |= {stored: known.short for stored, known in BY_STORED_NAME.items() if known.short in VARIABLES}
_OWN |= {other: name for name, others in _ALSO.items() for other in others}
_ENDINGS = {
    **dict.fromkeys(("deg", "degrees"), "degrees"),
    **dict.fromkeys(("c", "degc", "celsius"), "degC"),
    **dict.fromkeys(("f", "degf"), "degF"),
    **dict.fromkeys(("k", "kelvin"), "K"),
    **dict.fromkeys(("ms", "mps"), "m/s"),
    **dict.fromkeys(("kt", "kts", "knots"), "kt"),
    **{"hpa": "hPa", "mb": "mb", "mbar": "mbar", "pa": "Pa", "kpa": "kPa", "m": "m", "km": "km", "ft": "ft"},
}
_BRACKETS = re.compile(r"(.*?)[\s_]*[\[(]([^\[\]()]*)[\])]")


def folded(name: str) -> str:
    """A name without capitals, quotes, blanks around it, and a byte-order mark before it."""
    return name.strip("\ufeff \t\r\n\"'").casefold()


def stem_and_unit(name: str) -> tuple[str, str]:
    """A folded name with underscores, without what its end says of a unit; and the unit, "" where it says none."""
    bracketed = _BRACKETS.fullmatch(name.strip("\ufeff \t\r\n\"'"))
    inside = bracketed[2].strip() if bracketed else ""
    stem = re.sub(r"[\s\-./]+", "_", folded(bracketed[1] if bracketed else name))
    if inside:
        return stem, inside if is_unit(inside) else ""
    before, _, ending = stem.rpartition("_")
    return (before, _ENDINGS[ending]) if ending in _ENDINGS and before in _OWN and stem not in _OWN else (stem, "")


def units_of_names(names: Iterable[str]) -> dict[str, str]:
    """The units that names of columns end with."""
    return {name: unit for name in names if (unit := stem_and_unit(name)[1])}


def own_columns(names: Sequence[str]) -> dict[str, str]:
    """The file's columns by the table's names, as far as they have one.

    The table's own spelling goes before another; of several others for what is no part of a datum's place or value, the
    most usual one is taken. Long names of upper-air variables, which stations use too, count beside a pressure or
    height only.

    Raises:
        ObservationError: two columns have other spellings of one name.
    """
    found = {name: name for name in names if name in SCHEMA.names or name in VARIABLES or name == UNIT}
    others: dict[str, list[str]] = {}
    for name in names:
        if (own := _OWN.get(stem_and_unit(name)[0])) and own not in found:
            others.setdefault(own, []).append(name)
    aloft = {"pres", "height"} & {*found, *others}
    for own, several in others.items():
        stems = [stem_and_unit(name)[0] for name in several]
        if own in UPPER_AIR_VARIABLES and not aloft and stems[0] != own:
            continue
        if len(several) > 1 and own in (*_UNAMBIGUOUS, *VARIABLES):
            raise ObservationError(
                f"the columns {' and '.join(several)} may both be {own}; a column map must say which it is"
            )
        order = [own, *_ALSO.get(own, ())]
        found[own] = min(several, key=lambda name: _rank(stem_and_unit(name)[0], order))
    return found


def _rank(stem: str, order: list[str]) -> int:
    return order.index(stem) if stem in order else len(order)


def spelled(wanted: Iterable[str], names: Sequence[str]) -> dict[str, str]:
    """The file's spelling of each wanted column; a unit that it ends with may be left out of the wanted one.

    Raises:
        ObservationError: the file has no such column, or it has it twice.
    """
    wanted = list(dict.fromkeys(wanted))
    by_fold: dict[str, list[str]] = {}
    for name in names:
        by_fold.setdefault(folded(name), []).append(name)
    for name in names:
        if (bare := _BRACKETS.fullmatch(name.strip())) and bare[1]:
            by_fold.setdefault(folded(bare[1]), []).append(name)
    found = {name: name if name in names else by_fold.get(folded(name), [""])[0] for name in wanted}
    if lacking := [name for name in wanted if not found[name]]:
        has = ", ".join(repr(name) for name in names)
        raise ObservationError(f"it has no column {', '.join(map(repr, lacking))}; its columns are {has}")
    if twice := sorted({name for name in found.values() if list(names).count(name) > 1}):
        raise ObservationError(f"it has the column {twice[0]!r} twice")
    return found
