"""Feedback files: those of a list, and of folders those of their cycles in turn."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from latentda.observations import ObservationError, read_observations
from latentda.verification import require_feedback

_CYCLE = re.compile(r"feedback_\d+\.parquet")


def feedback_files(paths: Sequence[str | Path]) -> list[Path]:
    """Files as given, and of folders the feedback of their cycles.

    Raises:
        ObservationError: a folder without feedback, or with that of several analyses of the same data.
    """
    return [file for path in map(Path, paths) for file in (_of_folder(path) if path.is_dir() else [path])]


def read_feedback(path: str | Path) -> pa.Table:
    """The feedback table of a file.

    Raises:
        ObservationError: the file cannot be read, or is no feedback.
    """
    table = read_observations(path)
    require_feedback(table, path)
    if table.num_rows == 0:
        raise ObservationError(f"{path} holds no data")
    return table


def read_feedbacks(paths: Sequence[str | Path]) -> Iterator[pa.Table]:
    """The feedback tables of files and folders, one at a time.

    Raises:
        ObservationError: as :func:`feedback_files` and :func:`read_feedback`.
    """
    return map(read_feedback, feedback_files(paths))


def _of_folder(folder: Path) -> list[Path]:
    found = sorted(folder.glob("feedback_*.parquet"))
    cycles = [path for path in found if _CYCLE.fullmatch(path.name)]
    if cycles:
        return cycles
    if not found:
        inside = sorted({path.parent.name for path in folder.glob("*/feedback_*.parquet")})
        advice = f"name one of its folders {', '.join(inside)}" if inside else "no file is named feedback_*.parquet"
        raise ObservationError(f"{folder} holds no feedback: {advice}")
    if len(found) > 1:
        names = ", ".join(path.name for path in found)
        raise ObservationError(f"{folder} holds feedback of several analyses ({names}); name one file")
    return found
