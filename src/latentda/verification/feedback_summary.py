"""What the feedback of many cycles says, as sums that are gathered cycle by cycle.

The table of a cycle may be large and their number too; only sums are kept, and the last cycle's table for maps.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from jaxtyping import Float
from numpy import ndarray

from latentda.grid import VARIABLES, lat_lon_grid
from latentda.observations import column
from latentda.user_error import UserError
from latentda.verification import (
    LAYERS,
    Departures,
    DesroziersRow,
    FitRow,
    Layer,
    LayerProducts,
    departures,
    desroziers,
    fit_columns,
    layer_numbers,
    layer_products,
    merge_desroziers,
    merge_fits,
    merge_products,
    observation_fit,
)
from latentda.verification.station_fit import merge_stations, station_sums

BOXES = lat_lon_grid(36, 72)
"""Boxes of five degrees, over which departures are averaged for maps."""

EDGES = np.arange(-8.0, 8.01, 0.25)
"""Edges of the classes of normalised departures; what lies beyond counts in the outermost."""

Place = tuple[str, Layer | None]
"""A variable and a layer; None is the surface."""


@dataclass(frozen=True, eq=False)
class FeedbackSummary:
    """Sums over the cycles' feedback.

    Attributes:
        times: the middle of each cycle's data.
        start: time of the first datum.
        end: time of the last.
        fits: O-B and O-A of each cycle.
        errors: Desroziers' diagnostics.
        correlations: of observation errors along soundings.
        histogram: numbers of normalised departures by variable: used, and refused for their departure.
        boxes: by variable and layer the number of used data in boxes, and the sums of O-B and O-A.
        stations: sums by station, class and variable.
        verdicts: numbers of data by class, variable and verdict.
        table: feedback of the last cycle.
    """

    times: tuple[np.datetime64, ...]
    start: np.datetime64
    end: np.datetime64
    fits: tuple[list[FitRow], ...]
    errors: list[DesroziersRow]
    correlations: list[LayerProducts]
    histogram: dict[str, Float[ndarray, "2 bin"]]
    boxes: dict[Place, Float[ndarray, "3 lat lon"]]
    stations: pa.Table
    verdicts: Counter[tuple[str, str, str]]
    table: pa.Table

    @property
    def fit(self) -> list[FitRow]:
        """O-B and O-A of all cycles together."""
        return merge_fits(self.fits)


def summarise(tables: Iterable[pa.Table]) -> FeedbackSummary:
    """The sums over feedback tables, in the order of time.

    Raises:
        UserError: no table.
        ObservationError: a table without feedback.
    """
    together: FeedbackSummary | None = None
    for table in tables:
        one = _of_cycle(table)
        together = one if together is None else _merge(together, one)
    if together is None:
        raise UserError("There is no feedback to summarise.")
    return together


def _of_cycle(table: pa.Table) -> FeedbackSummary:
    data = departures(table)
    time = np.sort(column(table, "time").astype("datetime64[s]"))
    kinds = zip(*(column(table, name).tolist() for name in ("class", "variable", "verdict")), strict=True)
    return FeedbackSummary(
        (time[time.size // 2],),
        time[0],
        time[-1],
        (observation_fit(fit_columns(table)),),
        desroziers(data),
        layer_products(table),
        _histogram(data),
        _boxes(data, column(table, "lat"), column(table, "lon")),
        station_sums(table, data),
        Counter(kinds),
        table,
    )


def _merge(a: FeedbackSummary, b: FeedbackSummary) -> FeedbackSummary:
    return FeedbackSummary(
        a.times + b.times,
        min(a.start, b.start),
        max(a.end, b.end),
        a.fits + b.fits,
        merge_desroziers([a.errors, b.errors]),
        merge_products([a.correlations, b.correlations]),
        _sum_arrays(a.histogram, b.histogram),
        _sum_arrays(a.boxes, b.boxes),
        merge_stations(a.stations, b.stations),
        a.verdicts + b.verdicts,
        b.table,
    )


def _sum_arrays(a: dict, b: dict) -> dict:
    return {key: a[key] + b[key] if key in a and key in b else a.get(key, b.get(key)) for key in {**a, **b}}


def _histogram(data: Departures) -> dict[str, Float[ndarray, "2 bin"]]:
    inside = np.clip(data.normalised, EDGES[0], EDGES[-1])
    kinds = (data.used, data.verdict == "first_guess")
    counts: dict[str, ndarray] = {}
    for name in dict.fromkeys(data.variable.tolist()):
        rows = (data.variable == name) & data.checked
        counts[name] = np.array([np.histogram(inside[rows & kind], EDGES)[0] for kind in kinds], float)
    return {name: count for name, count in counts.items() if count.any()}


def _boxes(data: Departures, latitude: ndarray, longitude: ndarray) -> dict[Place, Float[ndarray, "3 lat lon"]]:
    rows, columns = BOXES.shape
    i = np.minimum(((latitude + 90.0) * rows / 180.0).astype(int), rows - 1)
    # The first box of the grid is centred on Greenwich.
    j = np.round(longitude * columns / 360.0).astype(int) % columns
    box, number = i * columns + j, layer_numbers(data.pressure)
    sums: dict[Place, ndarray] = {}
    for name in dict.fromkeys(data.variable[data.used].tolist()):
        of_name = data.used & (data.variable == name)
        layers = enumerate(LAYERS) if VARIABLES[name].has_levels else [(-1, None)]
        for k, layer in layers:
            chosen = of_name & (number == k) if layer else of_name
            if chosen.any():
                weights = (None, data.background[chosen], data.analysis[chosen])
                parts = [np.bincount(box[chosen], w, rows * columns).reshape(rows, columns) for w in weights]
                sums[name, layer] = np.array(parts, float)
    return sums
