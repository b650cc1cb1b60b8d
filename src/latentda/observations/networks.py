"""Simulated observing networks: real stations, random places, grid points, a polar orbiter's swath.

Station places ship with the package (data/PROVENANCE.md); random ones are drawn from a seed and
are the same on every machine. All constructors take `error_table`, the errors to give the data (by
default `default_error_table()`), and return `ObservationPlaces`.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import numpy as np
from jaxtyping import Float

from latentda.grid import Grid
from latentda.observations.error_table import ErrorTable
from latentda.observations.orbit import Orbit, swath_places
from latentda.observations.places import ObservationPlaces, make_places
from latentda.observations.quality import HUMIDITY_TOP_PA
from latentda.observations.table import ObservationError
from latentda.physics.thermodynamics import standard_atmosphere_pressure
from latentda.user_error import UserError

MANDATORY_LEVELS_HPA = (
    1000.0, 925.0, 850.0, 700.0, 500.0, 400.0, 300.0, 250.0, 200.0, 150.0, 100.0, 70.0, 50.0,
)  # fmt: skip


@dataclass(frozen=True)
class _Stations:
    name: np.ndarray
    lat: np.ndarray
    lon: np.ndarray
    elev: np.ndarray


def radiosonde_network(
    levels_hpa: Sequence[float] = MANDATORY_LEVELS_HPA,
    variables: Sequence[str] = ("t", "u", "v", "q"),
    station_file: str | Path | None = None,
    error_table: ErrorTable | None = None,
) -> ObservationPlaces:
    """Real radiosonde stations, each with every variable at every level above its ground.

    Args:
        levels_hpa: pressures, hPa.
        variables: upper-air variables; q only where p >= 300 hPa.
        station_file: CSV with columns station, lat, lon, elev; by default the shipped list.
        error_table: see the head of this file.

    Raises:
        ObservationError: the station file is missing or is no such CSV.
    """
    stations = _read_stations(station_file, "radiosonde_stations.csv")
    return _soundings(stations, levels_hpa, variables, "ADPUPA", error_table)


def surface_network(
    variables: Sequence[str] = ("sp", "t2m", "u10m", "v10m"),
    station_file: str | Path | None = None,
    error_table: ErrorTable | None = None,
) -> ObservationPlaces:
    """Real land stations, about one in 2 by 2 degrees, each with every surface variable.

    Raises:
        ObservationError: the station file is missing or is no such CSV.
    """
    stations = _read_stations(station_file, "surface_stations.csv")
    return _soundings(stations, (1000.0,), variables, "ADPSFC", error_table, above_ground=False)


def radiosonde_surface_network(
    station_file: str | Path | None = None, error_table: ErrorTable | None = None
) -> ObservationPlaces:
    """Surface pressure at the stations of :func:`radiosonde_network`.

    Raises:
        ObservationError: the station file is missing or is no such CSV.
    """
    stations = _read_stations(station_file, "radiosonde_stations.csv")
    return _soundings(stations, (1000.0,), ("sp",), "ADPUPA", error_table, above_ground=False)


def marine_network(station_file: str | Path | None = None, error_table: ErrorTable | None = None) -> ObservationPlaces:
    """Surface pressure at real places of ships and buoys, about one in 2 by 2 degrees.

    Raises:
        ObservationError: the station file is missing or is no such CSV.
    """
    stations = _read_stations(station_file, "marine_stations.csv")
    return _soundings(stations, (1000.0,), ("sp",), "SFCSHP", error_table, above_ground=False)


def columns(
    count: int,
    seed: int,
    levels_hpa: Sequence[float] = MANDATORY_LEVELS_HPA,
    variables: Sequence[str] = ("t", "u", "v", "q"),
    error_table: ErrorTable | None = None,
) -> ObservationPlaces:
    """`count` sounding columns, uniform on the sphere; their ground is at 0 m."""
    lat, lon = _uniform_on_sphere(np.random.default_rng(seed), count)
    stations = _Stations(_numbered("C", count), lat, lon, np.zeros(count))
    return _soundings(stations, levels_hpa, variables, "ADPUPA", error_table, above_ground=False)


def random_network(
    count: int,
    seed: int,
    variables: Sequence[str] = ("t", "u", "v"),
    levels_hpa: Sequence[float] = MANDATORY_LEVELS_HPA,
    error_table: ErrorTable | None = None,
) -> ObservationPlaces:
    """`count` single data, uniform on the sphere, each of a random variable at a random level."""
    random = np.random.default_rng(seed)
    lat, lon = _uniform_on_sphere(random, count)
    pres = 100.0 * random.choice(np.asarray(levels_hpa, dtype=float), count)
    variable = random.choice(np.asarray(variables, dtype=object), count)
    elev = np.full(count, np.nan)
    return make_places(lat, lon, pres, elev, variable, _numbered("R", count), "RANDOM", error_table)


def grid_point_network(
    grid: Grid,
    pressure: Float[np.ndarray, "level lat lon"],
    fraction: float,
    seed: int | Sequence[int],
    variables: Sequence[str] = ("t", "u", "v"),
    error_table: ErrorTable | None = None,
) -> ObservationPlaces:
    """A share of all values of upper-air variables on a model's own points, drawn without replacement.

    Args:
        grid: the model's.
        pressure: of its levels (Pa).
        fraction: of the points times levels times variables, rounded to whole data.
        seed: of the draw; several numbers make one seed.
        variables: upper-air variables.
        error_table: see the head of this file.

    Raises:
        UserError: a fraction outside 0 to 1.
    """
    if not 0.0 <= fraction <= 1.0:
        raise UserError(f"The observed share of the grid must lie between 0 and 1, not {fraction}.")
    shape = (len(variables), *pressure.shape)
    total = int(np.prod(shape))
    chosen = np.random.default_rng(seed).choice(total, round(fraction * total), replace=False)
    kind, level, row, column = np.unravel_index(np.sort(chosen), shape)
    return make_places(
        np.asarray(grid.latitude)[row],
        np.asarray(grid.longitude)[column],
        pressure[level, row, column],
        np.full(chosen.size, np.nan),
        np.asarray(variables, dtype=object)[kind],
        _numbered("G", chosen.size),
        "RANDOM",
        error_table,
    )


def join_networks(*networks: ObservationPlaces) -> ObservationPlaces:
    """Several networks as one, in the order given."""
    names = vars(networks[0])
    return ObservationPlaces(**{name: np.concatenate([vars(n)[name] for n in networks]) for name in names})


def swath_network(
    time: datetime | np.datetime64,
    hours: float = 6.0,
    levels_hpa: Sequence[float] = (850.0, 500.0, 250.0),
    variables: Sequence[str] = ("t",),
    orbit: Orbit | None = None,
    error_table: ErrorTable | None = None,
) -> ObservationPlaces:
    """What a sun-synchronous sounder sees within `hours` centred on `time` (UTC), at every level.

    Args:
        time: centre of the interval.
        hours: its length.
        levels_hpa: pressures of the retrieved profile, hPa.
        variables: upper-air variables.
        orbit: the satellite; by default an afternoon orbit, see `Orbit`.
        error_table: see the head of this file.
    """
    lat, lon = swath_places(orbit or Orbit(), time, hours)
    count = len(lat)
    stations = _Stations(_numbered("S", count), lat, lon, np.full(count, np.nan))
    return _soundings(stations, levels_hpa, variables, "SATEMP", error_table, above_ground=False)


def _soundings(
    stations: _Stations,
    levels_hpa: Sequence[float],
    variables: Sequence[str],
    message_class: str,
    error_table: ErrorTable | None,
    above_ground: bool = True,
) -> ObservationPlaces:
    levels = 100.0 * np.asarray(levels_hpa, dtype=float)
    shape = (len(stations.lat), len(levels), len(variables))
    index, level, kind = np.indices(shape).reshape(3, -1)
    variable, pres = np.asarray(variables, dtype=object)[kind], levels[level]
    kept = (variable != "q") | (pres >= HUMIDITY_TOP_PA)
    if above_ground:
        kept &= pres < standard_atmosphere_pressure(stations.elev)[index]
    index = index[kept]
    return make_places(
        stations.lat[index],
        stations.lon[index],
        pres[kept],
        stations.elev[index],
        variable[kept],
        stations.name[index],
        message_class,
        error_table,
    )


def _read_stations(path: str | Path | None, shipped: str) -> _Stations:
    source: Path | Traversable = Path(path) if path else files("latentda.observations").joinpath("data", shipped)
    try:
        text = source.read_text(encoding="utf-8")
        rows = list(csv.DictReader(row for row in text.splitlines() if not row.startswith("#")))
        place = {name: np.array([float(row[name]) for row in rows]) for name in ("lat", "lon", "elev")}
        names = np.array([row["station"] for row in rows], dtype=object)
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ObservationError(
            f"{source} is no station file: wanted is CSV with columns station, lat, lon, elev"
        ) from error
    return _Stations(names, **place)


def _uniform_on_sphere(random: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    lat = np.rad2deg(np.arcsin(random.uniform(-1.0, 1.0, count)))
    return lat, random.uniform(0.0, 360.0, count)


def _numbered(letter: str, count: int) -> np.ndarray:
    return np.array([f"{letter}{number:06d}" for number in range(count)], dtype=object)
