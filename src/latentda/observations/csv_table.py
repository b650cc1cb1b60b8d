"""Reader of plain CSV, gzipped or not, by a map from columns of the table to columns of the file.

A map is written as in this YAML, here the shipped one for METARs (`column_map("metar")`):

    time: Unix_time           # seconds since 1970, ISO 8601, or by time_format; a list of columns is joined
    lat: Latitude
    lon: Longitude
    elev: Elev [m]            # a column of the file, in a unit
    station: ICAO
    class: =ADPSFC            # the same for all rows
    type: =187
    t2m: Temp [degC]          # a variable of the table: a value column
    d2m: Dewp [degC]
    wind10m: [Wspd [knots], Wdir]     # speed and direction to u10m, v10m; `wind` to u, v

Further keys: `time_format` (strptime), `delimiter` (default ",", "whitespace" for columns padded with blanks),
`missing` (texts that stand for no value, beside the empty one). Units are those of `UNITS`; without one the file is in
SI. A file with a row a datum has `variable` and `observation` instead of value columns. Without a map, columns that
have the table's own names are read.

The file is streamed, so memory holds one block of it and the rows made so far. Rows with another number of columns
are left out with a `DamageWarning`, unless they are more than a tenth.
"""

from __future__ import annotations

import codecs
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.csv

from latentda.observations.bufr_decoder import MOST_LEFT_OUT, DamageWarning
from latentda.observations.column_maps import ColumnMap, Source, column_map
from latentda.observations.compressed import decompressed
from latentda.observations.reports import table_from_reports, wind_components
from latentda.observations.table import SCHEMA, VARIABLES, ObservationError, concatenate, table_from_columns

_BLOCK_BYTES = 4_000_000
_NOTHING = ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "--"]


def read_csv(path: str | Path, columns: Mapping[str, Any] | ColumnMap | str | None = None) -> pa.Table:
    """Read a CSV file to an observation table.

    Args:
        path: the file.
        columns: the map as in the module's text, or the name of a shipped one; None for a file that has the table's
            own column names.

    Raises:
        ObservationError: the file is missing, empty, is no CSV or lacks a column, a value is no number or time, or
            too many rows are damaged.
    """
    return concatenate(csv_pieces(path, columns))


def csv_pieces(path: str | Path, columns: Mapping[str, Any] | ColumnMap | str | None = None) -> Iterator[pa.Table]:
    """`read_csv`, a block of the file at a time."""
    path = Path(path)
    with decompressed(path) as file:
        chosen = _own_names(file, path) if columns is None else column_map(columns)
        with _plain(file, chosen.delimiter) as plain:
            yield from _pieces(plain, path, chosen)


def _pieces(file: Path, named: Path, chosen: ColumnMap) -> Iterator[pa.Table]:
    skipped: list[int] = []

    def skip(row: pa.csv.InvalidRow) -> str:
        skipped.append(row.actual_columns)
        return "skip"

    rows = 0
    try:
        with pa.csv.open_csv(
            file,
            read_options=pa.csv.ReadOptions(block_size=_BLOCK_BYTES),
            parse_options=pa.csv.ParseOptions(delimiter=_arrow_delimiter(chosen.delimiter), invalid_row_handler=skip),
            convert_options=_conversion(chosen),
        ) as stream:
            for batch in stream:
                rows += batch.num_rows
                yield _table(batch, chosen, named)
    except (pa.ArrowException, UnicodeDecodeError, KeyError) as error:  # KeyError: a column that is there twice
        raise ObservationError(f"{named} cannot be read as CSV by this map: {str(error).splitlines()[0]}") from error
    if len(skipped) > MOST_LEFT_OUT * (rows + len(skipped)):
        raise ObservationError(f"{named} is damaged CSV: {len(skipped)} of {rows + len(skipped)} rows have gaps")
    if skipped:
        text = f"{named} is damaged: {len(skipped)} of {rows + len(skipped)} rows have gaps and are left out"
        warnings.warn(DamageWarning(text), stacklevel=2)


def _conversion(chosen: ColumnMap) -> pa.csv.ConvertOptions:
    numbers, texts = chosen.number_columns(), chosen.text_columns()
    return pa.csv.ConvertOptions(
        include_columns=[*numbers, *texts],
        column_types=dict.fromkeys(numbers, pa.float64()) | dict.fromkeys(texts, pa.string()),
        null_values=[*_NOTHING, *chosen.missing],
        strings_can_be_null=True,
    )


def _table(batch: pa.RecordBatch, chosen: ColumnMap, named: Path) -> pa.Table:
    places: dict[str, Any] = {"time": _times(batch, chosen, named)}
    places |= {name: _values(batch, source) for name, source in chosen.places.items()}
    if "variable" in places:
        return _long_table(places, named)
    quantities = {name: _values(batch, source) for name, source in chosen.variables.items()}
    for (eastward, northward), (speed, direction) in chosen.winds.items():
        components = wind_components(_values(batch, speed), _values(batch, direction))
        quantities |= dict(zip((eastward, northward), components, strict=True))
    quality = places.pop("quality", None)
    marks = None if quality is None else dict.fromkeys(quantities, quality)
    return table_from_reports({"source": "csv", **places}, quantities, marks)


