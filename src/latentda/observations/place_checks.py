"""Checks of where and when: stations on impossible ground or in two places, reports outside the window."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from latentda.observations.soundings import group_numbers
from latentda.observations.table import SURFACE_VARIABLES, as_time64, column, refuse, used
from latentda.physics.thermodynamics import standard_atmosphere_pressure

GROUND = (-450.0, 8900.0)
"""Heights that stations can have, m: from the shore of the Dead Sea to the summit of Everest."""
PRESSURE_FIT = (-0.2, 0.12)
"""What ln(sp / pressure of the standard atmosphere at the station) can be; at the sea, 830 to 1142 hPa."""
ROAMING = {"ADPSFC": (50.0, 0.0), "SFCSHP": (100.0, 30.0), "ADPUPA": (100.0, 100.0)}
"""How far a station may be from its usual place, by message class: km, and m/s away from its usual time."""
SHARED_NAMES = ("", "SHIP", "BUOY", "PLAT", "RIGG", "/////", "XXXX")
"""Call signs that many share, or that stand for none."""
EARTH_RADIUS_KM = 6371.0


def check_window(table: pa.Table, start: datetime | np.datetime64, end: datetime | np.datetime64) -> pa.Table:
    """Refuse data before `start` or after `end` (UTC; both included): verdict `outside_window`."""
    time = column(table, "time").astype("datetime64[ns]")
    return refuse(table, (time < as_time64(start)) | (time > as_time64(end)), "outside_window")


def check_position(table: pa.Table) -> pa.Table:
    """Refuse data whose place cannot be right: verdict `position`.

    * latitude and longitude both exactly 0, which is what a missing place becomes;
    * surface data of stations higher or lower than any ground, surface pressure without a station height;
    * surface pressure that no weather can bring to the station's height;
    * reports far from where most reports of the station in this table are; if there is no majority, all of them.
    """
    latitude, longitude, elevation = (column(table, name) for name in ("lat", "lon", "elev"))
    surface = pc.is_in(table["variable"], pa.array(SURFACE_VARIABLES)).to_numpy()
    pressure = pc.equal(table["variable"], "sp").to_numpy().astype(bool)
    bad = (latitude == 0.0) & (longitude == 0.0)
    bad |= surface & ((elevation < GROUND[0]) | (elevation > GROUND[1]))
    bad |= pressure & np.isnan(elevation)
    bad |= pressure & ~_fits(column(table, "observation"), elevation)
    return refuse(table, bad | _astray(table), "position")


def _fits(pressure: np.ndarray, elevation: np.ndarray) -> np.ndarray:
    usual = standard_atmosphere_pressure(np.clip(elevation.astype(np.float64), *GROUND))
    departure = np.log(np.maximum(pressure, 1.0) / usual)
    return ~((departure < PRESSURE_FIT[0]) | (departure > PRESSURE_FIT[1]))


def _astray(table: pa.Table) -> np.ndarray:
    """Rows of stations that are not where, at that time, most of the station's rows are."""
    astray = np.zeros(table.num_rows, dtype=bool)
    named = ~pc.is_in(table["station"], pa.array(SHARED_NAMES)).to_numpy() & used(table)
    for message_class, (slack, speed) in ROAMING.items():
        rows = np.flatnonzero(named & pc.equal(table["class"], message_class).to_numpy().astype(bool))
        if len(rows):
            astray[rows] = _far_from_most(table.take(rows), slack, speed)
    return astray


def _far_from_most(table: pa.Table, slack: float, speed: float) -> np.ndarray:
    group = group_numbers([table["station"].combine_chunks().dictionary_encode().indices.to_numpy()])
    latitude, longitude = (np.deg2rad(column(table, name).astype(np.float64)) for name in ("lat", "lon"))
    seconds = column(table, "time").astype("datetime64[ns]").astype(np.int64) * 1e-9
    place = np.stack([np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude), np.sin(latitude)])
    usual = np.stack([_medians(axis, group) for axis in place])[:, group]
    distance = EARTH_RADIUS_KM * np.sqrt(((place - usual) ** 2).sum(0))  # the chord is close enough
    away = np.abs(seconds - _medians(seconds, group)[group])
    far = distance > slack + 1e-3 * speed * away
    majority = np.bincount(group, ~far) > 0.5 * np.bincount(group)
    return far | ~majority[group]


def _medians(values: np.ndarray, group: np.ndarray) -> np.ndarray:
    """The lower median of each group."""
    order = np.lexsort((values, group))
    counts = np.bincount(group)
    return values[order][np.cumsum(counts) - counts + (counts - 1) // 2]
