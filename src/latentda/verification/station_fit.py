"""The fit by station: which stations disagree with the background more than the expected errors allow.

With n normalised background departures d of a station,

    chi^2 = sum min( d^2, 25 ),    excess = ( chi^2 - n ) / sqrt( 2 n ):

the number of standard deviations by which chi^2 exceeds its expectation, were the departures independent and
Gaussian. It ranks stations with many and with few data alike, and no single gross error decides. Data that the
first-guess check refused count too: they are what a blacklist is made from.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from latentda.observations import column
from latentda.verification import Departures

LARGEST_SQUARE = 25.0
"""Largest square of a normalised departure that counts in full: more is a gross error, whatever its size."""

_KEYS = ["station", "class", "variable"]
_SUMS = ["count", "refused", "departure", "square", "chi_square"]
_PLACE = ["lat", "lon"]


@dataclass(frozen=True)
class StationFit:
    """One variable of one station, all levels and cycles together.

    Attributes:
        station: its name.
        message_class: of its reports.
        variable: short name.
        latitude: degrees north, where it was first.
        longitude: degrees east.
        count: number of data.
        refused: those among them that the first-guess check refused.
        bias: mean O-B, SI units.
        sd: standard deviation of O-B, SI units.
        chi_square: mean square of the normalised departures, bounded as above.
        excess: of chi^2 over its expectation, in standard deviations.
    """

    station: str
    message_class: str
    variable: str
    latitude: float
    longitude: float
    count: int
    refused: int
    bias: float
    sd: float
    chi_square: float
    excess: float


def station_sums(table: pa.Table, data: Departures) -> pa.Table:
    """Sums by station, class and variable over the data of one feedback table that passed the other checks."""
    rows = np.flatnonzero(data.checked & (column(table, "station") != ""))
    square = data.background[rows] ** 2
    numbers = {
        "count": np.ones(rows.size),
        "refused": (data.verdict[rows] == "first_guess").astype(float),
        "departure": data.background[rows],
        "square": square,
        "chi_square": np.minimum(data.normalised[rows] ** 2, LARGEST_SQUARE),
    }
    chosen = table.select(_KEYS + _PLACE).take(pa.array(rows))
    for name in _SUMS:
        chosen = chosen.append_column(name, pa.array(numbers[name], pa.float64()))
    return _grouped(chosen)


def merge_stations(a: pa.Table, b: pa.Table) -> pa.Table:
    """The sums of both."""
    return _grouped(pa.concat_tables([a, b]))


def station_fits(sums: pa.Table) -> list[StationFit]:
    """The fit of every station, the worst first."""
    rows = [_fit(row) for row in sums.to_pylist()]
    return sorted(rows, key=lambda row: -row.excess)


def _grouped(table: pa.Table) -> pa.Table:
    # "first" needs the rows in order, which threads do not keep.
    grouped = table.group_by(_KEYS, use_threads=False)
    summed = grouped.aggregate([(name, "sum") for name in _SUMS] + [(name, "first") for name in _PLACE])
    plain = [name.removesuffix("_sum").removesuffix("_first") for name in summed.column_names]
    return summed.rename_columns(plain).select(_KEYS + _PLACE + _SUMS)


def _fit(row: dict) -> StationFit:
    n = row["count"]
    bias = row["departure"] / n
    return StationFit(
        row["station"],
        row["class"],
        row["variable"],
        row["lat"],
        row["lon"],
        int(n),
        int(row["refused"]),
        bias,
        float(np.sqrt(max(row["square"] / n - bias**2, 0.0))),
        row["chi_square"] / n,
        float((row["chi_square"] - n) / np.sqrt(2.0 * n)),
    )
