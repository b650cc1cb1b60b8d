"""Ground track and swath of a sun-synchronous satellite on a circular orbit over a spherical earth.

With inclination i, period P and u = 2 pi (t - t_0) / P the angle since the ascending node,

    lat = asin( sin i sin u )
    lon = 15 (L - UTC(t)) + atan2( cos i sin u, cos u )

in degrees, L the local time of the ascending node (h). The first term is the whole of
sun-synchrony: the node keeps its local time, so its longitude moves 15 degrees west an hour.
Footprints lie on great circles across the track.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from latentda.observations.table import as_time64

_EARTH_RADIUS_KM = 6371.0
_EPOCH = np.datetime64("2000-01-01T00:00:00", "ns")


@dataclass(frozen=True)
class Orbit:
    """A satellite and its scan.

    Attributes:
        local_time_hours: local solar time of the ascending node, h.
        period_minutes: orbital period, min.
        inclination_degrees: angle of the orbit to the equator; above 90 for sun-synchronous orbits.
        swath_km: width of the swath on the ground, km.
        spacing_km: distance between footprints along and across the track, km.
    """

    local_time_hours: float = 13.5
    period_minutes: float = 101.5
    inclination_degrees: float = 98.7
    swath_km: float = 2200.0
    spacing_km: float = 200.0


def ground_track(orbit: Orbit, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Latitude and longitude (degrees, longitude 0 to 360) beneath the satellite at UTC `times`."""
    i = np.deg2rad(orbit.inclination_degrees)
    minutes = (np.asarray(times, dtype="datetime64[ns]") - _EPOCH) / np.timedelta64(1, "m")
    u = 2.0 * np.pi * (minutes / orbit.period_minutes % 1.0)
    lat = np.arcsin(np.sin(i) * np.sin(u))
    lon = np.arctan2(np.cos(i) * np.sin(u), np.cos(u))
    node = 15.0 * (orbit.local_time_hours - minutes / 60.0 % 24.0)
    return np.rad2deg(lat), np.mod(np.rad2deg(lon) + node, 360.0)


def swath_places(orbit: Orbit, time: datetime | np.datetime64, hours: float) -> tuple[np.ndarray, np.ndarray]:
    """Latitude and longitude (degrees) of all footprints within `hours` centred on `time` (UTC)."""
    step_minutes = orbit.period_minutes * orbit.spacing_km / (2.0 * np.pi * _EARTH_RADIUS_KM)
    count = max(int(hours * 60.0 / step_minutes), 1)
    offset = (np.arange(count) - (count - 1) / 2.0) * step_minutes * 60e9
    times = as_time64(time) + np.round(offset).astype("timedelta64[ns]")
    lat, lon = ground_track(orbit, times)
    ahead = ground_track(orbit, times + np.timedelta64(1, "s"))
    half = int(orbit.swath_km / 2.0 // orbit.spacing_km)
    distance = np.arange(-half, half + 1) * orbit.spacing_km / _EARTH_RADIUS_KM
    return _across(_vector(lat, lon), _vector(*ahead), distance)


def _across(here: np.ndarray, ahead: np.ndarray, angle: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    side = np.cross(here, ahead)
    side /= np.linalg.norm(side, axis=-1, keepdims=True)
    points = (np.cos(angle)[:, None] * here[:, None, :] + np.sin(angle)[:, None] * side[:, None, :]).reshape(-1, 3)
    lat = np.rad2deg(np.arcsin(np.clip(points[:, 2], -1.0, 1.0)))
    return lat, np.mod(np.rad2deg(np.arctan2(points[:, 1], points[:, 0])), 360.0)


def _vector(lat: np.ndarray, lon: np.ndarray) -> np.ndarray:
    a, b = np.deg2rad(lat), np.deg2rad(lon)
    return np.stack([np.cos(a) * np.cos(b), np.cos(a) * np.sin(b), np.sin(a)], axis=-1)
