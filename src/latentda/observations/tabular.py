"""Rows of a file's table, from whatever kind of file, made into rows of the observation table by a column map.

What cannot be kept is left out (no time, no place, no value, an unknown variable), what cannot be right is kept and not
used (`judgement`), what cannot be read counts as missing; all of it is noted with row and column (`row_notes`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from latentda.observations.booleans import read_booleans
from latentda.observations.cells import MISSING_NUMBERS, UNKNOWN_ERRORS, read_numbers, read_texts, whole_numbers
from latentda.observations.column_maps import TEXTS, ColumnMap, Source
from latentda.observations.data_rows import data_table, table_variables
from latentda.observations.file_rows import (
    AS_BAD,
    FILLED,
    NOT_NUMERIC,
    NOT_WHOLE,
    NOTHING,
    OUT,
    TIMELESS,
    UNCLEAR,
    UNKNOWN,
    UNPLACED,
    WRONG_UNIT,
    FileRows,
    kept,
)
from latentda.observations.pressure_unit import PressureUnit
from latentda.observations.report_rows import report_table
from latentda.observations.row_notes import RowNotes
from latentda.observations.row_units import row_conversions
from latentda.observations.table import DEFAULTS, SCHEMA, UPPER_AIR_VARIABLES, VARIABLES, ObservationError
from latentda.observations.times import ADVICE, WANTED, read_times


class TableMaker:
    """Makes tables of the blocks of one file.

    Attributes:
        chosen: where everything comes from.
        notes: what there is to say of rows.
        source: the `source` of rows that bring none.
        extras: further columns that the table keeps, of files with a row a datum.
        decimal_comma: texts may have a comma where others have the point.
    """

    def __init__(
        self, chosen: ColumnMap, notes: RowNotes, source: str, extras: tuple[str, ...] = (), decimal_comma: bool = False
    ):
        self.chosen, self.notes, self.source = chosen, notes, source
        self.extras, self.decimal_comma = extras, decimal_comma
        self._unit: str | None = None
        self._pressures = PressureUnit(notes)
        self._readable: set[str] = set()  # columns that had a cell that could be read
        self._unreadable: set[str] = set()

    def __call__(self, block: pa.RecordBatch | pa.Table, lines: np.ndarray) -> pa.Table:
        """The table of a block, whose rows are these lines of the file."""
        rows = FileRows(block, lines, self.notes)
        self.notes.total += int((~rows.blank).sum())
        places: dict[str, Any] = {"time": self._times(rows)}
        places |= {name: self._column(name, rows, source) for name, source in self.chosen.places.items()}
        places |= self._judgement(places, rows)
        places.setdefault("source", pa.repeat(self.source, len(rows)))
        if "variable" in places:
            extras = {name: rows[name] for name in self.extras}
            known = self._in_table_units(places, rows)
            table = data_table(places, known, extras, rows, self.chosen)
            self._readable.update(["variable"] if table.num_rows else [])
            return table
        quantities = {name: self._numbers(rows, source) for name, source in self.chosen.variables.items()}
        winds = {
            names: (self._numbers(rows, speed), self._numbers(rows, direction))
            for names, (speed, direction) in self.chosen.winds.items()
        }
        aloft = [~np.isnan(values) for name, values in quantities.items() if name in UPPER_AIR_VARIABLES]
        aloft += [~np.isnan(speed) for names, (speed, _) in winds.items() if names[0] in UPPER_AIR_VARIABLES]
        self._in_pascals(places, np.any([np.zeros(len(rows), dtype=bool), *aloft], axis=0))
        return report_table(places, quantities, winds, rows, self.chosen)

    def finish(self) -> None:
        """Say what there was to note.

        Raises:
            ObservationError: no time, no number of a place or of a value, or no variable could be read.
        """
        named, notes = self.notes.named, self.notes
        if TIMELESS in notes and "time" not in self._readable:
            wanted = self.chosen.time_format or WANTED
            raise ObservationError(f"{named} has times that are not {wanted}: {notes.example(TIMELESS)}; {ADVICE}")
        needed = [source for name, source in self.chosen.places.items() if name in ("lat", "lon", "observation")]
        for source in [*needed, *self.chosen.variables.values()]:
            if source.column in self._unreadable - self._readable:
                raise ObservationError(
                    f"{named} has no numbers in the column {source.column}: {notes.example(NOT_NUMERIC, source.column)}"
                )
        if UNKNOWN in notes and "variable" not in self._readable:
            known = ", ".join(VARIABLES)
            raise ObservationError(f"{named} has the unknown variable: {notes.example(UNKNOWN)}; known are {known}")
        notes.warn()

    def _times(self, rows: FileRows) -> np.ndarray:
        names = self.chosen.time
        if len(names) == 1:
            values = rows[names[0]]
        else:
            parts = [read_texts(rows[name]) for name in names]
            apart = not self.chosen.time_format and pc.any(pc.match_substring_regex(parts[0], "[-/]")).as_py()
            values = pc.binary_join_element_wise(*parts, " " if apart else "")
        times = read_times(values, self.chosen.time_format, self._unit)
        self._unit = times.unit
        rows.note(TIMELESS, OUT, times.unreadable, names[0])
        missing = np.isnat(times.instants)
        rows.note(UNPLACED, OUT, missing & ~times.unreadable & ~rows.blank, names[0])
        self._readable.update(["time"] if not missing.all() else [])
        return times.instants

    def _column(self, name: str, rows: FileRows, source: Source) -> Any:
        """A column of the table: numbers in SI, whole numbers or texts."""
        kind = SCHEMA.field(name).type
        if name in TEXTS:
            return pa.repeat(str(source.value), len(rows)) if source.column is None else read_texts(rows[source.column])
        if name == "obs_id" and source.column and pa.types.is_integer(rows[source.column].type):
            return rows[source.column].cast(pa.int64())
        values = self._numbers(rows, source, UNKNOWN_ERRORS if name == "error" else MISSING_NUMBERS)
        if name == "obs_id":
            return np.arange(len(rows)) if np.isnan(values).any() else values.astype(np.int64)
        if not pa.types.is_integer(kind):
            return values
        whole, wrong = whole_numbers(values, kind, DEFAULTS[name])
        rows.note(NOT_WHOLE, AS_BAD if name == "quality" else NOTHING, wrong, source.column)
        return whole

    def _numbers(self, rows: FileRows, source: Source, missing: tuple[float, ...] = MISSING_NUMBERS) -> np.ndarray:
        """A column in SI; the constant where it is one."""
        if source.column is None:
            return np.full(len(rows), float(source.value or 0.0))
        numbers = read_numbers(rows[source.column], self.decimal_comma, missing)
        rows.note(NOT_NUMERIC, NOTHING, numbers.unreadable, source.column)
        rows.note(FILLED, NOTHING, numbers.filled, source.column)
        if numbers.unreadable.any():
            self._unreadable.add(source.column)
        if not np.isnan(numbers.values).all():
            self._readable.add(source.column)
        return numbers.values * source.scale + source.offset

    def _in_table_units(self, places: dict[str, Any], rows: FileRows) -> np.ndarray:
        """Give variables the table's names and values its units; returns where both are known."""
        chosen = self.chosen
        places["variable"], known = table_variables(places["variable"], chosen.names)
        rows.note(UNKNOWN, OUT, ~known & ~rows.blank, chosen.name("variable"))
        variables = np.asarray(places["variable"].to_numpy(zero_copy_only=False), dtype=object)
        self._in_pascals(places, np.isin(variables.astype(str), UPPER_AIR_VARIABLES))
        if chosen.unit is None and not chosen.units:
            return known
        told = None if chosen.unit is None else read_texts(rows[chosen.unit]).to_numpy(zero_copy_only=False)
        scale, offset, wrong = row_conversions(np.where(known, variables, ""), told, chosen.units)
        rows.note(WRONG_UNIT, OUT, known & wrong, chosen.unit)
        places["observation"] = places["observation"] * scale + offset
        if "error" in places:
            places["error"] = places["error"] * scale
        return known & ~wrong

    def _in_pascals(self, places: dict[str, Any], aloft: np.ndarray) -> None:
        """Tell the unit of pressures by their size, where nobody says it; our own tables are in Pa."""
        pressure = self.chosen.places.get("pres")
        own = {"obs_id", "used", "verdict"} <= set(self.chosen.places)
        if pressure is not None and pressure.unit is None and not own:
            places["pres"] = self._pressures.pascals(places["pres"], aloft, pressure.column or "of the map")

    def _judgement(self, places: dict[str, Any], rows: FileRows) -> dict[str, Any]:
        """`used` and `verdict`: where the file does not say whether a row is used, a verdict says that it is not."""
        if "used" not in places and "verdict" not in places:
            return {}
        verdict = places.get("verdict", pa.repeat("", len(rows)))
        unjudged = np.asarray(pc.equal(verdict, ""), dtype=bool)
        if "used" not in places:
            return {"used": unjudged, "verdict": verdict}
        told, missing, unclear = read_booleans(places["used"])
        rows.note(UNCLEAR, kept("unclear"), unclear, self.chosen.places["used"].column)
        verdict = pc.if_else(pa.array(unclear & unjudged), "unclear", verdict)
        return {"used": np.where(missing, unjudged, told), "verdict": verdict}
