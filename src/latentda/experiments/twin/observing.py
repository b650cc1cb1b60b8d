"""The simulated observing networks by name: here, and only here, a name becomes places.

| name | what is observed |
| --- | --- |
| ``sonde`` | t, u, v, q on the mandatory levels and surface pressure at the world's radiosonde stations: 35 thousand data |
| ``full-conventional`` | the same, and surface pressure at 2,086 land stations and 977 ships and buoys, t, u, v of aircraft and u, v of satellite winds: 63 thousand |
| ``sparse`` | t, u, v, q on the mandatory levels and surface pressure of 60 columns, uniform on the sphere |
| ``sparse-20``, ``sparse-180`` | the same of fewer and of more columns |
| ``sparse-half-errors``, ``sparse-double-errors`` | *sparse* with observation errors of half and of twice the size |
| ``random-1``, ``random-5`` | 1 and 5 per cent of the model's values of u, v and t, other ones each time: 1,106 and 5,530 |

``full-conventional`` has the size of a real conventional cycle thinned to T31: the shipped cycle of 1989 holds 72
thousand upper-air data of radiosondes, which reports on the mandatory levels alone halve, 2 thousand ship pressures
and 10 thousand aircraft and satellite data, numbers that have since grown several times. 80 flights and two winds in
each box of 2.5 degrees keep the sum below 65,536, a size of the batches of fixed shape. 2 m temperatures and 10 m
winds are not among them: the model has no level of its own there. Stations, ships and columns stand still; flights,
winds and random places are drawn anew for every time. Errors are those of the default error table where nothing
else is said.

Surface pressure has no equivalent where a place lies further from the model's orography than its operator allows;
of the columns, which stand at sea level, those over high ground give none.
"""  # noqa: E501

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from latentda.experiments.twin.truth import Network
from latentda.grid import Layout
from latentda.observations import (
    ObservationPlaces,
    aircraft_network,
    columns,
    grid_point_network,
    join_networks,
    marine_network,
    radiosonde_network,
    radiosonde_surface_network,
    satellite_wind_network,
    surface_network,
)
from latentda.physics.constants import GRAVITY
from latentda.physics.thermodynamics import standard_atmosphere_pressure
from latentda.user_error import UserError

SPARSE_COLUMNS, SPARSE_SEED = 60, 7
FLIGHTS, WINDS_A_BOX = 80, 2
INSIDE_TOP = 1.06
"""Factor on the pressure of data of the top level: surface pressure hardly exceeds the standard one by more."""
_PLACES = 1
"""Begins the seed of places, so that it is never that of the observation errors."""


def _sonde(layout: Layout, surface_geopotential: ndarray, seed: int) -> Network:
    places = _soundings()
    return lambda hours: places


def _full_conventional(layout: Layout, surface_geopotential: ndarray, seed: int) -> Network:
    fixed = join_networks(_soundings(), surface_network(("sp",)), marine_network())

    def at(hours: int) -> ObservationPlaces:
        draw = (_PLACES, seed, hours)
        return join_networks(fixed, aircraft_network(FLIGHTS, draw), satellite_wind_network(WINDS_A_BOX, draw))

    return at


def _sparse(count: int, error_factor: float, layout: Layout, surface_geopotential: ndarray, seed: int) -> Network:
    aloft = columns(count, SPARSE_SEED)
    below = columns(count, SPARSE_SEED, levels_hpa=(1000.0,), variables=("sp",))
    joined = join_networks(aloft, below)
    places = replace(joined, error=error_factor * joined.error)
    return lambda hours: places


def _random(fraction: float, layout: Layout, surface_geopotential: ndarray, seed: int) -> Network:
    pressure = level_pressures(layout, surface_geopotential)
    return lambda hours: grid_point_network(layout.grid, pressure, fraction, (_PLACES, seed, hours))


NETWORKS: Mapping[str, Callable[[Layout, ndarray, int], Network]] = {
    "sonde": _sonde,
    "full-conventional": _full_conventional,
    "sparse": partial(_sparse, SPARSE_COLUMNS, 1.0),
    "sparse-20": partial(_sparse, 20, 1.0),
    "sparse-180": partial(_sparse, 180, 1.0),
    "sparse-half-errors": partial(_sparse, SPARSE_COLUMNS, 0.5),
    "sparse-double-errors": partial(_sparse, SPARSE_COLUMNS, 2.0),
    "random-1": partial(_random, 0.01),
    "random-5": partial(_random, 0.05),
}
"""Networks by name; each is built for a layout, its orography and a seed."""


def build_network(name: str, layout: Layout, surface_geopotential: Float[ndarray, "lat lon"], seed: int) -> Network:
    """The network of a name.

    Args:
        name: a key of :data:`NETWORKS`.
        layout: of the observed states, for networks on its points.
        surface_geopotential: of its orography, m2 s-2.
        seed: of places that change with time.

    Raises:
        UserError: unknown name, with the known ones listed.
    """
    require_network(name)
    return NETWORKS[name](layout, surface_geopotential, seed)


def require_network(name: str) -> None:
    """Check a name before anything long starts.

    Raises:
        UserError: unknown name, with the known ones listed.
    """
    if name not in NETWORKS:
        raise UserError(f"Unknown network {name}; there are {', '.join(NETWORKS)}.")


def level_pressures(layout: Layout, surface_geopotential: Float[ndarray, "lat lon"]) -> Float[ndarray, "level lat lon"]:
    """Pressures (Pa) of the sigma levels under the standard atmosphere's surface pressure at the orography's height.

    The top level's lie ``INSIDE_TOP`` times deeper, so that they stay inside the model when its pressure is higher.
    """
    surface = standard_atmosphere_pressure(np.asarray(surface_geopotential) / GRAVITY)
    sigma = np.asarray(layout.levels_of("t"), float)
    sigma[np.argmin(sigma)] *= INSIDE_TOP
    return sigma[:, None, None] * surface


def _soundings() -> ObservationPlaces:
    return join_networks(radiosonde_network(), radiosonde_surface_network())
