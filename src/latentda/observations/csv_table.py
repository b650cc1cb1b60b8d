"""Reader of plain CSV, gzipped or not, by a map from columns of the table to columns of the file.

A map is written as in this YAML, here the shipped one for METARs (`column_map("metar")`):

    time: Unix_time           # as `times` tells, or by time_format; a list of columns is joined
    lat: Latitude
    lon: Longitude
    elev: Elev [m]            # a column of the file, in a unit
    station: ICAO
    class: =ADPSFC            # the same for all rows
    type: =187
    t2m: Temp [degC]          # a variable of the table: a value column
    d2m: Dewp [degC]
    wind10m: ["Wspd [knots]", Wdir]   # speed and direction to u10m, v10m; `wind` to u, v

Further keys: `time_format` (strptime's, or `hours since 1900-01-01`), `delimiter` (told by the header if it is not
given; "whitespace" for columns padded with blanks), `missing` (texts that stand for no value, beside the empty one and
-9999). Units are spelled in any usual way; without one, and where the column's name has none, the file is in SI, but
for pressures that can only be hPa (`pressure_unit`). A file with a row a datum has `variable` and `observation` instead
of value columns; then `unit: NAME` is the column with each row's unit, `units: {t: degC, q: g/kg}` gives those of
variables, and `names: {TEMP: t}` says what the file calls them. Without a map, columns are told by their names
(`column_names`).

The file is streamed, so memory holds one block of it and the rows made so far. Rows with another number of columns
are left out with a `DamageWarning`, unless they are more than a tenth; what becomes of rows that lack something or
cannot be is `tabular`'s to tell.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv

from latentda.observations.bufr_decoder import MOST_LEFT_OUT, DamageWarning
from latentda.observations.column_maps import ColumnMap, column_map
from latentda.observations.column_names import units_of_names
from latentda.observations.compressed import decompressed
from latentda.observations.csv_text import Header, plain, read_header
from latentda.observations.own_maps import own_map
from latentda.observations.row_notes import RowNotes, RowWarning
from latentda.observations.table import ObservationError, concatenate
from latentda.observations.tabular import TableMaker

_BLOCK_BYTES = 4_000_000
_NOTHING = ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "--"]


def read_csv(path: str | Path, columns: Mapping[str, Any] | ColumnMap | str | None = None) -> pa.Table:
    """Read a CSV file to an observation table.

    Args:
        path: the file.
        columns: the map as in the module's text, or the name of a shipped one; None for a file that has the table's
            own column names.

    Raises:
        ObservationError: the file is missing, empty, is no CSV or lacks a column, no value is a number or time, or
            too many rows are damaged.
    """
    return concatenate(csv_pieces(path, columns))


def csv_pieces(path: str | Path, columns: Mapping[str, Any] | ColumnMap | str | None = None) -> Iterator[pa.Table]:
    """`read_csv`, a block of the file at a time."""
    path = Path(path)
    given = None if columns is None else column_map(columns)
    with decompressed(path) as file:
        header = read_header(file, path, given.delimiter if given else None)
        chosen = _of_file(given or own_map(header.names, path), header, path)
        with plain(file, header.delimiter == "whitespace") as (copy, encoding):
            if encoding == "cp1252":
                text = "is not in UTF-8 and was read as Latin-1 (Windows-1252); save it as UTF-8 if names are wrong"
                warnings.warn(RowWarning(f"{path} {text}"), stacklevel=2)
            yield from _pieces(copy, path, chosen, header)


def _of_file(given: ColumnMap, header: Header, named: Path) -> ColumnMap:
    try:
        return given.spelled(header.names).with_units(units_of_names(header.names))
    except ObservationError as error:
        raise ObservationError(f"{named} cannot be read as CSV by this map: {error}") from error


def _pieces(file: Path, named: Path, chosen: ColumnMap, header: Header) -> Iterator[pa.Table]:
    lines, notes = _Lines(header.line), RowNotes(named)
    make = TableMaker(chosen, notes, "csv", decimal_comma=header.delimiter not in (",", "whitespace"))
    try:
        with pa.csv.open_csv(
            file,
            # Threads would not know the number of a line.
            read_options=pa.csv.ReadOptions(
                block_size=_BLOCK_BYTES, column_names=header.names, skip_rows=header.line, use_threads=False
            ),
            # Blank lines count, so that lines have their numbers.
            parse_options=pa.csv.ParseOptions(
                delimiter="," if header.delimiter == "whitespace" else header.delimiter,
                invalid_row_handler=lines.skip,
                ignore_empty_lines=False,
            ),
            convert_options=_conversion(chosen),
        ) as stream:
            for block in stream:
                yield make(block, lines.of(block.num_rows))
    except (pa.ArrowException, UnicodeDecodeError) as error:
        raise ObservationError(f"{named} cannot be read as CSV by this map: {str(error).splitlines()[0]}") from error
    lines.judge(notes, named)
    make.finish()


class _Lines:
    """The numbers of the lines that rows stand in."""

    def __init__(self, header: int):
        self._next, self._header = header + 1, header
        self._skipped: list[int] = []

    def skip(self, row: pa.csv.InvalidRow) -> str:
        """Leave out a row with another number of columns."""
        self._skipped.append(int(row.number or 0))
        return "skip"

    def of(self, count: int) -> np.ndarray:
        """The lines of the next rows."""
        ahead = np.arange(self._next, self._next + count + len(self._skipped))
        found = ahead[~np.isin(ahead, self._skipped)][:count]
        self._next = int(found[-1]) + 1 if count else self._next
        return found

    def judge(self, notes: RowNotes, named: Path) -> None:
        """Warn of rows left out, or refuse the file if they are too many."""
        lost, total = len(self._skipped), notes.total + len(self._skipped)
        if lost > MOST_LEFT_OUT * total:
            raise ObservationError(f"{named} is damaged CSV: {lost} of {total} rows have gaps{self._first()}")
        if lost:
            text = f"{named} is damaged: {lost} of {total} rows have gaps and are left out{self._first()}"
            warnings.warn(DamageWarning(text), stacklevel=2)

    def _first(self) -> str:
        return f", the first is row {min(self._skipped)}" if all(self._skipped) else ""


def _conversion(chosen: ColumnMap) -> pa.csv.ConvertOptions:
    """Everything as text, since one cell that is no number would refuse the whole file."""
    names = list(dict.fromkeys([*chosen.text_columns(), *chosen.number_columns()]))
    return pa.csv.ConvertOptions(
        include_columns=names,
        column_types=dict.fromkeys(names, pa.string()),
        null_values=[*_NOTHING, *chosen.missing],
        strings_can_be_null=True,
    )
