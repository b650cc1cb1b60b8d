"""A block of rows of a file's table, with their lines in the file and the notes on them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from latentda.observations.row_notes import RowNotes

OUT, NOTHING, AS_BAD = "left out", "taken as missing", "taken as a bad mark"
"""What becomes of rows, and of cells."""
UNPLACED = "have no usable time or place"
TIMELESS = "have a time that cannot be read"
VALUELESS = "have no value"
UNKNOWN = "are of an unknown variable"
WRONG_UNIT = "have a unit that is unknown or not one of their variable"
NOT_NUMERIC = "have something else than a number where one belongs"
FILLED = "have a number that stands for none"
NOT_WHOLE = "have a number that its column cannot hold"
NOWHERE = "lie aloft and have neither pressure nor height"
NO_WIND = "have a wind whose speed or direction cannot be"
UNCLEAR = "are neither used nor not used"
OF_VERDICT = {
    "position": UNPLACED,
    "range": "have a value that no atmosphere has",
    "error": "have an observation error that is not positive, or larger than any can be",
    "level": "have a pressure or height that cannot be",
    "missing": VALUELESS,
}
"""What is said of rows by the verdict that refuses them."""


def kept(verdict: str) -> str:
    """What becomes of a row with a verdict."""
    return f"kept, not used, verdict {verdict}"


@dataclass(frozen=True)
class FileRows:
    """Rows of a file.

    Attributes:
        block: the cells, by the file's own names of columns.
        lines: where each row stands in the file, from 1.
        notes: what there is to say of them.
    """

    block: pa.RecordBatch | pa.Table
    lines: np.ndarray
    notes: RowNotes

    def __len__(self) -> int:
        return len(self.lines)

    def __getitem__(self, name: str) -> pa.Array | pa.ChunkedArray:
        return self.block.column(name)

    @cached_property
    def blank(self) -> np.ndarray:
        """Rows without anything in them, as spreadsheets append."""
        there = np.zeros(len(self), dtype=bool)
        for array in self.block.columns:
            there |= np.asarray(array.is_valid(), dtype=bool)
        return ~there

    def note(self, what: str, fate: str, mask: np.ndarray, column: str | None) -> None:
        """Note the rows of a mask, with what the file itself has in a column; None is a constant of the map."""
        found = np.flatnonzero(mask)
        if len(found) == 0:
            return
        there = column is not None and column in self.block.schema.names
        shown = [self[str(column)][int(row)].as_py() if there else None for row in found[:3]]
        self.notes.add(what, fate, self.lines[found], column or "of the map", shown)
