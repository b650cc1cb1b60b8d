"""Feedback of optimal analyses of Gaussian errors that are known."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from latentda.observations import concatenate, table_from_columns

LEVELS_HPA = np.array([1000.0, 850, 700, 500, 400, 300, 250, 200, 150, 100, 50])
START = np.datetime64("2000-01-01T12:00", "ns")


def feedback_table(
    seed: int = 0,
    stations: int = 40,
    sd: float = 1.0,
    background_sd: float = 2.0,
    length: float | None = None,
    cycle: int = 0,
    assumed: float = 1.0,
) -> pa.Table:
    """Soundings of temperature and surface pressures of as many stations, after an analysis with the true errors.

    Args:
        seed: of the errors.
        stations: each has one ascent, and one surface pressure.
        sd: of the temperatures' observation errors (K); in hPa those of the pressures.
        background_sd: of the background errors.
        length: of the observation errors' correlation in ln p; None: independent.
        cycle: twelve hours each.
        assumed: factor on the errors that the table tells.
    """
    rng = np.random.default_rng(seed)
    apart = np.abs(np.log(LEVELS_HPA[:, None] / LEVELS_HPA))
    r = sd**2 * (np.exp(-apart / length) if length else np.eye(LEVELS_HPA.size))
    aloft = _analysed(rng, stations, r, background_sd**2 * np.exp(-apart / 0.7))
    ground = _analysed(rng, stations, 1e4 * np.array([[sd**2]]), 1e4 * np.array([[background_sd**2]]))
    parts = [
        _table(*aloft, 250.0, 100.0 * LEVELS_HPA, "t", "ADPUPA", (sd, background_sd), cycle, assumed),
        _table(*ground, 1e5, np.array([np.nan]), "sp", "ADPSFC", (100 * sd, 100 * background_sd), cycle, assumed),
    ]
    return concatenate(parts)


def _analysed(rng, count, r, b):
    """O-B and O-A of optimal analyses, a row a station."""
    background = rng.multivariate_normal(np.zeros(len(b)), b, count)
    observation = rng.multivariate_normal(np.zeros(len(r)), r, count)
    innovation = observation - background
    return innovation, innovation @ np.linalg.solve(b + r, r)


def _table(innovation, residual, truth, pressure, variable, kind, sds, cycle, assumed):
    count, levels = innovation.shape
    station = np.repeat(np.arange(count), levels)
    observation = truth + np.zeros(count * levels)
    return table_from_columns(
        {
            "time": np.full(count * levels, START + np.timedelta64(12 * cycle, "h")),
            "lat": -60.0 + 120.0 * (station % 10) / 10.0,
            "lon": 36.0 * (station // 10) % 360.0,
            "elev": np.zeros(count * levels),
            "pres": np.tile(pressure, count),
            "observation": observation,
            "variable": np.full(count * levels, variable, object),
            "class": np.full(count * levels, kind, object),
            "station": np.array([f"S{number}" for number in station], object),
            "error": np.full(count * levels, assumed * sds[0]),
            "background": observation - innovation.ravel(),
            "analysis": observation - residual.ravel(),
            "background_error": np.full(count * levels, assumed * sds[1]),
        }
    )
