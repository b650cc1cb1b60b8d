"""Horizontal grids: where the columns of a field stand and how much area each one has.

A grid is the tensor product of latitudes and longitudes. Area weights are the exact areas of the
cells between the latitude edges, or Gauss-Legendre weights on a Gaussian grid, scaled to mean 1, so
that ``mean(w * f)`` is the area mean of f.

Symbols: phi latitude, lambda longitude, w_j proportional to sin(phi_{j+1/2}) - sin(phi_{j-1/2}).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from latentda.user_error import UserError

EARTH_RADIUS = 6.371e6
"""Mean radius of the Earth (m)."""

SAME_POINT = 0.01
"""Coordinates (degrees) this close are of the same point."""


@dataclass(frozen=True)
class Grid:
    """A horizontal grid of ``latitude`` x ``longitude`` (degrees north, degrees east).

    Attributes:
        latitude: degrees north, strictly monotonic, in either order.
        longitude: degrees east, strictly increasing.
        periodic: whether the last longitude's eastern neighbour is the first one.
        kind: ``"lat-lon"``, ``"gaussian"``, ``"regional"`` or ``"line"``; for messages and weights.
    """

    latitude: tuple[float, ...]
    longitude: tuple[float, ...]
    periodic: bool = True
    kind: str = "lat-lon"

    def __post_init__(self) -> None:
        _require_monotonic("latitude", self.latitude, increasing_only=False)
        _require_monotonic("longitude", self.longitude, increasing_only=True)
        if max(np.abs(self.latitude)) > 90.0 + 1e-6:
            raise UserError("A latitude lies outside -90..90 degrees; give latitudes in degrees.")
        if self.longitude[-1] - self.longitude[0] >= 360.0 and self.periodic:
            raise UserError("Longitudes span 360 degrees or more: drop the repeated meridian.")

    @property
    def shape(self) -> tuple[int, int]:
        """``(latitude, longitude)`` lengths."""
        return len(self.latitude), len(self.longitude)

    @property
    def north_first(self) -> bool:
        """Whether row 0 is the northernmost."""
        return self.latitude[0] > self.latitude[-1]

    @cached_property
    def latitude_weights(self) -> Float[ndarray, " latitude"]:
        """Relative area of a row, mean 1."""
        if self.kind == "gaussian":
            _, weights = np.polynomial.legendre.leggauss(len(self.latitude))
            order = np.argsort(np.argsort(self.latitude))
            return (weights / weights.mean())[order]
        edges = _edges(np.asarray(self.latitude))
        weights = np.abs(np.diff(np.sin(np.deg2rad(np.clip(edges, -90.0, 90.0)))))
        return weights / weights.mean()

    @cached_property
    def area_weights(self) -> Float[ndarray, "latitude longitude"]:
        """Relative area of a cell, mean 1."""
        return np.repeat(self.latitude_weights[:, None], len(self.longitude), axis=1)

    def differs_from(self, other: Grid) -> str:
        """What is different about its points, in words that follow "does not suit"; empty where nothing is."""
        if self.shape != other.shape:
            return "its grid is of {} x {} points, not {} x {}".format(*self.shape, *other.shape)
        if self.north_first != other.north_first and len(self.latitude) > 1:
            orders = ("south to north", "north to south")
            return f"its latitudes run from {orders[self.north_first]}, not from {orders[other.north_first]}"
        for name in ("latitude", "longitude"):
            ours, theirs = (np.asarray(getattr(grid, name)) for grid in (self, other))
            apart = np.abs(ours - theirs)
            if apart.max() > SAME_POINT:
                worst = int(apart.argmax())
                return f"its {name}s are others, such as {ours[worst]:g} where {theirs[worst]:g} was wanted"
        return ""


def lat_lon_grid(rows: int, columns: int, *, poles: bool = False) -> Grid:
    """A regular global grid, south first; ``poles`` puts the first and last row on the poles."""
    if poles:
        latitude = np.linspace(-90.0, 90.0, rows)
    else:
        latitude = -90.0 + (np.arange(rows) + 0.5) * 180.0 / rows
    longitude = np.arange(columns) * 360.0 / columns
    return Grid(tuple(latitude.tolist()), tuple(longitude.tolist()))


def gaussian_grid(rows: int, columns: int) -> Grid:
    """A Gaussian grid, south first: latitudes are arcsines of the Legendre roots."""
    nodes, _ = np.polynomial.legendre.leggauss(rows)
    latitude = np.rad2deg(np.arcsin(nodes))
    longitude = np.arange(columns) * 360.0 / columns
    return Grid(tuple(latitude.tolist()), tuple(longitude.tolist()), kind="gaussian")


def regional_grid(latitude: Sequence[float], longitude: Sequence[float]) -> Grid:
    """A limited area: not periodic. Longitudes may run below 0 so that they increase."""
    return Grid(
        tuple(float(v) for v in latitude),
        tuple(float(v) for v in longitude),
        periodic=False,
        kind="regional",
    )


def line_grid(points: int) -> Grid:
    """A periodic latitude circle of equal points: the world of the Lorenz-96 system."""
    longitude = np.arange(points) * 360.0 / points
    return Grid((0.0,), tuple(longitude.tolist()), kind="line")


def grid_from_coordinates(latitude: Sequence[float], longitude: Sequence[float]) -> Grid:
    """Recognise the grid that stored coordinates describe.

    Rows within 0.01 degrees of the Legendre roots make a Gaussian grid; longitudes that close the
    circle make a global one; everything else is regional.

    Raises:
        UserError: the first meridian comes again at the end, or coordinates are in no order.
    """
    lat = np.asarray(latitude, float)
    lon = np.asarray(longitude, float)
    spacing = float(np.median(np.diff(lon))) if lon.size > 1 else 360.0
    if lon.size > 1 and abs(lon[-1] - lon[0] - 360.0) < 0.01 * spacing:
        raise UserError("Longitudes span 360 degrees or more: drop the repeated meridian.")
    periodic = bool(abs(lon[-1] - lon[0] + spacing - 360.0) < 0.01 * max(spacing, 1.0))
    if not periodic:
        return regional_grid(lat.tolist(), lon.tolist())
    kind = "lat-lon" if lat.size > 1 else "line"
    if lat.size > 1:
        roots = np.rad2deg(np.arcsin(np.polynomial.legendre.leggauss(lat.size)[0]))
        if np.allclose(np.sort(lat), roots, atol=0.01):
            kind = "gaussian"
    return Grid(tuple(lat.tolist()), tuple(lon.tolist()), periodic=True, kind=kind)


def great_circle_km(
    latitude: ndarray, longitude: ndarray, other_latitude: ndarray, other_longitude: ndarray
) -> ndarray:
    """Great-circle distance (km) between broadcast positions in degrees (haversine form)."""
    phi, psi = np.deg2rad(latitude), np.deg2rad(other_latitude)
    half = 0.5 * np.deg2rad(np.asarray(other_longitude) - longitude)
    a = np.sin(0.5 * (psi - phi)) ** 2 + np.cos(phi) * np.cos(psi) * np.sin(half) ** 2
    return 2.0e-3 * EARTH_RADIUS * np.arcsin(np.sqrt(np.clip(a, 0.0, 1.0)))


def _edges(centres: ndarray) -> ndarray:
    """Cell edges half-way between centres; the outer cells are closed at half a spacing."""
    if centres.size == 1:
        return np.array([centres[0] - 0.5, centres[0] + 0.5])
    middle = 0.5 * (centres[1:] + centres[:-1])
    first = centres[0] - (middle[0] - centres[0])
    last = centres[-1] + (centres[-1] - middle[-1])
    return np.concatenate([[first], middle, [last]])


def _require_monotonic(name: str, values: tuple[float, ...], *, increasing_only: bool) -> None:
    array = np.asarray(values, float)
    if array.size == 0 or not np.isfinite(array).all():
        raise UserError(f"The grid's {name} is empty or holds a value that is not finite.")
    steps = np.diff(array)
    if not (np.all(steps > 0) or (not increasing_only and np.all(steps < 0))):
        order = "strictly increasing" if increasing_only else "strictly monotonic"
        raise UserError(f"The grid's {name} must be {order}; sort the data first.")
