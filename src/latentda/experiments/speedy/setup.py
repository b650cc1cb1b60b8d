"""SPEEDY-LETKF: set-ups with published departures and times for a global atmosphere of T30 to T31.

| | theirs | ours |
| --- | --- | --- |
| model | SPEEDY, 7 levels, 96 x 48 | the embedded world: SPEEDY physics, 8 levels, no humidity on the upper two, other boundary data |
| cycle, members | 6 h, 20, perfect model, from January 1982 | 6 h, 20, perfect model, from the world's start |
| ``reg2`` | every second point in both directions, 1,008 stations | every second point between 79 S and 79 N: 1,008 |
| ``raob`` | about 415 points with a radiosonde | the points nearest to the shipped radiosonde stations |
| data | u, v, T on the levels, q on the lowest four, surface pressure | the same, at the levels' pressures under the standard atmosphere |
| localisation | Gaussian of 500 km and 0.1 in ln p, ending at 3.65 deviations | the same |
| inflation | adaptive, from 1.01, of every grid point | adaptive, one factor |
| gross check | 10 observation errors | 5 expected deviations of background and observation |

The printed departures are of one early cycle. Background errors are derived from them, O-B^2 = R + H B H^T.

Sources: Miyoshi's tutorial of the LETKF code; Miyoshi (2011), doi 10.1175/2010MWR3570.1; Molteni (2003),
doi 10.1007/s00382-002-0268-2.
"""  # noqa: E501

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy import ndarray

from latentda.assimilation.ensemble import AdaptiveInflation, Localization
from latentda.experiments.twin.observing import level_pressures
from latentda.grid import Grid, Layout
from latentda.observations import ObservationPlaces, join_networks, radiosonde_network
from latentda.observations.places import make_places
from latentda.physics.constants import GRAVITY

MEMBERS, INTERVAL_HOURS = 20, 6
LOCALIZATION = Localization.of_sigma(500.0, 0.1)
INFLATION = AdaptiveInflation()
ERRORS: Mapping[str, float] = {"u": 1.0, "v": 1.0, "t": 1.0, "q": 1e-3, "sp": 100.0}
"""Standard deviations of the observation errors (SI)."""

MOIST_LEVELS = 4
"""Lowest levels on which humidity is observed."""

_NEAREST_TO_A_POLE = 79.0


@dataclass(frozen=True)
class Published:
    """Printed numbers of one variable (SI)."""

    background: float
    analysis: float
    background_error: float


PUBLISHED: Mapping[str, Published] = {
    "u": Published(1.950, 1.249, 1.67),
    "v": Published(1.877, 1.251, 1.59),
    "t": Published(1.291, 1.162, 0.82),
    "q": Published(1.042e-3, 1.024e-3, 0.29e-3),
    "sp": Published(162.9, 116.5, 129.0),
}
"""Root mean squares of O-B and O-A of ``reg2``, and the background errors derived from them."""

PUBLISHED_SECONDS = {"analysis": 2.32, "forecasts": 4.0}
"""Of an analysis with its files and of 20 forecasts of 6 h, four processes of about 2009."""


def _every_second(grid: Grid) -> tuple[ndarray, ndarray]:
    rows = np.flatnonzero(np.abs(np.asarray(grid.latitude)) < _NEAREST_TO_A_POLE)[::2]
    row, column = np.meshgrid(rows, np.arange(0, grid.shape[1], 2), indexing="ij")
    return row.ravel(), column.ravel()


def _nearest_to_radiosondes(grid: Grid) -> tuple[ndarray, ndarray]:
    stations = radiosonde_network()
    rows = np.abs(np.asarray(grid.latitude)[:, None] - stations.lat).argmin(axis=0)
    apart = np.abs((np.asarray(grid.longitude)[:, None] - stations.lon + 180.0) % 360.0 - 180.0)
    row, column = np.unique(np.stack([rows, apart.argmin(axis=0)]), axis=1)
    return row, column


STATIONS: Mapping[str, Callable[[Grid], tuple[ndarray, ndarray]]] = {
    "speedy-letkf-reg2": _every_second,
    "speedy-letkf-raob": _nearest_to_radiosondes,
}
"""Rows and columns of the observed points, by the name of the set-up."""


def network(name: str, layout: Layout, surface_geopotential: ndarray) -> ObservationPlaces:
    """What a set-up observes.

    Args:
        name: a key of :data:`STATIONS`.
        layout: of the model, with sigma levels.
        surface_geopotential: of its orography (m2 s-2).
    """
    grid = layout.grid
    row, column = STATIONS[name](grid)
    latitude, longitude = np.asarray(grid.latitude)[row], np.asarray(grid.longitude)[column]
    height = np.asarray(surface_geopotential)[row, column] / GRAVITY
    pressure = level_pressures(layout, surface_geopotential)[:, row, column]
    moist = np.argsort(-np.asarray(layout.levels_of("t"), float))[:MOIST_LEVELS]
    station = np.char.add("P", np.arange(row.size).astype(str)).astype(object)

    def observed(variable: str, at: ndarray) -> ObservationPlaces:
        names = np.full(row.size, variable, object)
        places = make_places(latitude, longitude, at, height, names, station, "ADPUPA")
        places.error[:] = ERRORS[variable]
        return places

    aloft = [observed(name, at) for name in ("u", "v", "t") for at in pressure]
    humidity = [observed("q", pressure[level]) for level in moist]
    return join_networks(*aloft, *humidity, observed("sp", pressure[-1]))
