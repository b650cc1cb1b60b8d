"""The grids of the sample: global with or without rows on the poles, or a region."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from latentda.grid import Layout, PressureLevels, build_layout, lat_lon_grid
from latentda.grid.horizontal import regional_grid
from latentda.user_error import UserError

LEVELS_HPA = (50.0, 100.0, 150.0, 200.0, 250.0, 300.0, 400.0, 500.0, 600.0, 700.0, 850.0, 925.0, 1000.0)
"""Those of WeatherBench 2."""

SURFACE = ("msl", "t2m", "u10m", "v10m")


def sample_layout(rows: int, columns: int, *, poles: bool = False, region: Sequence[float] = ()) -> Layout:
    """z, t, u, v, q on thirteen levels and four fields at the surface.

    Args:
        rows: of the grid.
        columns: of the grid.
        poles: rows on the poles, north first.
        region: south, north, west, east in degrees; none: the globe.

    Raises:
        UserError: a region that is none, or with rows on the poles.
    """
    if region:
        if poles:
            raise UserError("Rows on the poles are those of a global grid; choose them or a region.")
        if len(region) != 4 or not -90.0 <= region[0] < region[1] <= 90.0 or not 0.0 < region[3] - region[2] < 360.0:
            got = ",".join(f"{value:g}" for value in region)
            raise UserError(f"A region is south,north,west,east in degrees, less than the globe around; got {got}.")
        south, north, west, east = region
        grid = regional_grid(np.linspace(south, north, rows).tolist(), np.linspace(west, east, columns).tolist())
    else:
        grid = lat_lon_grid(rows, columns, poles=poles)
        if poles:
            grid = replace(grid, latitude=grid.latitude[::-1])
    on_levels = {name: LEVELS_HPA for name in ("z", "t", "u", "v", "q")}
    return build_layout(grid, PressureLevels(LEVELS_HPA), on_levels, SURFACE)
