"""Reports of many files, by time: each file is decoded once, and a window of time takes its rows of what was decoded.

Decoded files lie as Parquet in a temporary folder (under ``TMPDIR``), so memory does not grow with their number, nor
with what a file holds outside the window.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from glob import glob
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any
from weakref import finalize

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from latentda.grid import datetime_of_hours
from latentda.observations import ObservationError, column, concatenate, read_observations, write_table
from latentda.observations.anemoi_table import is_zarr
from latentda.progress import Track, silent


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

    @cached_property
    def decoded(self) -> dict[Path, tuple[np.datetime64, np.datetime64]]:
        """Decoded files, with the first and the last time of each; files without data have none."""
        folder, found = Path(mkdtemp(prefix="latentda-reports-")), {}
        finalize(self, rmtree, folder, ignore_errors=True)
        for number, path in enumerate(self._track(self.paths, "files of reports", len(self.paths))):
            table = read_observations(path, self.columns)
            time = column(table, "time")
            if time.size:
                file = folder / f"{number}.parquet"
                write_table(table, file)
                found[file] = time.min(), time.max()
        return found

    def within(self, hours: int, before: float, after: float) -> pa.Table:
        """The data from ``before`` hours before a time, exclusive, to ``after`` hours after it, inclusive.

        Raises:
            ObservationError: a file cannot be read.
            UserError: the temporary folder has no room.
        """
        middle = datetime_of_hours(hours).astype("datetime64[s]")
        first, last = (
            (middle + np.timedelta64(round(3600 * shift), "s")).astype("datetime64[ns]") for shift in (-before, after)
        )
        inside = (pc.field("time") > pa.scalar(first)) & (pc.field("time") <= pa.scalar(last))
        spans = self.decoded.items()
        return concatenate(
            pq.read_table(file, filters=inside) for file, (begin, end) in spans if begin <= last and end > first
        )
