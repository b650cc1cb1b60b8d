"""A column map proposed for a file, to be edited: what its names, units and first rows tell."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import yaml

from latentda.observations.anemoi_table import is_zarr, read_zarr_table
from latentda.observations.cells import read_numbers, read_texts
from latentda.observations.column_guesses import SPEED_AND_DIRECTION, guessed_unit, guessed_variable
from latentda.observations.column_names import own_columns, stem_and_unit, units_of_names
from latentda.observations.compressed import decompressed
from latentda.observations.csv_text import encoding_of, read_header
from latentda.observations.data_rows import table_variables
from latentda.observations.netcdf_table import is_ioda, read_netcdf_table
from latentda.observations.own_maps import lacks, own_map
from latentda.observations.parquet_table import told_units
from latentda.observations.table import VARIABLES, ObservationError

_ROWS = 1000
_DATES = ("date", "day", "obs_date")
_ADVICE = {
    "time": "the time, UTC; a list of columns is joined, as in [date, hour]",
    "lat": "degrees north",
    "lon": "degrees east",
}


@dataclass(frozen=True)
class _Line:
    """A line of a map: a key, a column or two, and the unit of each that has one."""

    key: str
    columns: tuple[str, ...]
    units: tuple[str, ...]
    remark: str = ""

    def text(self, shown: Mapping[str, str]) -> str:
        """The line in YAML, with what the first row has in its column."""
        said = [f"{name} [{unit}]" if unit else name for name, unit in zip(self.columns, self.units, strict=True)]
        value = said[0] if len(said) == 1 else said
        written = yaml.safe_dump(value, default_flow_style=True, width=10_000, allow_unicode=True)
        remarks = [f"first {shown[self.columns[0]]}", *([self.remark] if self.remark else [])]
        return f"{self.key}: {written.removesuffix('...' + chr(10)).strip()}  # {'; '.join(remarks)}"


def propose_map(path: str | Path) -> str:
    """A column map in YAML for a table in CSV, Parquet, NetCDF or Zarr.

    Raises:
        ObservationError: the file cannot be read, or is of a kind that needs no map.
    """
    path = Path(path)
    frame = first_rows(path)
    names = frame.column_names
    lines = _lines(frame)
    used = {column for line in lines for column in line.columns}
    shown = {name: _shown(frame[name]) for name in names}
    text = [f"# A column map proposed for {path.name}; look at every line, then give it with --columns."]
    text += [f"# {_advice(names, path)}"]
    text += [line.text(shown) for line in lines]
    keys = {line.key: "" for line in lines} | ({"t": ""} if any(line.key.startswith("wind") for line in lines) else {})
    text += [f"# {name}: WHICH COLUMN?  ({_ADVICE.get(name, 'see the documentation')})" for name in lacks(keys)]
    text += _unknown_variables(frame, lines)
    text += [f"# not used: {name}  ({shown[name]})" for name in names if name not in used]
    return "\n".join(text) + "\n"


def first_rows(path: Path) -> pa.Table:
    """The first rows of a table in CSV, Parquet, NetCDF or Zarr, texts as they stand.

    Raises:
        ObservationError: the file cannot be read, or is of another kind.
    """
    if is_zarr(path):
        return read_zarr_table(path).slice(0, _ROWS)
    with decompressed(path) as file:
        with file.open("rb") as stream:
            magic = stream.read(4)
        if magic == b"PAR1":
            with pq.ParquetFile(file) as content:
                batch = next(content.iter_batches(_ROWS), None)
                return content.schema_arrow.empty_table() if batch is None else pa.Table.from_batches([batch])
        if (magic == b"\x89HDF" and is_ioda(file)) or b"BUFR" in magic:
            raise ObservationError(f"{path} is read as it is and needs no column map.")
        if magic in (b"\x89HDF", b"CDF\x01", b"CDF\x02", b"CDF\x05"):
            return read_netcdf_table(file, path).slice(0, _ROWS)
        return _first_lines(file, path)


def _first_lines(file: Path, named: Path) -> pa.Table:
    header = read_header(file, named, None)
    padded = header.delimiter == "whitespace"
    with file.open(encoding=encoding_of(file).removesuffix("-replace"), errors="replace", newline="") as stream:
        lines = [line for _, line in zip(range(header.line + _ROWS), stream, strict=False)][header.line :]
    cells = [line.split() for line in lines] if padded else list(csv.reader(lines, delimiter=header.delimiter))
    whole = [row for row in cells if len(row) == len(header.names)]
    columns = [pa.array([row[k].strip() or None for row in whole], pa.string()) for k in range(len(header.names))]
    return pa.table(columns, names=list(header.names))


def _lines(frame: pa.Table) -> list[_Line]:
    names = frame.column_names
    told = units_of_names(names) | told_units(frame)
    try:
        own = own_columns(names)
    except ObservationError:
        own = own_columns(_without_doubles(names))
    long = {"observation", "variable"} <= set(own)
    own = {key: name for key, name in own.items() if not (long and key in VARIABLES)}
    if dates := [name for name in names if stem_and_unit(name)[0] in _DATES]:
        own = {"time": own.get("time", dates[0])} | own
    guessed = {} if long else _guesses([name for name in names if name not in own.values()], own)
    lines = []
    for key, columns in [*((key, (name,)) for key, name in own.items()), *guessed.items()]:
        known = [told.get(name, "") for name in columns]
        units = [guessed_unit(key, name, told.get(name, ""), _numbers(frame[name])) for name in columns]
        remark = "its unit is a guess from the values" if units != known else ""
        lines.append(_time_line(frame, columns) if key == "time" else _Line(key, columns, tuple(units), remark))
    return lines


def _guesses(names: Sequence[str], own: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Variables by what stations and soundings usually call them."""
    aloft = bool({"pres", "height"} & set(own))
    found: dict[str, tuple[str, ...]] = {}
    pair: dict[str, str] = {}
    for name in names:
        kind = guessed_variable(stem_and_unit(name)[0], aloft)
        if kind in SPEED_AND_DIRECTION:
            pair.setdefault(kind, name)
        elif kind and kind not in own:
            found.setdefault(kind, (name,))
    if len(pair) == 2:
        found["wind" if aloft else "wind10m"] = tuple(pair[kind] for kind in SPEED_AND_DIRECTION)
    return found


