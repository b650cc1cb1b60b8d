"""Reports of many files, by time: each is read when an analysis needs it, and few are in memory at once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, lru_cache
from glob import glob
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from latentda.grid import datetime_of_hours
from latentda.observations import ObservationError, column, concatenate, read_observations, select
from latentda.observations.anemoi_table import is_zarr
from latentda.observations.table import SCHEMA
from latentda.progress import Track, silent

KEPT = 4
"""Files whose tables stay in memory."""


def files_of(patterns: Sequence[str | Path]) -> list[Path]:
    """The files that paths and patterns such as ``obs/*.parquet`` mean, each once, sorted.

    Raises:
        ObservationError: one of them means none.
    """
    found: set[Path] = set()
    for pattern in map(str, patterns):
        named = [Path(pattern)] if Path(pattern).exists() else [Path(path) for path in glob(pattern, recursive=True)]
        inside = [file for path in named for file in _files(path)]
        if not inside:
            raise ObservationError(f"{pattern} means no file of reports.")
        found.update(inside)
    return sorted(found)


def _files(path: Path) -> list[Path]:
    """The files of a folder; a file, or a Zarr store, is one."""
    return sorted(path.iterdir()) if path.is_dir() and not is_zarr(path) else [path]


class ReportFiles:
    """The reports of files by time.

    Attributes:
        paths: the files.
        columns: a column map of CSV, or of frames.
    """

    def __init__(self, paths: Sequence[Path], columns: Any = None, track: Track = silent):
        self.paths, self.columns, self._track = list(paths), columns, track
        self._read = lru_cache(KEPT)(self._table)

    @cached_property
    def spans(self) -> dict[Path, tuple[np.datetime64, np.datetime64]]:
        """First and last time of every file that holds data."""
        found = {}
        for path in self._track(self.paths, "times of reports", len(self.paths)):
            time = column(self._read(path), "time")
            if time.size:
                found[path] = time.min(), time.max()
        return found

    def within(self, hours: int, before: float, after: float) -> pa.Table:
        """The data from ``before`` hours before a time, exclusive, to ``after`` hours after it, inclusive."""
        middle = datetime_of_hours(hours).astype("datetime64[s]")
        first, last = (
            (middle + np.timedelta64(round(3600 * shift), "s")).astype("datetime64[ns]") for shift in (-before, after)
        )
        parts = []
        for path, (begin, end) in self.spans.items():
            if begin <= last and end > first:
                table = self._read(path)
                time = column(table, "time")
                parts.append(select(table, (time > first) & (time <= last)))
        return concatenate(parts) if parts else SCHEMA.empty_table()

    def _table(self, path: Path) -> pa.Table:
        return read_observations(path, self.columns)
