"""Reports with several quantities each, made into rows of the observation table.

Files that are no prepBUFR hold a report (a station, a level of an ascent, a pixel) a row, its quantities side by side.
The table holds a datum a row. What cannot be placed is left out and counted (`left_out`): a report without time or
place, and an upper-air datum with neither pressure nor height.

Wind comes as direction (degrees, from which it blows) and speed:

    u = -speed sin(direction),   v = -speed cos(direction)

A calm has no direction and often tells none; speed 0 is a wind of 0 whatever the direction says.

Report types of wind are those of mass plus 100, as in NCEP's files (120 and 220 are the same radiosonde).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from latentda.observations.left_out import LeftOut
from latentda.observations.table import SURFACE_VARIABLES, table_from_columns

_WIND = ("u", "v", "ws", "u10m", "v10m", "ws10m")
_PLACES: dict[str, Any] = {
    "elev": np.nan,
    "pres": np.nan,
    "height": np.nan,
    "type": 0,
    "class": "",
    "source": "",
    "station": "",
}
UNCHECKED = 2
"""Quality mark of a datum that nobody has checked."""
_ROUNDING = 1e-6  # degrees by which decoded numbers miss the pole or the date line


def on_the_globe(latitude: np.ndarray, longitude: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Latitude and longitude from -180 to 360 (degrees), NaN where either is none."""
    there = (
        (np.abs(latitude) <= 90.0 + _ROUNDING) & (longitude >= -180.0 - _ROUNDING) & (longitude <= 360.0 + _ROUNDING)
    )
    inside = np.clip(latitude, -90.0, 90.0), np.clip(longitude, -180.0, 360.0)
    return np.where(there, inside[0], np.nan), np.where(there, inside[1], np.nan)


def wind_components(speed: np.ndarray, direction: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Eastward and northward wind from speed and the direction (degrees) it blows from."""
    angle = np.deg2rad(np.where(speed == 0.0, 0.0, direction))
    return 0.0 - speed * np.sin(angle), 0.0 - speed * np.cos(angle)


def impossible_winds(speed: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """Where a speed is negative or infinite, or a direction (degrees) none; that of a calm may be any."""
    turned = (speed != 0.0) & ((direction < -180.0) | (direction > 360.0))
    return (speed < 0.0) | np.isinf(speed) | turned


def table_from_reports(
    places: Mapping[str, Any],
    quantities: Mapping[str, np.ndarray],
    marks: Mapping[str, np.ndarray] | None = None,
    errors: Mapping[str, np.ndarray] | None = None,
    left_out: LeftOut | None = None,
) -> pa.Table:
    """A row for each finite value of each quantity, report by report.

    Args:
        places: columns of the table that say where, when and what a report is, an array of a value a report or one
            value for all; `time`, `lat` and `lon` are required. NaN and NaT mean missing. Where `barometer` is given
            it is the `elev` of `sp`, which has no place without. `report` numbers the reports where several rows are
            levels of one.
        quantities: values by variable of the table, SI, NaN where missing, an array of a value a report each.
        marks: prepBUFR quality marks by variable; 2, "not checked", where there is none (NaN).
        errors: error standard deviations by variable, SI, NaN where unknown.
        left_out: counts what cannot be placed.

    Raises:
        ObservationError: the columns do not make a table.
    """
    count = len(places["time"])
    columns = {name: _spread(values, count) for name, values in {**_PLACES, **places}.items()}
    quantities = {name: np.broadcast_to(np.asarray(values, float), count) for name, values in quantities.items()}
    columns["pres"] = np.where(columns["pres"] > 0.0, columns["pres"], np.nan)
    told, kept = told_and_kept(columns, quantities)
    barometer, number = columns.pop("barometer", columns["elev"]), columns.pop("report", np.arange(count))
    if left_out is not None:
        left_out.count(number, told, kept)
    value = np.stack(list(quantities.values()), axis=1)
    report, order = np.nonzero(kept)  # by report, then quantity: file order
    rows = {name: values[report] for name, values in columns.items()}
    names = np.array(list(quantities), dtype=object)[order]
    surface, wind = np.isin(names, SURFACE_VARIABLES), np.isin(names, _WIND)
    rows["pres"] = np.where(names == "sp", np.nan, rows["pres"])
    rows["height"] = np.where(surface | np.isfinite(rows["pres"]), np.nan, rows["height"])
    rows["elev"] = np.where(names == "sp", barometer[report], rows["elev"])
    mass = (rows["type"] >= 100) & (rows["type"] < 200)
    rows["type"] = (rows["type"] + 100 * (wind & mass)).astype(np.uint16)
    mark = _chosen(marks, quantities, count, UNCHECKED)[report, order]
    rows |= {"observation": value[report, order], "variable": names, "quality": mark.astype(np.uint8)}
    rows["error"] = _chosen(errors, quantities, count, np.nan)[report, order]
    return table_from_columns(rows, most_bad=1.0)


def told_and_kept(
    places: Mapping[str, np.ndarray], quantities: Mapping[str, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Which quantities, side by side, have a value in each report, and which of these a place, bool (report, quantity).

    Pressures that are not positive must be NaN already. A place off the globe is one: the table refuses it.
    """
    placed = ~np.isnat(places["time"]) & ~np.isnan(places["lat"]) & ~np.isnan(places["lon"])
    aloft = placed & (np.isfinite(places["pres"]) | np.isfinite(places["height"]))
    where = {name: placed if name in SURFACE_VARIABLES else aloft for name in quantities}
    if "sp" in where and "barometer" in places:
        where["sp"] = placed & np.isfinite(places["barometer"])
    told = np.stack([np.isfinite(values) for values in quantities.values()], axis=1)
    return told, told & np.stack(list(where.values()), axis=1)


def _spread(values: Any, count: int) -> np.ndarray:
    """An array of a value a report, also from one value for all."""
    if isinstance(values, str):
        return np.full(count, values, dtype=object)
    values = np.asarray(values)
    return np.full(count, values) if values.ndim == 0 else values


def _chosen(
    given: Mapping[str, np.ndarray] | None, quantities: Mapping[str, Any], count: int, fill: float
) -> np.ndarray:
    """What was given for each quantity side by side, `fill` where nothing was."""
    chosen = np.full((count, len(quantities)), float(fill))
    for order, name in enumerate(quantities):
        if given and name in given:
            chosen[:, order] = np.where(np.isnan(given[name]), fill, given[name])
    return chosen
