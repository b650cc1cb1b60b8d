"""Maps from the columns of the observation table to those of a file's; `csv_table` shows how one is written."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from latentda.observations.column_names import spelled
from latentda.observations.column_units import to_table_unit
from latentda.observations.table import SCHEMA, VARIABLES, ObservationError
from latentda.settings import read_yaml
from latentda.user_error import UserError

_WINDS = {"wind": ("u", "v"), "wind10m": ("u10m", "v10m")}
TEXTS = ("station", "class", "source", "variable", "verdict", "used")
"""Columns of the table that are read as text."""
_SETTINGS = ("time", "time_format", "delimiter", "missing", "unit", "units", "names")


@dataclass(frozen=True)
class Source:
    """Where a value comes from: a column, SI = scale * value + offset, or a constant when `column` is None.

    Without a `unit` nobody has said one; then it is SI's, scale and offset say nothing.
    """

    column: str | None
    scale: float = 1.0
    offset: float = 0.0
    value: str | float | None = None
    unit: str | None = None

    def told(self, name: str, units: Mapping[str, str]) -> Source:
        """The source of what the table calls `name`, in the unit that the file tells if the map tells none.

        Raises:
            ObservationError: the unit is unknown, or of another kind.
        """
        if self.unit is not None or self.column not in units or name in TEXTS:
            return self
        return _in_unit(name, str(self.column), units[str(self.column)])


@dataclass(frozen=True)
class ColumnMap:
    """Where everything of a table comes from in a file.

    Attributes:
        time: columns that joined give the time.
        places: sources of the table's other columns.
        variables: sources of values by variable.
        winds: sources of speed and direction by the names of the two components.
        time_format: strptime's, or `UNIT since DATE`; None for what `times` tells apart by itself.
        delimiter: one character, or "whitespace"; None to tell it by the header.
        missing: texts that stand for no value.
        unit: the column with the unit of each row's observation.
        units: units of observations by variable, for rows that tell none.
        names: variables of the table by what the file calls them, in its column `variable`.
    """

    time: tuple[str, ...]
    places: Mapping[str, Source]
    variables: Mapping[str, Source] = field(default_factory=dict)
    winds: Mapping[tuple[str, str], tuple[Source, Source]] = field(default_factory=dict)
    time_format: str | None = None
    delimiter: str | None = None
    missing: tuple[str, ...] = ()
    unit: str | None = None
    units: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)

    def name(self, column: str) -> str | None:
        """The file's name of a column of the table, None of a constant; its own name where the map has none."""
        source = self.places.get(column)
        return column if source is None else source.column

    def spelled(self, names: Sequence[str]) -> ColumnMap:
        """The map with the columns' names as a file spells them.

        Raises:
            ObservationError: a column is not there, or twice.
        """
        found = spelled([*self.text_columns(), *self.number_columns()], names)

        def of_file(_: str, source: Source) -> Source:
            return source if source.column is None else replace(source, column=found[source.column])

        unit = None if self.unit is None else found[self.unit]
        return replace(self._with_sources(of_file), time=tuple(found[name] for name in self.time), unit=unit)

    def with_units(self, units: Mapping[str, str]) -> ColumnMap:
        """The map with the units that the file tells, by its columns, where the map tells none.

        Raises:
            ObservationError: a unit is unknown, or of another kind than its column.
        """
        return self._with_sources(lambda name, source: source.told(name, units))

    def _with_sources(self, change: Callable[[str, Source], Source]) -> ColumnMap:
        return replace(
            self,
            places={name: change(name, source) for name, source in self.places.items()},
            variables={name: change(name, source) for name, source in self.variables.items()},
            winds={
                names: (change(names[0], speed), change("direction", angle))
                for names, (speed, angle) in self.winds.items()
            },
        )

    def text_columns(self) -> list[str]:
        """Columns of the file to be read as text."""
        texts = [source.column for name, source in self.places.items() if name in TEXTS and source.column]
        return list(dict.fromkeys([*self.time, *texts, *([self.unit] if self.unit else [])]))

    def number_columns(self) -> list[str]:
        """Columns of the file to be read as numbers."""
        sources = [source for name, source in self.places.items() if name not in TEXTS]
        sources += [*self.variables.values(), *(source for pair in self.winds.values() for source in pair)]
        return list(dict.fromkeys(source.column for source in sources if source.column is not None))


METAR = {
    "time": "Unix_time",
    "lat": "Latitude",
    "lon": "Longitude",
    "elev": "Elev [m]",
    "station": "ICAO",
    "class": "=ADPSFC",
    "type": "=187",
    "t2m": "Temp [degC]",
    "d2m": "Dewp [degC]",
    "wind10m": ["Wspd [knots]", "Wdir"],
}
"""Decoded METARs, without pressure.

Their altimeter setting is reduced to sea level by the standard atmosphere, so it is neither `sp` nor `msl`: at stations
above 500 m it differs from the latter by -9 to 2 hPa in nine of ten reports. `msl` itself is in a remark (SLP) of some
reports, which is no column.
"""

