"""What single rows of a table cannot be: found when a table is made, refused with a verdict, never dropped.

| column | must be | else | kept as |
| --- | --- | --- | --- |
| lat, lon | on the globe, see `coordinates` | `position` | the nearest latitude, the longitude turned |
| observation | a number, at most `LARGEST` in size | `missing`, `range` | the largest number of the column's kind |
| pres | positive, at most `HIGHEST_PRESSURE`; null where none is known | `level`, aloft | null |
| height | at most `GREATEST_HEIGHT` in size | `level`, aloft | null |
| elev | as height | `position` | null |
| error | positive, at most `LARGEST`; null where none is known | `error` | null |

So all rows, used or not, keep to the schema, and whoever draws, counts or stores a table meets nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from latentda.observations.coordinates import table_latitudes, table_longitudes

LARGEST = 1e10
"""No observation and no error in SI is larger; BUFR's missing value is ten times that."""
HIGHEST_PRESSURE = 1e6
"""Largest pressure that is kept, Pa."""
GREATEST_HEIGHT = 1e6
"""Largest height that is kept, in size, m."""
_SINGLE = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class Fault:
    """Rows that cannot be, for one reason.

    Attributes:
        column: the column that says so.
        rows: true for these rows.
        values: what stands in the column, of all rows.
        verdict: why these rows are not used.
        wanted: what the column must be, for a sentence.
    """

    column: str
    rows: np.ndarray
    values: np.ndarray
    verdict: str
    wanted: str


def judged(columns: Mapping[str, Any], surface: np.ndarray) -> tuple[dict[str, Any], list[Fault]]:
    """The columns with values that the schema may hold, and the faults of those that it may not.

    Args:
        columns: of an observation table; columns without a rule here come back as they are.
        surface: true where the variable lies at the surface, whose pressure and height locate nothing.
    """
    columns, faults = dict(columns), []
    for name, rule in _RULES.items():
        if name in columns:
            given = numbers(columns[name])
            columns[name], found = rule(given)
            aloft = ~surface if name in ("pres", "height") else True
            faults += [Fault(name, rows & aloft, given, *why) for rows, *why in found if (rows & aloft).any()]
    return columns, faults


def numbers(values: Any) -> np.ndarray:
    """A column as float64, NaN where null.

    Raises:
        ValueError: it holds no numbers.
    """
    if isinstance(values, pa.Array | pa.ChunkedArray):
        values = pc.cast(values, pa.float64()).to_numpy(zero_copy_only=False) if len(values) else np.zeros(0)
    return np.asarray(values, dtype=np.float64)


_Judged = tuple[np.ndarray, list[tuple[np.ndarray, str, str]]]


def _latitude(values: np.ndarray) -> _Judged:
    latitude, wrong = table_latitudes(values)
    return latitude, [(wrong, "position", "latitudes must lie between -90 and 90 degrees")]


def _longitude(values: np.ndarray) -> _Judged:
    longitude, wrong = table_longitudes(values)
    return longitude, [(wrong, "position", "longitudes must lie between -180 and 360 degrees")]


def _observation(values: np.ndarray) -> _Judged:
    missing, huge = np.isnan(values), np.abs(values) > LARGEST
    wanted = f"observations must be finite and at most {LARGEST:.0e} in size"
    return np.clip(values, -_SINGLE, _SINGLE), [(missing, "missing", wanted), (huge, "range", wanted)]


def _pressure(values: np.ndarray) -> _Judged:
    wrong = (values <= 0.0) | (values > HIGHEST_PRESSURE)
    return np.where(wrong, np.nan, values), [(wrong, "level", "the column pres must be positive or null, in Pa")]


def _height_as(name: str, verdict: str) -> Callable[[np.ndarray], _Judged]:
    def rule(values: np.ndarray) -> _Judged:
        wrong = np.abs(values) > GREATEST_HEIGHT
        return np.where(wrong, np.nan, values), [(wrong, verdict, f"the column {name} must be a height in m or null")]

    return rule


def _error(values: np.ndarray) -> _Judged:
    wrong = (values <= 0.0) | (values > LARGEST)
    return np.where(wrong, np.nan, values), [(wrong, "error", "the column error must be positive or null")]


_RULES: dict[str, Callable[[np.ndarray], _Judged]] = {
    "lat": _latitude,
    "lon": _longitude,
    "observation": _observation,
    "pres": _pressure,
    "height": _height_as("height", "level"),
    "elev": _height_as("elev", "position"),
    "error": _error,
}
