"""Reader of Parquet that is an observation table, ours or a data frame's with its columns.

A frame (of pandas, or of earth2studio's sources) needs time, lat, lon, variable and observation, or variables side by
side; our own columns have defaults, other columns are kept. Names may be spelled as in CSV, times, booleans and
numbers be of any kind of Arrow.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from latentda.observations.column_maps import ColumnMap, column_map
from latentda.observations.column_names import own_columns
from latentda.observations.row_notes import RowNotes
from latentda.observations.table import VARIABLES, ObservationError
from latentda.observations.tabular import TableMaker

_INDEX = re.compile(r"__index_level_\d+__")


def read_table(path: str | Path, columns: Mapping[str, Any] | ColumnMap | str | None = None) -> pa.Table:
    """Read an observation table from a Parquet file.

    Args:
        path: the file.
        columns: a column map, for a frame with other names.

    Raises:
        ObservationError: the file is missing, is not Parquet, or lacks columns that have no default.
    """
    return table_of_frame(read_parquet(path), Path(path), columns)


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
    names = content.column_names
    chosen = _own_map(names, named) if columns is None else column_map(columns)
    try:
        chosen = chosen.spelled(names)
    except ObservationError as error:
        raise ObservationError(f"{named} cannot be read as Parquet by this map: {error}") from error
    taken = {*chosen.text_columns(), *chosen.number_columns()}
    extras = tuple(name for name in names if name not in taken and not _INDEX.fullmatch(name))
    make = TableMaker(chosen, RowNotes(named), "", extras if columns is None else ())
    try:
        table = make(content.combine_chunks(), np.arange(1, content.num_rows + 1))
    except (pa.ArrowException, UnicodeDecodeError) as error:
        raise ObservationError(f"{named} has columns of another type than an observation table: {error}") from error
    make.finish()
    return table


def _own_map(names: list[str], named: Path) -> ColumnMap:
    try:
        own = own_columns(names)
    except ObservationError as error:
        raise ObservationError(f"{named} cannot be read without a column map: {error}") from error
    wide = not {"observation", "variable"} & set(own) and bool(set(own) & set(VARIABLES))
    wanted = ("time", "lat", "lon") if wide else ("time", "lat", "lon", "observation", "variable")
    if lacking := [name for name in wanted if name not in own]:
        raise ObservationError(
            f"{named} is Parquet but no observation table: it lacks {', '.join(lacking)}; "
            f"its columns are {', '.join(names)}"
        )
    return column_map({name: column for name, column in own.items() if wide or name not in VARIABLES})
