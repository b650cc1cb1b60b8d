"""Simulated aircraft reports: temperature and wind along great circles between real hubs, and on ascents.

A flight leaves one hub for another; a hub is chosen with a probability that grows with its weight. Its reports lie
``spacing_km`` apart on the great circle, at one cruising pressure between 200 and 300 hPa. With a, b the unit vectors
of the two hubs and s the angle between them, the point at the angle x from a is

    p(x) = ( a sin(s - x) + b sin x ) / sin s.

Every hub adds an ascent. Hubs are large airports of the world, their places rounded to a tenth of a degree; the
weights give North America, Europe and East Asia most of the traffic, as in the reports that weather services receive.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from latentda.observations.error_table import ErrorTable
from latentda.observations.places import ObservationPlaces, make_places

_EARTH_RADIUS_KM = 6371.0
_SHORTEST_KM, _LONGEST_KM = 800.0, 12000.0
_CRUISE_PA = (20000.0, 30000.0)
_ASCENT_PA = 100.0 * np.array([925.0, 850.0, 700.0, 500.0, 400.0])

_HUBS: tuple[tuple[str, float, float, float], ...] = (
    ("ATL", 33.6, -84.4, 4), ("ORD", 42.0, -87.9, 4), ("DFW", 32.9, -97.0, 4), ("DEN", 39.9, -104.7, 3),
    ("LAX", 33.9, -118.4, 4), ("SEA", 47.4, -122.3, 2), ("JFK", 40.6, -73.8, 4), ("MIA", 25.8, -80.3, 3),
    ("MSP", 44.9, -93.2, 2), ("ANC", 61.2, -150.0, 2), ("YYZ", 43.7, -79.6, 2), ("YVR", 49.2, -123.2, 2),
    ("HNL", 21.3, -157.9, 2), ("MEX", 19.4, -99.1, 2), ("PTY", 9.1, -79.4, 1), ("BOG", 4.7, -74.1, 1),
    ("GRU", -23.4, -46.5, 2), ("EZE", -34.8, -58.5, 1), ("SCL", -33.4, -70.8, 1), ("LIM", -12.0, -77.1, 1),
    ("LHR", 51.5, -0.5, 4), ("CDG", 49.0, 2.5, 4), ("FRA", 50.0, 8.6, 4), ("MAD", 40.5, -3.6, 2),
    ("FCO", 41.8, 12.2, 2), ("ARN", 59.7, 17.9, 2), ("IST", 41.3, 28.7, 2), ("SVO", 56.0, 37.4, 2),
    ("KEF", 64.0, -22.6, 1), ("CAI", 30.1, 31.4, 1), ("DXB", 25.3, 55.4, 3), ("NBO", -1.3, 36.9, 1),
    ("JNB", -26.1, 28.2, 2), ("LOS", 6.6, 3.3, 1), ("DEL", 28.6, 77.1, 2), ("BOM", 19.1, 72.9, 1),
    ("SIN", 1.4, 104.0, 3), ("BKK", 13.7, 100.7, 2), ("HKG", 22.3, 113.9, 3), ("PEK", 40.1, 116.6, 3),
    ("ICN", 37.5, 126.5, 3), ("NRT", 35.8, 140.4, 4), ("CGK", -6.1, 106.7, 1), ("SYD", -33.9, 151.2, 3),
    ("PER", -31.9, 116.0, 1), ("AKL", -37.0, 174.8, 2),
)  # fmt: skip


def aircraft_network(
    flights: int = 80,
    seed: int | Sequence[int] = 0,
    spacing_km: float = 400.0,
    variables: Sequence[str] = ("t", "u", "v"),
    error_table: ErrorTable | None = None,
) -> ObservationPlaces:
    """Reports of ``flights`` flights and of one ascent over every hub.

    Args:
        flights: how many, between hubs 800 to 12,000 km apart.
        seed: of the flights; several numbers make one seed.
        spacing_km: between two reports of a flight.
        variables: upper-air variables of every report.
        error_table: by default ``default_error_table()``.
    """
    random = np.random.default_rng(seed)
    names = np.array([hub[0] for hub in _HUBS], dtype=object)
    hubs = _vectors(np.array([hub[1] for hub in _HUBS]), np.array([hub[2] for hub in _HUBS]))
    points, pressures, stations = [], [], []
    for number, (start, end) in enumerate(_pairs(random, hubs, flights)):
        along = _great_circle(hubs[start], hubs[end], spacing_km / _EARTH_RADIUS_KM, random.uniform())
        points.append(along)
        pressures.append(np.full(len(along), random.uniform(*_CRUISE_PA)))
        stations.append(np.full(len(along), f"F{number:05d}", dtype=object))
    points.append(np.repeat(hubs, len(_ASCENT_PA), axis=0))
    pressures.append(np.tile(_ASCENT_PA, len(hubs)))
    stations.append(np.repeat(names, len(_ASCENT_PA)))
    return _every_variable(
        np.concatenate(points), np.concatenate(pressures), np.concatenate(stations), variables, error_table
    )


def _pairs(random: np.random.Generator, hubs: ndarray, count: int) -> list[tuple[int, int]]:
    weight = np.array([hub[3] for hub in _HUBS])
    both = np.outer(weight, weight)
    distance = _EARTH_RADIUS_KM * np.arccos(np.clip(hubs @ hubs.T, -1.0, 1.0))
    both = np.where((distance >= _SHORTEST_KM) & (distance <= _LONGEST_KM), both, 0.0)
    chosen = random.choice(both.size, count, p=(both / both.sum()).ravel())
    return [(int(k) // len(_HUBS), int(k) % len(_HUBS)) for k in chosen]


def _great_circle(a: ndarray, b: ndarray, step: float, offset: float) -> Float[ndarray, "point 3"]:
    """Unit vectors ``step`` (radians) apart from a to b, the first ``offset`` steps behind a."""
    angle = np.arccos(np.clip(a @ b, -1.0, 1.0))
    x = np.arange(offset * step, angle, step)[:, None]
    return (a * np.sin(angle - x) + b * np.sin(x)) / np.sin(angle)


def _vectors(latitude: ndarray, longitude: ndarray) -> Float[ndarray, "point 3"]:
    a, b = np.deg2rad(latitude), np.deg2rad(longitude)
    return np.stack([np.cos(a) * np.cos(b), np.cos(a) * np.sin(b), np.sin(a)], axis=-1)


def _every_variable(
    points: ndarray, pressure: ndarray, station: ndarray, variables: Sequence[str], error_table: ErrorTable | None
) -> ObservationPlaces:
    count = len(variables)
    latitude = np.rad2deg(np.arcsin(np.clip(points[:, 2], -1.0, 1.0)))
    longitude = np.rad2deg(np.arctan2(points[:, 1], points[:, 0]))
    return make_places(
        np.repeat(latitude, count),
        np.repeat(longitude, count),
        np.repeat(pressure, count),
        np.full(count * len(points), np.nan),
        np.tile(np.asarray(variables, dtype=object), len(points)),
        np.repeat(station, count),
        "AIRCFT",
        error_table,
    )
