"""The blacklist: stations, or some of their data, known to be bad.

A YAML file holds a list of entries::

    - station: "89009"        # quoted, or YAML takes it for a number
      variables: [t, q]       # all if left out
      highest_pressure: 3e4   # Pa; data between these pressures, ends included; all levels if both are left out
      lowest_pressure: 1e4
      start: 1989-01-01       # UTC; data from start until before end; for ever if left out
      end: 1989-02-01
      reason: radiation correction missing
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import ConfigDict

from latentda.observations.soundings import variable_numbers
from latentda.observations.table import VARIABLES, ObservationError, as_time64, column, refuse
from latentda.settings import read_yaml, validated
from latentda.user_error import UserError

_BEGINNING, _END = np.iinfo(np.int64).min, np.iinfo(np.int64).max


@dataclass(frozen=True)
class BlacklistEntry:
    """What not to use of a station; the head of this file has an example.

    Attributes:
        station: name as in the table.
        variables: names from `VARIABLES`; empty means all.
        lowest_pressure: Pa; data without pressure are only refused where both bounds are left out.
        highest_pressure: Pa.
        start: UTC, included.
        end: UTC, not included.
        reason: for people.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    station: str
    variables: tuple[str, ...] = ()
    lowest_pressure: float | None = None
    highest_pressure: float | None = None
    start: datetime | None = None
    end: datetime | None = None
    reason: str = ""

    def __post_init__(self) -> None:
        unknown = sorted(set(self.variables) - set(VARIABLES))
        if unknown:
            raise UserError(f"unknown variable(s) {', '.join(unknown)}")


def read_blacklist(path: str | Path) -> tuple[BlacklistEntry, ...]:
    """Read a blacklist; an empty file is an empty list.

    Raises:
        ObservationError: the file is missing, no YAML, or no list of entries; the message names the entry.
    """
    try:
        content = read_yaml(path, "a blacklist in YAML")
        return validated(tuple[BlacklistEntry, ...], content or (), f"{path} is no blacklist")
    except ValueError as error:
        raise ObservationError(str(error)) from error


def check_blacklist(table: pa.Table, blacklist: tuple[BlacklistEntry, ...]) -> pa.Table:
    """Refuse what the blacklist names: verdict `blacklist`."""
    entries = sorted(blacklist, key=lambda entry: entry.station)
    if not entries or table.num_rows == 0:
        return table
    names, first, counts = np.unique([entry.station for entry in entries], return_index=True, return_counts=True)
    station = pc.fill_null(pc.index_in(table["station"], pa.array(names.tolist())), -1).to_numpy()
    listed = np.flatnonzero(station >= 0)
    each = counts[station[listed]]
    # A pair for each row and each entry of its station: the entries of a station stand together.
    rows = np.repeat(listed, each)
    within = np.arange(len(rows)) - np.repeat(np.cumsum(each) - each, each)
    numbers = first[station[rows]] + within
    refused = np.zeros(table.num_rows, dtype=bool)
    refused[rows[_matches(table, rows, entries, numbers)]] = True
    return refuse(table, refused, "blacklist")


def _matches(table: pa.Table, rows: np.ndarray, entries: list[BlacklistEntry], numbers: np.ndarray) -> np.ndarray:
    """Whether each row is what the entry of the same pair names."""
    named = np.array([[not e.variables or name in e.variables for name in VARIABLES] for e in entries])
    low = np.array([_or(e.lowest_pressure, 0.0) for e in entries])
    high = np.array([_or(e.highest_pressure, np.inf) for e in entries])
    any_level = np.array([e.lowest_pressure is None and e.highest_pressure is None for e in entries])
    start = np.array([_nanoseconds(e.start, _BEGINNING) for e in entries])
    end = np.array([_nanoseconds(e.end, _END) for e in entries])
    pressure = column(table, "pres")[rows]
    time = column(table, "time").astype("datetime64[ns]").astype(np.int64)[rows]
    level = any_level[numbers] | ((pressure >= low[numbers]) & (pressure <= high[numbers]))
    return named[numbers, variable_numbers(table)[rows]] & level & (time >= start[numbers]) & (time < end[numbers])


def _or(value: float | None, default: float) -> float:
    return default if value is None else value


def _nanoseconds(time: datetime | None, default: int) -> int:
    return default if time is None else int(as_time64(time).astype("datetime64[ns]").astype(np.int64))
