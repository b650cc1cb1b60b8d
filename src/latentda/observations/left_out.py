"""What a reader leaves out of a file, counted while it reads and said once at its end.

A report (a sounding, a station's report, an occultation, a location) whose every datum lacks a place is left out as a
whole; of other reports single data may be. A datum has a place where its time is valid, its latitude and longitude
lie on the globe, and it has, aloft, a pressure or a height, and if it is a pressure at the surface, a height.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Int
from numpy import ndarray

_WANTED = "wanted are a valid time, latitude and longitude, aloft a pressure or height, of surface pressures a height"


class LeftOutWarning(UserWarning):
    """A part of an observation file is left out; the text names the file and says how much and why."""


class LeftOut:
    """The numbers of a file's reports and data that have no place."""

    def __init__(self, named: Path):
        self._named = named
        self._reports = self._lost = self._data = 0

    def count(
        self, report: Int[ndarray, " row"], told: Bool[ndarray, "row quantity"], kept: Bool[ndarray, "row quantity"]
    ) -> None:
        """Count the reports of a piece of the file.

        Args:
            report: which report of the piece each row belongs to.
            told: which quantities have a value.
            kept: which of them have a place.
        """
        reports, remaining = np.unique(report[told.any(axis=1)]), np.unique(report[kept.any(axis=1)])
        self._reports += len(reports)
        self._lost += len(reports) - len(remaining)
        self._data += int((told & ~kept)[np.isin(report, remaining)].sum())

    def warn(self) -> None:
        """Say what was left out, if anything was."""
        lost = [f"{self._lost} of its {self._reports} reports"] if self._lost else []
        if self._data:
            data = "1 datum" if self._data == 1 else f"{self._data} data"
            lost.append(f"{data} of {'others' if lost else 'its reports'}")
        if lost:
            warn_left_out(f"{self._named}: left out as they cannot be placed: {' and '.join(lost)} ({_WANTED})")


def warn_of_other_kinds(named: Path, counts: Mapping[str, int]) -> None:
    """Say how many reports or messages of kinds that no table holds a file has, by the name of the kind."""
    if counts:
        listed = ", ".join(f"{name} ({count})" for name, count in sorted(counts.items()))
        warn_left_out(f"{named}: of kinds that an observation table does not hold, and left out: {listed}")


def warn_left_out(text: str) -> None:
    """Warn that something was left out."""
    warnings.warn(LeftOutWarning(text), stacklevel=3)
