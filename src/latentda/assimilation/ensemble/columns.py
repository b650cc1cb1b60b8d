"""The data within reach of every column and level of a grid, chosen on the host before anything is compiled.

A datum d counts at a place g with the weight

    rho = GC( great-circle distance / r_h ) GC( |ln p_d - ln p_g| / r_v ),

GC the taper of Gaspari & Cohn (1999), doi 10.1002/qj.49712555417, which is 0 from its radius on; it multiplies the
datum's R^-1 there (Hunt et al. 2007, doi 10.1016/j.physd.2006.11.008). Distances are those of chords in three
dimensions, which know no date line and no pole.

The data of each place go into arrays of one of a few lengths, powers of two, so that one program serves all places of
a length, this cycle and the next.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray
from scipy.spatial import cKDTree

from latentda.assimilation.places import Places
from latentda.grid import EARTH_RADIUS, Grid
from latentda.operators import gaspari_cohn
from latentda.user_error import UserError

SIGMAS_A_RADIUS = 2.0 * np.sqrt(10.0 / 3.0)
"""Radius of the Gaspari-Cohn taper over the standard deviation of the Gaussian with its curvature at zero."""

_FEWEST = 16
_AT_ONCE = 2**16
_MOST_TARGETS = 512
_HALF_WAY_ROUND = 1e-3 * np.pi * EARTH_RADIUS
_HIGH_AS_THE_AIR = 10.0


@dataclass(frozen=True)
class Localization:
    """How far a datum counts.

    Radii are where the taper reaches zero. Others give the half-width c = r / 2 of Gaspari and Cohn, or the standard
    deviation of a Gaussian, r = 2 sqrt(10/3) sigma = 3.65 sigma; :meth:`of_sigma` takes the latter.

    Attributes:
        horizontal_km: r_h; infinite: everywhere.
        vertical_lnp: r_v, a difference of ln p; infinite: every level.
        every: weights are found at every so many-th row and column, and carried to those between.
        most_data: of a place, the nearest by the sum of squares of (distance / radius); by default all in reach.
        columns_at_once: that data are chosen for. Memory (bytes): about it x data in reach of a column
            x (100 + 5 levels).

    Raises:
        UserError: a radius that is not positive, or a number below 1.
    """

    horizontal_km: float
    vertical_lnp: float = float("inf")
    every: int = 1
    most_data: int | None = None
    columns_at_once: int = 1024

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None and not value > 0:
                raise UserError(f"The localization's {field.name} is positive; got {value}.")

    @classmethod
    def of_sigma(cls, horizontal_km: float, vertical_lnp: float = float("inf"), **others: int) -> Localization:
        """The localisation of Gaussians of these standard deviations."""
        return cls(SIGMAS_A_RADIUS * horizontal_km, SIGMAS_A_RADIUS * vertical_lnp, **others)


class Targets(NamedTuple):
    """Some places of analysis and the data in reach of each.

    Attributes:
        column: of the grid flattened; -1 in padding.
        level: row of the levels.
        datum: indices of data.
        taper: their weights in the horizontal; 0 in padding.
    """

    column: Int[ndarray, " target"]
    level: Int[ndarray, " target"]
    datum: Int[ndarray, "target datum"]
    taper: Float[ndarray, "target datum"]


def targets(
    grid: Grid,
    log_pressure: Float[ndarray, "level column"],
    places: Places,
    valid: Bool[ndarray, " datum"],
    localization: Localization,
    columns: Int[ndarray, " wanted"] | None = None,
) -> Iterator[Targets]:
    """Every place of analysis with data in reach, in groups of like numbers of data; those without do not come.

    Args:
        grid: its points are the columns, flattened.
        log_pressure: ln p of the levels in every column.
        places: of the data.
        valid: which of them are data; the rest is padding.
        localization: how far they count.
        columns: where; by default everywhere.
    """
    if not np.any(valid):
        return
    nearby = _Nearby(grid, places, np.asarray(valid), localization)
    waiting: dict[int, Targets] = {}
    wanted = np.arange(log_pressure.shape[1]) if columns is None else columns
    for start in range(0, len(wanted), localization.columns_at_once):
        some = wanted[start : start + localization.columns_at_once]
        for found in _chosen(nearby, some, log_pressure[:, some], localization):
            length = found.datum.shape[1]
            ready = found
            if length in waiting:
                ready = Targets(*(np.concatenate(pair) for pair in zip(waiting[length], found, strict=True)))
            step = _targets_at_once(length)
            whole = len(ready.column) // step * step
            for first in range(0, whole, step):
                yield Targets(*(part[first : first + step] for part in ready))
            waiting[length] = Targets(*(part[whole:] for part in ready))
    for length, rest in waiting.items():
        if len(rest.column):
            yield _padded(rest, _targets_at_once(length))


class _Pairs(NamedTuple):
    """Columns (counted from the first of them) and data within the horizontal radius, ordered by column."""

    column: ndarray
    datum: ndarray
    distance: ndarray
    taper: ndarray


class _Nearby:
    """Finds the data within the horizontal radius; data of one station are looked up once."""

    def __init__(self, grid: Grid, places: Places, valid: ndarray, localization: Localization):
        latitude, longitude = (np.asarray(part)[valid] for part in (places.latitude, places.longitude))
        sites, site = np.unique(np.stack([latitude, longitude], axis=1), axis=0, return_inverse=True)
        self.tree = cKDTree(_on_sphere(sites[:, 0], sites[:, 1]))
        self.order = np.argsort(site, kind="stable")
        self.count = np.bincount(site, minlength=len(sites))
        self.start = np.cumsum(self.count) - self.count
        self.datum = np.flatnonzero(valid).astype(np.int32)
        self.log_pressure = np.asarray(places.log_pressure, np.float32)
        phi, lam = np.meshgrid(grid.latitude, grid.longitude, indexing="ij")
        self.points = _on_sphere(phi.reshape(-1), lam.reshape(-1))
        self.radius = localization.horizontal_km

    def pairs(self, columns: Int[ndarray, " column"]) -> _Pairs:
        """Those of some columns."""
        angle = min(1e3 * self.radius / EARTH_RADIUS, np.pi)
        chord = 2.0 * np.sin(0.5 * angle) * (1.0 + 1e-12)
        found = cKDTree(self.points[columns]).sparse_distance_matrix(self.tree, chord, output_type="ndarray")
        found = found[np.argsort(found["i"], kind="stable")]
        distance = 2e-3 * EARTH_RADIUS * np.arcsin(np.minimum(0.5 * found["v"], 1.0))
        taper = gaspari_cohn(distance, self.radius)
        found, distance, taper = (part[taper > 0.0] for part in (found, distance, taper))
        repeats = self.count[found["j"]]
        begins = np.cumsum(repeats) - repeats
        within = np.arange(repeats.sum()) - np.repeat(begins - self.start[found["j"]], repeats)
        column, distance, taper = (
            np.repeat(part, repeats)
            for part in (found["i"].astype(np.int32), distance.astype(np.float32), taper.astype(np.float32))
        )
        return _Pairs(column, self.datum[self.order[within]], distance, taper)


def _chosen(
    nearby: _Nearby, columns: Int[ndarray, " column"], log_pressure: Float[ndarray, "level column"], how: Localization
) -> Iterator[Targets]:
    """The targets of some columns, one length of arrays after the other."""
    pairs = nearby.pairs(columns)
    datum_at = nearby.log_pressure[pairs.datum]
    away = np.abs(datum_at - log_pressure.astype(np.float32)[:, pairs.column])
    # No place in the vertical is NaN: within reach of all levels.
    level, entry = np.nonzero(~(away >= how.vertical_lnp))
    target = level * len(columns) + pairs.column[entry]
    count = np.bincount(target, minlength=log_pressure.size)
    start = np.cumsum(count) - count
    entry, start = entry.astype(np.int32), start.astype(np.int32)
    most = count.max() if how.most_data is None else how.most_data
    for size in np.unique(_length(count[count > 0])):
        own = np.flatnonzero((_length(count) == size) & (count > 0))
        row, held = own // len(columns), np.arange(size) < count[own, None]
        at = entry[np.minimum(start[own, None] + np.arange(size, dtype=np.int32), np.int32(len(entry) - 1))]
        if count[own].max() > most:
            level_at = log_pressure[row, own % len(columns), None].astype(np.float32)
            far = np.where(held, _remoteness(pairs.distance[at], datum_at[at] - level_at, how), np.float32(np.inf))
            first = np.argpartition(far, most - 1, axis=1)[:, : _length(most)]
            at, held = (np.take_along_axis(part, first, axis=1) for part in (at, held))
            held &= np.arange(held.shape[1]) < most
        # What is not held is of other targets, and counts nothing here.
        yield Targets(columns[own % len(columns)], row, pairs.datum[at], pairs.taper[at] * held)


def _length(count: int | ndarray) -> Any:
    """Of the arrays that hold so many data."""
    return 2 ** np.ceil(np.log2(np.maximum(count, _FEWEST))).astype(int)


def _remoteness(distance: ndarray, away: ndarray, how: Localization) -> ndarray:
    horizontal = distance / min(how.horizontal_km, _HALF_WAY_ROUND)
    vertical = np.nan_to_num(away, copy=False) / min(how.vertical_lnp, _HIGH_AS_THE_AIR)
    return horizontal**2 + vertical**2


def _targets_at_once(length: int) -> int:
    return int(np.clip(_AT_ONCE // length, 1, _MOST_TARGETS))


def _padded(some: Targets, count: int) -> Targets:
    missing = count - len(some.column)
    grown = (np.concatenate([part, np.zeros((missing, *part.shape[1:]), part.dtype)]) for part in some)
    column, *others = grown
    column[count - missing :] = -1
    return Targets(column, *others)


def _on_sphere(latitude: ndarray, longitude: ndarray) -> Float[ndarray, "point three"]:
    phi, lam = np.deg2rad(np.asarray(latitude, float)), np.deg2rad(np.asarray(longitude, float))
    return np.stack([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)], axis=-1)
