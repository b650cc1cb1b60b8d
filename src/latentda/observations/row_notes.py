"""What a reader of tables has to say of single rows: noted while it reads, said in a few sentences at the end."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

_EXAMPLES, _LONGEST = 3, 60


class RowWarning(UserWarning):
    """Rows of a file are left out, or kept and not used; the text names file, rows and columns."""


@dataclass
class _Note:
    rows: dict[str, list[np.ndarray]] = field(default_factory=dict)  # by fate, a block of the file at a time
    examples: list[tuple[int, str, str]] = field(default_factory=list)  # row, column, value


class RowNotes:
    """Notes on the rows of one file.

    Attributes:
        named: the file, as the user calls it.
        total: how many rows were read.
    """

    def __init__(self, named: Path):
        self.named, self.total = named, 0
        self._notes: dict[str, _Note] = {}

    def add(self, what: str, fate: str, rows: np.ndarray, column: str, values: Any) -> None:
        """Note rows.

        Args:
            what: the rest of a sentence that begins with "3 of 9 rows".
            fate: what becomes of them.
            rows: their lines in the file, from 1.
            column: where it shows, by the file's name for it.
            values: what stands there, a value a row.
        """
        if len(rows) == 0:
            return
        note = self._notes.setdefault(what, _Note())
        note.rows.setdefault(fate, []).append(rows)
        for row, value in zip(rows[:_EXAMPLES], values[:_EXAMPLES], strict=True):
            note.examples.append((int(row), column, _shown(value)))

    def __contains__(self, what: str) -> bool:
        return what in self._notes

    def rows(self, what: str) -> np.ndarray:
        """The lines of all rows of a note."""
        return np.unique(np.concatenate([np.concatenate(found) for found in self._notes[what].rows.values()]))

    def example(self, what: str, column: str | None = None) -> str:
        """The first rows of a note, on a column or on all."""
        found = sorted({told for told in self._notes[what].examples if column in (None, told[1])})
        told = [f"row {row}, column {column}: {value}" for row, column, value in found[:_EXAMPLES]]
        return "; ".join(told)

    def warn(self) -> None:
        """Say all notes, a warning each."""
        for what, note in self._notes.items():
            rows = self.rows(what)
            fates = ", ".join(f"{len(np.unique(np.concatenate(found)))} {fate}" for fate, found in note.rows.items())
            more = "; ..." if len(set(note.examples)) > _EXAMPLES or len(rows) > _EXAMPLES else ""
            text = f"{self.named}: {len(rows)} of {self.total} rows {what} ({fates}): {self.example(what)}{more}"
            warnings.warn(RowWarning(text), stacklevel=2)


def _shown(value: Any) -> str:
    if value is None or value != value or value == "":
        return "nothing"
    if isinstance(value, str) and len(value) > _LONGEST:
        return repr(value[:_LONGEST]) + "..."
    return repr(value) if isinstance(value, str) else f"{value:.9g}" if isinstance(value, float) else str(value)