SHIPPED_MAPS: dict[str, dict[str, Any]] = {"metar": METAR}


def column_map(given: Mapping[str, Any] | ColumnMap | str | Path) -> ColumnMap:
    """The map from its written form, the name of a shipped one, or a YAML file.

    Raises:
        ObservationError: the map has an unknown key or unit, or lacks time, place or values.
    """
    if isinstance(given, ColumnMap):
        return given
    if isinstance(given, str | Path):
        given = SHIPPED_MAPS[str(given)] if str(given) in SHIPPED_MAPS else _from_yaml(Path(given))
    unknown = set(given) - {*SCHEMA.names, *VARIABLES, *_WINDS, *_SETTINGS}
    if unknown:
        raise ObservationError(f"a column map has the unknown key(s) {', '.join(sorted(map(str, unknown)))}")
    places = {name: _source(name, given[name]) for name in SCHEMA.names if name in given and name != "time"}
    variables = {name: _source(name, given[name]) for name in VARIABLES if name in given}
    winds = {_WINDS[name]: _wind(name, given[name]) for name in _WINDS if name in given}
    missing = [name for name in ("time", "lat", "lon") if name not in given]
    if missing or not (variables or winds or {"variable", "observation"} <= set(places)):
        wanted = ", ".join(missing) or "a variable, or variable and observation"
        raise ObservationError(f"a column map must also say where to find {wanted}")
    time = given["time"]
    chosen = ColumnMap(
        _listed(time),
        places,
        variables,
        winds,
        given.get("time_format"),
        _delimiter(given.get("delimiter")),
        _listed(given.get("missing", ())),
        given.get("unit"),
        _named("units", given.get("units", {})),
        _named("names", given.get("names", {})),
    )
    both = set(chosen.text_columns()) & set(chosen.number_columns())
    if both:
        raise ObservationError(f"a column map takes the column {min(both)} both as text or time and as a number")
    return chosen


def _from_yaml(path: Path) -> Mapping[str, Any]:
    if not path.is_file():
        raise ObservationError(f"{path} is neither a shipped column map ({', '.join(SHIPPED_MAPS)}) nor a file")
    try:
        content = read_yaml(path, "a column map in YAML", _quoted)
    except UserError as error:
        raise ObservationError(str(error)) from error
    if not isinstance(content, Mapping):
        raise ObservationError(f"{path} is no column map: it must map names to columns")
    return content


def _quoted(line: str) -> str:
    """A line with quotes around columns in a list that have a unit in brackets, which YAML takes for a list."""
    return re.sub(r"(?<=[\[,])\s*([^\s\[\],'\"#][^\[\],'\"#]*\[[^\[\],'\"#]*\])(?=\s*[,\]])", r" '\1'", line)


def _listed(given: Any) -> tuple[str, ...]:
    """Texts of a list, or of one."""
    return tuple(map(str, given)) if isinstance(given, list | tuple) else (str(given),)


def _named(key: str, given: Any) -> Mapping[str, str]:
    """Units of variables, or variables of names."""
    if not isinstance(given, Mapping):
        raise ObservationError(f"a column map must give {key} as pairs, such as {{t: degC}}, not {given!r}")
    pairs = {str(name): str(value) for name, value in given.items()}
    for variable in pairs if key == "units" else pairs.values():
        if variable not in VARIABLES:
            raise ObservationError(f"a column map has the unknown variable {variable} in {key}")
    if key == "units":
        for variable, unit in pairs.items():
            to_table_unit(variable, unit)
    return pairs


def _delimiter(given: Any) -> str | None:
    delimiter = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";"}.get(given, given)
    if delimiter is None or delimiter == "whitespace" or (isinstance(delimiter, str) and len(delimiter) == 1):
        return delimiter
    raise ObservationError(f"a column map must give delimiter as one character or 'whitespace', not {given!r}")


def _source(name: str, text: Any) -> Source:
    if isinstance(text, Source):
        return text
    if isinstance(text, int | float) and not isinstance(text, bool):
        return Source(None, value=float(text))
    if not isinstance(text, str):
        raise ObservationError(f"a column map must give {name} as a column, a number or =constant, not {text!r}")
    if text.startswith("="):
        constant = text[1:].strip()
        try:
            return Source(None, value=constant if name in TEXTS else float(constant))
        except ValueError as error:
            raise ObservationError(f"a column map gives {name} the constant {constant}, which is no number") from error
    unit = re.fullmatch(r"(.*?)\s*\[([^\[\]]*)\]", text)
    if unit is None:
        return Source(text)
    return _in_unit(name, unit.group(1), unit.group(2))


def _in_unit(name: str, column: str, unit: str) -> Source:
    si = to_table_unit(name, unit)
    return Source(column, si.scale, si.offset, unit=unit)


def _wind(name: str, pair: Any) -> tuple[Source, Source]:
    if isinstance(pair, str) or len(pair) != 2:
        raise ObservationError(f"a column map must give {name} as a list of speed and direction")
    return _source(name, pair[0]), _source("direction", pair[1])
