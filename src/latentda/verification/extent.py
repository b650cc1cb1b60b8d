"""How far an increment reaches: the radius around a place within which a share of its square lies.

    r_p = min { r : sum_{d_i <= r} w_i x_i^2  >=  p sum_i w_i x_i^2 },

d_i the great-circle distance of grid point i from the place and w_i its area.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from latentda.grid import Grid, great_circle_km
from latentda.user_error import UserError


def increment_radius_km(
    increment: Float[ndarray, "channel lat lon"], grid: Grid, latitude: float, longitude: float, share: float = 0.5
) -> Float[ndarray, " channel"]:
    """r_p of every channel (km); NaN where a channel's increment is zero.

    Args:
        increment: any units.
        grid: of the fields.
        latitude: of the place, degrees north.
        longitude: degrees east.
        share: p, between 0 and 1.

    Raises:
        UserError: a share that is not between 0 and 1.
    """
    if not 0.0 < share < 1.0:
        raise UserError(f"The share of an increment lies between 0 and 1; got {share:g}.")
    rows, columns = np.meshgrid(grid.latitude, grid.longitude, indexing="ij")
    distance = great_circle_km(rows, columns, np.asarray(latitude), np.asarray(longitude)).ravel()
    order = np.argsort(distance)
    square = (np.asarray(increment, np.float64) ** 2 * grid.area_weights).reshape(len(increment), -1)[:, order]
    inside = np.cumsum(square, axis=1)
    total = inside[:, -1:]
    radius = distance[order][np.argmax(inside >= share * total, axis=1)]
    return np.where(total[:, 0] > 0.0, radius, np.nan)