def _time_line(frame: pa.Table, columns: tuple[str, ...]) -> _Line:
    """The time; of a clock alone, with the column of the date before it."""
    clock = _shown(frame[columns[0]])
    dates = [name for name in frame.column_names if stem_and_unit(name)[0] in _DATES and name != columns[0]]
    if dates and not set(clock) & set("-/T") and len(clock) <= 8:
        columns = (dates[0], columns[0])
    return _Line("time", columns, ("",) * len(columns))


def _without_doubles(names: Sequence[str]) -> list[str]:
    """Names without those that mean what an earlier one means already."""
    kept: list[str] = []
    for name in names:
        try:
            own_columns([*kept, name])
        except ObservationError:
            continue
        kept.append(name)
    return kept


def _unknown_variables(frame: pa.Table, lines: Sequence[_Line]) -> list[str]:
    """Of a long table, what it calls variables that the table does not know."""
    column = next((line.columns[0] for line in lines if line.key == "variable"), None)
    if column is None:
        return []
    values = pc.unique(read_texts(frame[column]))
    _, known = table_variables(values, {})
    unknown = [str(name) for name, is_known in zip(values.to_pylist(), known, strict=True) if not is_known and name]
    asked = ", ".join(f"{yaml.safe_dump(name).splitlines()[0]}: WHICH VARIABLE?" for name in unknown)
    return [f"# names: {{{asked}}}"] if unknown else []


def _advice(names: Sequence[str], path: Path) -> str:
    try:
        own_map(names, path)
    except ObservationError as error:
        shipped = str(error).partition("give it --columns ")[2].partition(";")[0]
        if shipped:
            return f"It is read with --columns {shipped} too."
        return "Units stand in brackets; without one SI is meant."
    return "Its columns are read without a map too."


def _shown(values: pa.ChunkedArray) -> str:
    there = values.drop_null()
    return " ".join(str(there[0].as_py()).split())[:40] if len(there) else "nothing"


def _numbers(values: pa.ChunkedArray) -> np.ndarray[Any, Any]:
    found = read_numbers(values).values
    return found[np.isfinite(found)]
