"""Rows of a file that are data already: a value, its variable, its time and its place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from latentda.grid.variables import BY_STORED_NAME
from latentda.observations.column_maps import ColumnMap
from latentda.observations.file_rows import NOWHERE, OF_VERDICT, OUT, UNPLACED, VALUELESS, FileRows, kept
from latentda.observations.table import SURFACE_VARIABLES, VARIABLES, column, judged_table, refuse, used


def data_table(
    columns: dict[str, Any], known: np.ndarray, extras: Mapping[str, Any], rows: FileRows, chosen: ColumnMap
) -> pa.Table:
    """The table of rows that are data.

    Args:
        columns: of the table, NaN and NaT where missing.
        known: rows of a variable and a unit that are known.
        extras: further columns to keep.
        rows: of the file.
        chosen: names the file's columns.
    """
    whole = known & placed_rows(columns, rows, chosen)
    valueless = np.isnan(columns["observation"])
    rows.note(VALUELESS, OUT, whole & valueless, chosen.name("observation"))
    whole &= ~valueless
    columns = {name: _filtered(values, whole) for name, values in {**columns, **extras}.items()}
    table, faults = judged_table(columns)
    before = np.asarray(columns.get("used", np.ones(table.num_rows, dtype=bool)), dtype=bool)

    def note(what: str, verdict: str, mask: np.ndarray, name: str) -> None:
        of_file = np.zeros(len(rows), dtype=bool)
        of_file[whole] = mask
        rows.note(what, kept(verdict), of_file, chosen.name(name))

    for fault in faults:
        note(OF_VERDICT[fault.verdict], fault.verdict, fault.rows & before, fault.column)
    nowhere = _aloft(table) & np.isnan(column(table, "pres")) & np.isnan(column(table, "height")) & used(table)
    note(NOWHERE, "level", nowhere, "pres")
    return refuse(table, nowhere, "level")


def placed_rows(columns: Mapping[str, Any], rows: FileRows, chosen: ColumnMap) -> np.ndarray:
    """Rows with a time and a place; where there is none is noted, of times it is already."""
    placed = ~np.isnat(columns["time"])
    for name in ("lat", "lon"):
        missing = np.isnan(columns[name])
        rows.note(UNPLACED, OUT, missing & ~rows.blank, chosen.name(name))
        placed &= ~missing
    return placed


def _aloft(table: pa.Table) -> np.ndarray:
    return ~np.asarray(pc.is_in(table["variable"], pa.array(SURFACE_VARIABLES)), dtype=bool)


def table_variables(names: pa.Array, renamed: Mapping[str, str]) -> tuple[pa.Array, np.ndarray]:
    """Names of variables as the table spells them, and which are known: its own, long ones, and those of a map."""
    own = {name: _own_name(name, renamed) for name in pc.unique(names).to_pylist()}
    spelled = pa.array([own[name] for name in names.to_pylist()], pa.string())
    return spelled, np.asarray(pc.is_in(spelled, pa.array(VARIABLES)), dtype=bool)


def _own_name(name: str, renamed: Mapping[str, str]) -> str:
    if name in renamed or name in VARIABLES:
        return renamed.get(name, name)
    lower = name.lower()
    stored = BY_STORED_NAME.get(lower.replace(" ", "_"))
    return stored.short if stored else lower


def _filtered(values: Any, mask: np.ndarray) -> Any:
    if mask.all():
        return values
    return values.filter(pa.array(mask)) if isinstance(values, pa.Array | pa.ChunkedArray) else values[mask]
