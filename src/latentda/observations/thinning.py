"""Fewer data: thinning, superobbing, and slots of time.

Neighbouring data share errors that the analysis takes as independent, so of a dense network only a part should be
used. Thinning keeps one datum of a box and refuses the rest; superobbing replaces the data of a box by their mean,
which averages out the independent part of the errors. With weights w proportional to 1/sd^2 and a correlation rho
between the errors of the data of one box,

    y = sum w_i y_i,     sd^2 = (1 - rho) sum (w_i sd_i)^2 + rho ( sum w_i sd_i )^2

so that a mean of many still has the error sqrt(rho) sd. Sources: Lorenc (1981),
doi:10.1175/1520-0493(1981)109<0701:AGTDMS>2.0.CO;2, for superobservations; the error is the variance of a weighted
mean of equally correlated data.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from latentda.observations.error_profiles import pressure_of_height
from latentda.observations.soundings import all_but_best, group_numbers, variable_numbers
from latentda.observations.table import (
    SCHEMA,
    SURFACE_VARIABLES,
    ObservationError,
    as_time64,
    column,
    refuse,
    select,
    table_from_columns,
    used,
)
from latentda.user_error import UserError

CORRELATION = 0.3
"""Correlation between the errors of the data of one box, if nothing better is known; an assumption."""


def thin_by_box(
    table: pa.Table,
    degrees: float,
    log_pressure: float,
    classes: tuple[str, ...] | None = None,
    analysis_time: datetime | np.datetime64 | None = None,
) -> pa.Table:
    """Keep one datum a variable and class in each box: verdict `thinned`.

    Boxes are `degrees` high and about as wide in distance, and `log_pressure` thick in ln p. The
    best quality mark stays, among equals the datum nearest to the analysis time, then the first row.

    Args:
        table: the observations.
        degrees: side of the box in degrees of latitude.
        log_pressure: thickness of the box in ln p.
        classes: thin only these message classes; None thins all.
        analysis_time: UTC; without it all times are equals.
    """
    keys = _boxes(table, degrees, log_pressure)
    apart = None
    if analysis_time is not None:
        apart = np.abs(column(table, "time").astype("datetime64[ns]") - as_time64(analysis_time))
    return refuse(table, all_but_best(table, _eligible(table, classes), keys, apart), "thinned")


def superob(
    table: pa.Table,
    degrees: float,
    log_pressure: float,
    classes: tuple[str, ...] | None = None,
    correlation: float = CORRELATION,
) -> pa.Table:
    """Replace the used data of each box by their mean: verdict `superobbed` for the originals.

    The means are appended with station "", source "superob", the worst quality mark of the box, the smallest report
    type, and an `obs_id` above those of the table. Place, ln p, height, station height and time are means with the
    weights of the value. A datum alone in its box stays as it is. Boxes are those of `thin_by_box`.

    Args:
        table: the observations; errors must be assigned.
        degrees: side of the box in degrees of latitude.
        log_pressure: thickness of the box in ln p.
        classes: only these message classes; None takes all.
        correlation: rho, between the errors of the data of one box.

    Raises:
        UserError: `correlation` is not between 0 and 1.
        ObservationError: a datum to average has no error.
    """
    if not 0.0 <= correlation <= 1.0:
        raise UserError(f"the correlation of errors must be between 0 and 1, not {correlation}")
    rows = np.flatnonzero(_eligible(table, classes))
    if np.isnan(column(table, "error")[rows]).any():
        raise ObservationError("superobbing needs errors; call assign_errors first")
    box = group_numbers([key[rows] for key in _boxes(table, degrees, log_pressure)])
    several = np.bincount(box)[box] > 1 if len(rows) else np.zeros(0, dtype=bool)
    rows, box = rows[several], np.unique(box[several], return_inverse=True)[1]
    if len(rows) == 0:
        return table
    averaged = np.zeros(table.num_rows, dtype=bool)
    averaged[rows] = True
    means = _means(table.take(rows), box, correlation)
    first_number = int(column(table, "obs_id").max()) + 1
    means = means.set_column(
        means.schema.get_field_index("obs_id"),
        SCHEMA.field("obs_id"),
        pa.array(np.arange(means.num_rows) + first_number),
    )
    joined = pa.concat_tables([refuse(table, averaged, "superobbed"), means], promote_options="default")
    return joined.combine_chunks()


def split_by_time(table: pa.Table, edges: Sequence[datetime | np.datetime64]) -> list[pa.Table]:
    """The data of each slot between neighbouring edges (UTC); a slot has its first edge, the last slot both.

    Raises:
        UserError: fewer than two edges, or edges that do not rise.
    """
    times = [as_time64(edge) for edge in edges]
    if len(times) < 2 or any(b <= a for a, b in pairwise(times)):
        raise UserError("slots of time need at least two edges, and they must rise")
    time = column(table, "time").astype("datetime64[ns]")
    slot = np.searchsorted(np.array(times), time, side="right") - 1
    slot[time == times[-1]] = len(times) - 2
    return [select(table, slot == number) for number in range(len(times) - 1)]


def _eligible(table: pa.Table, classes: tuple[str, ...] | None) -> np.ndarray:
    if classes is None:
        return used(table)
    return used(table) & pc.is_in(table["class"], pa.array(classes, pa.string())).to_numpy()


def _boxes(table: pa.Table, degrees: float, log_pressure: float) -> list[np.ndarray]:
    """Keys whose combinations are the boxes, by variable and class."""
    latitude, longitude = column(table, "lat"), column(table, "lon")
    row_of_boxes = np.floor((latitude + 90.0) / degrees)
    centre = np.deg2rad((row_of_boxes + 0.5) * degrees - 90.0)
    width = degrees / np.maximum(np.cos(centre), 1e-3)
    pressure, height = column(table, "pres").astype(np.float64), column(table, "height").astype(np.float64)
    located = np.log(np.where(np.isnan(pressure), pressure_of_height(height), pressure))
    surface = pc.is_in(table["variable"], pa.array(SURFACE_VARIABLES)).to_numpy()
    return [
        row_of_boxes,
        np.floor(longitude / width),
        np.where(surface, 0.0, np.floor(np.nan_to_num(located, nan=np.log(1e5)) / log_pressure)),
        np.isnan(pressure),
        variable_numbers(table),
        table["class"].combine_chunks().dictionary_encode().indices.to_numpy(),
    ]


def _means(table: pa.Table, box: np.ndarray, correlation: float) -> pa.Table:
    """The means of the rows of each box, a row a box."""
    sd = column(table, "error").astype(np.float64)
    weight = sd**-2 / np.bincount(box, sd**-2)[box]

    def mean(values: np.ndarray) -> np.ndarray:
        here = np.isfinite(values)
        total = np.bincount(box, weight * here)
        filled = np.bincount(box, weight * np.where(here, values, 0.0))
        return np.where(total > 0.0, filled / np.maximum(total, 1e-300), np.nan)

    variance = np.bincount(box, (weight * sd) ** 2) * (1.0 - correlation)
    variance += np.bincount(box, weight * sd) ** 2 * correlation
    _, first = np.unique(box, return_index=True)
    columns: dict[str, np.ndarray] = {
        name: mean(column(table, name).astype(np.float64)) for name in ("elev", "height", "observation")
    }
    columns |= {name: column(table, name)[first] for name in ("variable", "class")}
    columns["lat"], columns["lon"] = _mean_place(table, mean)
    columns["time"] = _mean_time(table, mean)
    columns["pres"] = np.exp(mean(np.log(column(table, "pres").astype(np.float64))))
    columns["error"] = np.sqrt(variance)
    columns["type"] = _extreme(np.minimum, column(table, "type"), box)
    columns["quality"] = _extreme(np.maximum, column(table, "quality"), box)
    columns["source"] = np.full(len(first), "superob", dtype=object)
    return table_from_columns(columns, most_bad=0.0)


def _mean_time(table: pa.Table, mean: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    time = column(table, "time").astype("datetime64[ns]")
    milliseconds = mean((time - time.min()) / np.timedelta64(1, "ms"))
    return time.min() + np.round(milliseconds).astype("timedelta64[ms]")


def _mean_place(table: pa.Table, mean: Callable[[np.ndarray], np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    latitude, longitude = (np.deg2rad(column(table, name).astype(np.float64)) for name in ("lat", "lon"))
    x, y = mean(np.cos(latitude) * np.cos(longitude)), mean(np.cos(latitude) * np.sin(longitude))
    z = mean(np.sin(latitude))
    return np.rad2deg(np.arctan2(z, np.hypot(x, y))), np.mod(np.rad2deg(np.arctan2(y, x)), 360.0)


def _extreme(of: np.ufunc, values: np.ndarray, box: np.ndarray) -> np.ndarray:
    order = np.argsort(box, kind="stable")
    _, starts = np.unique(box[order], return_index=True)
    return of.reduceat(values[order], starts)
