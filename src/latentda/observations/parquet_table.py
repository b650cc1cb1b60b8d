"""Reader of Parquet that is an observation table, ours or a data frame's with its columns.

A frame (of pandas, or of earth2studio's sources) needs time, lat, lon, variable and observation, or variables side by
side; our own columns have defaults, other columns are kept. Names may be spelled as in CSV (`column_names`), units be
told by them or by a field's metadata `units`; times, booleans and numbers may be of any kind of Arrow.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from latentda.observations.anemoi_table import named_frame
from latentda.observations.column_maps import ColumnMap, column_map
from latentda.observations.column_names import units_of_names
from latentda.observations.earth2studio import is_earth2studio, own_frame
from latentda.observations.netcdf_table import frame_of_dataset
from latentda.observations.own_maps import own_map
from latentda.observations.row_notes import RowNotes
from latentda.observations.table import SCHEMA, ObservationError
from latentda.observations.tabular import TableMaker

_INDEX = re.compile(r"__index_level_\d+__|index")


def read_table(path: str | Path, columns: Mapping[str, Any] | ColumnMap | str | None = None) -> pa.Table:
    """Read an observation table from a Parquet file.

    Args:
        path: the file.
        columns: a column map, for a frame with other names.

    Raises:
        ObservationError: the file is missing, is not Parquet, or lacks columns that have no default.
    """
    return table_of_frame(read_parquet(path), Path(path), columns)


def table_of(frame: Any, columns: Mapping[str, Any] | ColumnMap | str | None = None) -> pa.Table:
    """An observation table of a frame in memory: an Arrow table, a pandas data frame or an xarray dataset.

    An Arrow table that is an observation table already comes back as it is.

    Raises:
        ObservationError: it is none of these, or is no table of observations.
    """
    named = Path("the frame")
    kind = type(frame).__module__.partition(".")[0]
    try:
        if kind == "xarray":
            frame = frame_of_dataset(frame, named)
        elif kind == "pandas":
            frame = pa.Table.from_pandas(frame)
    except pa.ArrowException as error:
        raise ObservationError(f"{named} has a column of mixed kinds: {error}") from error
    if not isinstance(frame, pa.Table):
        raise ObservationError(f"observations must be a table, a data frame or a dataset, not {type(frame).__name__}")
    return frame if columns is None and _is_table(frame) else table_of_frame(frame, named, columns)


def is_frame(source: Any) -> bool:
    """Whether a source of observations is a frame in memory, not a path."""
    return not isinstance(source, str | Path)


def _is_table(frame: pa.Table) -> bool:
    """Whether a frame is an observation table already."""
    names = frame.column_names
    return all(names.count(one.name) == 1 and frame.schema.field(one.name).type == one.type for one in SCHEMA)


def read_parquet(path: str | Path) -> pa.Table:
    """Whatever a Parquet file holds.

    Raises:
        ObservationError: the file is missing or is not Parquet.
    """
    try:
        return pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        text = " ".join(str(error).split())
        raise ObservationError(f"{path} cannot be read as an observation table in Parquet: {text}") from error


def table_of_frame(
    content: pa.Table, named: Path, columns: Mapping[str, Any] | ColumnMap | str | None = None
) -> pa.Table:
    """An observation table from a frame in Arrow; errors and warnings speak of `named`."""
    if columns is None and is_earth2studio(content.column_names):
        content = own_frame(content)
    elif columns is None:
        content = named_frame(content)
    names = content.column_names
    chosen = own_map(names, named) if columns is None else column_map(columns)
    try:
        chosen = chosen.spelled(names).with_units(units_of_names(names) | told_units(content))
    except ObservationError as error:
        raise ObservationError(f"{named} cannot be read as a table by this map: {error}") from error
    taken = {*chosen.text_columns(), *chosen.number_columns()}
    extras = tuple(name for name in names if name not in taken and not _INDEX.fullmatch(name))
    make = TableMaker(chosen, RowNotes(named), "", extras if columns is None else ())
    try:
        table = make(content.combine_chunks(), np.arange(1, content.num_rows + 1))
    except (pa.ArrowException, UnicodeDecodeError) as error:
        raise ObservationError(f"{named} has columns of another type than an observation table: {error}") from error
    make.finish()
    return table


def told_units(content: pa.Table) -> dict[str, str]:
    """Units that a frame tells of its columns, as metadata `units` of their fields."""
    return {
        field.name: field.metadata[b"units"].decode()
        for field in content.schema
        if field.metadata and field.metadata.get(b"units")
    }
