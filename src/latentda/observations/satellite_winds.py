"""Simulated satellite winds: both components of the wind at places of the kind that cloud motion gives.

Geostationary satellites see between about 50 S and 50 N. The belt is cut into boxes ``box_degrees`` high and about as
wide in distance; each box holds ``per_box`` winds at random places, each at one level, as a cloud has one top.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from latentda.observations.error_table import ErrorTable
from latentda.observations.places import ObservationPlaces, make_places


def satellite_wind_network(
    per_box: int = 2,
    seed: int | Sequence[int] = 0,
    box_degrees: float = 2.5,
    limit_degrees: float = 50.0,
    levels_hpa: Sequence[float] = (850.0, 700.0, 300.0, 250.0),
    error_table: ErrorTable | None = None,
) -> ObservationPlaces:
    """Both components of ``per_box`` winds in every box.

    Args:
        per_box: winds a box.
        seed: of places and levels; several numbers make one seed.
        box_degrees: height of a box.
        limit_degrees: of the belt, north and south.
        levels_hpa: of which a wind has one.
        error_table: by default ``default_error_table()``.
    """
    random = np.random.default_rng(seed)
    south = np.arange(-limit_degrees, limit_degrees, box_degrees)
    middle = np.deg2rad(south + box_degrees / 2.0)
    boxes = np.maximum(np.round(360.0 / box_degrees * np.cos(middle)).astype(int), 1)
    row = np.repeat(np.arange(south.size), boxes * per_box)
    box = np.concatenate([np.repeat(np.arange(n), per_box) for n in boxes])
    latitude = south[row] + box_degrees * random.uniform(size=row.size)
    longitude = 360.0 * (box + random.uniform(size=row.size)) / boxes[row]
    pressure = 100.0 * random.choice(np.asarray(levels_hpa, float), row.size)
    station = np.array([f"W{number:06d}" for number in range(row.size)], dtype=object)
    return make_places(
        np.repeat(latitude, 2),
        np.repeat(longitude, 2),
        np.repeat(pressure, 2),
        np.full(2 * row.size, np.nan),
        np.tile(np.array(["u", "v"], dtype=object), row.size),
        np.repeat(station, 2),
        "SATWND",
        error_table,
    )