def _long_table(columns: dict[str, Any], named: Path) -> pa.Table:
    """Rows that are data already; those without a value, place or time are left out."""
    whole = np.isfinite(columns["observation"]) & np.isfinite(columns["lat"]) & np.isfinite(columns["lon"])
    whole &= ~np.isnat(columns["time"])
    columns = {name: values[whole] if isinstance(values, np.ndarray) else values for name, values in columns.items()}
    count = int(whole.sum())
    unknown = set(np.atleast_1d(columns["variable"])) - set(VARIABLES)
    if unknown:
        raise ObservationError(f"{named} has the unknown variable {min(unknown)!r}; known are {', '.join(VARIABLES)}")
    for name, values in columns.items():
        field = SCHEMA.field(name)
        if not isinstance(values, np.ndarray):
            columns[name] = np.full(count, values, dtype=object if isinstance(values, str) else None)
        elif name == "used":
            columns[name] = values.astype(str) != "false"
        elif pa.types.is_integer(field.type):
            fill = 2 if name == "quality" else 0
            columns[name] = np.nan_to_num(values, nan=fill).astype(field.type.to_pandas_dtype())
    columns.pop("obs_id", None)
    return table_from_columns({"source": np.full(count, "csv", dtype=object), **columns})


def _values(batch: pa.RecordBatch, source: Source) -> Any:
    """A column in SI as an array, or the constant."""
    if source.column is None:
        return source.value
    column = batch.column(source.column)
    if pa.types.is_string(column.type):
        texts = np.asarray(column.fill_null("").to_numpy(zero_copy_only=False), dtype=object)
        return np.array([text.strip() for text in texts], dtype=object)
    return column.to_numpy(zero_copy_only=False) * source.scale + source.offset


def _times(batch: pa.RecordBatch, chosen: ColumnMap, named: Path) -> np.ndarray:
    """Times of the rows, NaT where the file has none."""
    parts = [pa.compute.utf8_trim_whitespace(batch.column(name)) for name in chosen.time]
    text = pa.compute.binary_join_element_wise(*parts, "") if len(parts) > 1 else parts[0]
    try:
        if chosen.time_format:
            times = pa.compute.strptime(text, format=chosen.time_format, unit="s")
        elif pa.compute.all(pa.compute.match_substring_regex(text, r"^-?\d+(\.\d*)?$")).as_py():
            milliseconds = pa.compute.multiply(text.cast(pa.float64()), 1000.0)
            times = pa.compute.round(milliseconds).cast(pa.int64()).cast(pa.timestamp("ms"))
        else:
            times = pa.compute.utf8_rtrim(text, characters="Z").cast(pa.timestamp("ns"))
    except pa.ArrowException as error:
        wanted = chosen.time_format or "ISO 8601 or seconds since 1970"
        raise ObservationError(f"{named} has times that are not {wanted}: {error}") from error
    return times.to_numpy(zero_copy_only=False).astype("datetime64[ns]")


def _own_names(file: Path, named: Path) -> ColumnMap:
    """The map of a file that has the table's own column names."""
    with file.open("rb") as stream:
        header = stream.readline(100_000)
    try:
        names = [name.strip().strip('"') for name in header.decode().strip().split(",")]
    except UnicodeDecodeError as error:
        raise ObservationError(f"{named} is neither text nor of another known format") from error
    known = [name for name in names if name in SCHEMA.names or name in VARIABLES]
    if not {"time", "lat", "lon"} <= set(known) or not set(known) & {"observation", *VARIABLES}:
        raise ObservationError(
            f"{named} has no columns time, lat, lon and observation of an observation table, so it needs a column map"
        )
    return column_map({name: name for name in known})


def _arrow_delimiter(delimiter: str) -> str:
    return "," if delimiter == "whitespace" else delimiter


@contextmanager
def _plain(file: Path, delimiter: str) -> Iterator[Path]:
    """The file itself, or a copy with commas where blanks pad the columns, and marks where bytes are no text."""
    padded = delimiter == "whitespace"
    if not padded and _is_text(file):
        yield file
        return
    with tempfile.TemporaryDirectory(prefix="latentda-") as folder:
        copy = Path(folder) / "table.csv"
        with file.open("rb") as source, copy.open("wb") as target:
            for line in source:
                told = line.decode(errors="replace").encode()
                target.write(b",".join(told.split()) + b"\n" if padded else told)
        yield copy


def _is_text(file: Path) -> bool:
    """Whether a file is UTF-8. Of a row that is not, Arrow could not say that it left it out."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with file.open("rb") as stream:
        try:
            for block in iter(lambda: stream.read(_BLOCK_BYTES), b""):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True
