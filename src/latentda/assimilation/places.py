"""Where the data of a term are, for methods that localise: a latitude, a longitude, and ln p.

    upper-air data        ln p of the datum; of one located by its height, ln p of the standard atmosphere there
    data at the ground    ln p of the model's ground at the place
    column data           none: they concern all levels

The ground's pressure is the background's p_s, or that of the standard atmosphere at the model's orography.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpy import ndarray

from latentda.grid import Grid, Layout
from latentda.observations import SURFACE_VARIABLES, VARIABLES, ObservationBatch
from latentda.operators.interpolation import corners, interpolate
from latentda.physics.constants import GRAVITY
from latentda.physics.thermodynamics import standard_atmosphere_pressure

_WHOLE_COLUMN = VARIABLES.index("tcwv")
_HIGHEST = 20_000.0
_SCALE_HEIGHT = 6342.0
"""Of air of 216.65 K (m), which the standard atmosphere is up to where it ends and is taken to be above."""


class Places(eqx.Module):
    """Where data are.

    Attributes:
        latitude: degrees north.
        longitude: degrees east.
        log_pressure: ln p, p in Pa; NaN where a datum concerns all levels alike.
        ground: ln p_s of every column of the model's grid, by which its levels have a place too.
    """

    latitude: Float[Array, " datum"]
    longitude: Float[Array, " datum"]
    log_pressure: Float[Array, " datum"]
    ground: Float[Array, "lat lon"]

    @classmethod
    def joined(cls, parts: Sequence[Places]) -> Places:
        """Those of several terms, one after the other, over the ground of the first."""
        latitude, longitude, log_pressure = (
            jnp.concatenate([getattr(part, name) for part in parts])
            for name in ("latitude", "longitude", "log_pressure")
        )
        return cls(latitude, longitude, log_pressure, parts[0].ground)


def ground_log_pressure(
    layout: Layout, surface_geopotential: Float[ndarray, "lat lon"], state: Float[ndarray, "channel lat lon"] | None
) -> Float[ndarray, "lat lon"]:
    """ln p_s of every column, p_s in Pa: that of a state in physical units, if there is one that has ``sp``."""
    if state is not None and "sp" in layout.names:
        return np.log(np.asarray(state[layout.index("sp")]))
    return np.log(standard_atmosphere_pressure(np.asarray(surface_geopotential) / GRAVITY))


def places_of(batch: ObservationBatch, grid: Grid, ground: Float[ndarray, "lat lon"]) -> Places:
    """Where the data of a batch are.

    Args:
        batch: the data; padding gets a place that means nothing.
        grid: of the ground.
        ground: ln p_s of :func:`ground_log_pressure`.
    """
    variable, pressure = np.asarray(batch.variable), np.asarray(batch.pressure)
    log_pressure = np.log(np.maximum(pressure, 1.0))
    by_height = pressure <= 0.0
    if by_height.any():
        height = np.asarray(batch.height)[by_height]
        known = np.log(standard_atmosphere_pressure(np.minimum(height, _HIGHEST)))
        log_pressure[by_height] = known - np.maximum(height - _HIGHEST, 0.0) / _SCALE_HEIGHT
    at_ground = variable >= len(VARIABLES) - len(SURFACE_VARIABLES)
    log_pressure = np.where(at_ground, _at_places(grid, ground, batch.latitude, batch.longitude), log_pressure)
    log_pressure = np.where(variable == _WHOLE_COLUMN, np.nan, log_pressure)
    dtype = batch.latitude.dtype
    return Places(batch.latitude, batch.longitude, jnp.asarray(log_pressure, dtype), jnp.asarray(ground, dtype))


@partial(jax.jit, static_argnums=0)
def _at_places(grid: Grid, field: Array, latitude: Array, longitude: Array) -> Array:
    return interpolate(field.reshape(-1), corners(grid, latitude, longitude))
