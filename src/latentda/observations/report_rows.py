"""Rows of a file that are reports: quantities side by side, at one time and place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from latentda.observations.column_maps import ColumnMap
from latentda.observations.data_rows import placed_rows
from latentda.observations.file_rows import NO_WIND, NOTHING, NOWHERE, OF_VERDICT, OUT, FileRows, kept
from latentda.observations.judgement import Fault, judged
from latentda.observations.reports import impossible_winds, table_from_reports, wind_components
from latentda.observations.table import SURFACE_VARIABLES


def report_table(
    places: Mapping[str, Any],
    quantities: dict[str, np.ndarray],
    winds: Mapping[tuple[str, str], tuple[np.ndarray, np.ndarray]],
    rows: FileRows,
    chosen: ColumnMap,
) -> pa.Table:
    """The table of rows that are reports.

    Args:
        places: columns of the table that say where, when and what, NaN and NaT where missing.
        quantities: values by variable, SI, NaN where missing.
        winds: speed (m/s) and direction (degrees) by the names of the components.
        rows: of the file.
        chosen: names the file's columns.
    """
    places = {name: _listed(values) for name, values in places.items() if name != "obs_id"}
    quantities = {
        name: _judged_values(values, rows, chosen.variables[name].column) for name, values in quantities.items()
    }
    for names, (speed, direction) in winds.items():
        source = chosen.winds[names][1]
        quantities |= dict(zip(names, _components(speed, direction, rows, source.column), strict=True))
    placed = placed_rows(places, rows, chosen)
    _note_places(places, quantities, placed, rows, chosen)
    quality, error = places.pop("quality", None), places.pop("error", None)
    marks = None if quality is None else dict.fromkeys(quantities, quality)
    errors = None if error is None else dict.fromkeys(quantities, error)
    return table_from_reports(places, quantities, marks, errors)


def _judged_values(values: np.ndarray, rows: FileRows, name: str | None) -> np.ndarray:
    """What is too large stays a number, for the table to refuse."""
    columns, faults = judged({"observation": values}, np.ones(len(rows), dtype=bool))
    _note_faults([fault for fault in faults if fault.verdict == "range"], np.ones(len(rows), dtype=bool), rows, name)
    return columns["observation"]


def _components(speed: np.ndarray, direction: np.ndarray, rows: FileRows, name: str | None) -> tuple[Any, Any]:
    """Components of the wind, NaN where speed or direction cannot be."""
    wrong = impossible_winds(speed, direction)
    rows.note(NO_WIND, NOTHING, wrong, name)
    return wind_components(np.where(wrong, np.nan, speed), np.where(wrong, np.nan, direction))


def _note_places(
    places: Mapping[str, Any],
    quantities: Mapping[str, np.ndarray],
    placed: np.ndarray,
    rows: FileRows,
    chosen: ColumnMap,
) -> None:
    """Note reports whose place, error or level cannot be, as far as they tell something."""
    told = placed & np.any([~np.isnan(values) for values in quantities.values()], axis=0)
    for name in ("lat", "lon", "elev", "error"):
        if name in places:
            _note_faults(judged({name: places[name]}, told)[1], told, rows, chosen.name(name))
    nothing = np.full(len(rows), np.nan)
    located = (places.get("pres", nothing) > 0.0) | np.isfinite(places.get("height", nothing))
    aloft = [~np.isnan(values) for name, values in quantities.items() if name not in SURFACE_VARIABLES]
    if aloft:
        rows.note(NOWHERE, OUT, np.any(aloft, axis=0) & placed & ~located, chosen.name("pres"))


def _note_faults(faults: list[Fault], told: np.ndarray, rows: FileRows, name: str | None) -> None:
    for fault in faults:
        rows.note(OF_VERDICT[fault.verdict], kept(fault.verdict), fault.rows & told, name)


def _listed(values: Any) -> np.ndarray:
    """A column as NumPy has it, texts as objects."""
    if isinstance(values, pa.Array | pa.ChunkedArray):
        return np.asarray(values.to_numpy(zero_copy_only=False), dtype=object)
    return values
