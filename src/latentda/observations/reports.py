"""Reports with several quantities each, made into rows of the observation table.

Files that are no prepBUFR hold a report (a station, a level of an ascent, a pixel) a row, its quantities side by side.
The table holds a datum a row. What cannot be placed is left out: a report without time or place, and an upper-air
datum with neither pressure nor height.

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
_UNCHECKED = 2


def wind_components(speed: np.ndarray, direction: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Eastward and northward wind from speed and the direction (degrees) it blows from."""
    angle = np.deg2rad(np.where(speed == 0.0, 0.0, direction))
    return 0.0 - speed * np.sin(angle), 0.0 - speed * np.cos(angle)


def table_from_reports(
    places: Mapping[str, Any],
    quantities: Mapping[str, np.ndarray],
    marks: Mapping[str, np.ndarray] | None = None,
    errors: Mapping[str, np.ndarray] | None = None,
) -> pa.Table:
    """A row for each finite value of each quantity, report by report.

    Args:
        places: columns of the table that say where, when and what a report is, an array of a value a report or one
            value for all; `time`, `lat` and `lon` are required. NaN and NaT mean missing. Where `barometer`
            is given it is the `elev` of `sp`.
        quantities: values by variable of the table, SI, NaN where missing, an array of a value a report each.
        marks: prepBUFR quality marks by variable; 2, "not checked", where there is none (NaN).
        errors: error standard deviations by variable, SI, NaN where unknown.

    Raises:
        ObservationError: the columns do not make a table.
    """
    count = len(places["time"])
    columns = {name: _spread(values, count) for name, values in {**_PLACES, **places}.items()}
    barometer = columns.pop("barometer", columns["elev"])
    # A place off the globe stays, and the table refuses it.
    placed = ~np.isnat(columns["time"]) & ~np.isnan(columns["lat"]) & ~np.isnan(columns["lon"])
    columns["pres"] = np.where(columns["pres"] > 0.0, columns["pres"], np.nan)
    aloft = placed & (np.isfinite(columns["pres"]) | np.isfinite(columns["height"]))
    value = np.full((count, len(quantities)), np.nan)
    for number, (name, values) in enumerate(quantities.items()):
        known = placed if name in SURFACE_VARIABLES else aloft
        value[:, number] = np.where(known, values, np.nan)
    report, order = np.nonzero(np.isfinite(value))  # by report, then quantity: file order
    rows = {name: values[report] for name, values in columns.items()}
    names = np.array(list(quantities), dtype=object)[order]
    surface, wind = np.isin(names, SURFACE_VARIABLES), np.isin(names, _WIND)
    rows["pres"] = np.where(names == "sp", np.nan, rows["pres"])
    rows["height"] = np.where(surface | np.isfinite(rows["pres"]), np.nan, rows["height"])
    rows["elev"] = np.where(names == "sp", barometer[report], rows["elev"])
    mass = (rows["type"] >= 100) & (rows["type"] < 200)
    rows["type"] = (rows["type"] + 100 * (wind & mass)).astype(np.uint16)
    mark = _chosen(marks, quantities, count, _UNCHECKED)[report, order]
    rows |= {"observation": value[report, order], "variable": names, "quality": mark.astype(np.uint8)}
    rows["error"] = _chosen(errors, quantities, count, np.nan)[report, order]
    return table_from_columns(rows, most_bad=1.0)


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
