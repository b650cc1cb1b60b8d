"""The ground of the sample: two broad mountain ranges."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr
from jaxtyping import Float
from numpy import ndarray

from latentda.fields import write_netcdf
from latentda.grid import Grid
from latentda.physics.constants import GRAVITY

RANGES = ((35.0, 90.0, 3000.0), (45.0, 250.0, 1500.0))
"""Latitude (deg north), longitude (deg east) and height (m) of the highest points."""


def surface_geopotential(grid: Grid) -> Float[ndarray, "lat lon"]:
    """Geopotential of the ground (m2 s-2)."""
    latitude, longitude = np.asarray(grid.latitude)[:, None], np.asarray(grid.longitude)[None, :]
    height = np.zeros(grid.shape)
    for north, east, tall in RANGES:
        away = ((latitude - north) / 12.0) ** 2 + (((longitude - east + 180.0) % 360.0 - 180.0) / 20.0) ** 2
        height += tall * np.exp(-away)
    return GRAVITY * height


def write_orography(geopotential: Float[ndarray, "lat lon"], grid: Grid, path: Path) -> Path:
    """Write the height of the ground (m) as NetCDF, as a user's own file has it."""
    heights = xr.DataArray(
        (geopotential / GRAVITY).astype(np.float32),
        coords={"latitude": np.asarray(grid.latitude), "longitude": np.asarray(grid.longitude)},
        attrs={"units": "m", "standard_name": "surface_altitude"},
    )
    write_netcdf(heights.to_dataset(name="orography"), path)
    return path
