"""Tapers of the observation errors' inverse, Gaspari & Cohn's function of the distance.

    rho = G( distance / radius ),    G = 1 at no distance, 0 from the radius on

The package's radius is where the taper reaches zero (``localization_radius_km``). Others, DAPPER among them, name the
distance r of a Gaussian like it, exp(-1/2) at r, where the taper itself is 0.63: their r is 3.64 times shorter.

Source: Gaspari & Cohn (1999), doi 10.1002/qj.49712555417, eq. 4.10, as :func:`latentda.operators.gaspari_cohn`.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from latentda.operators import gaspari_cohn

REACH = 3.64
"""Where the taper reaches zero over where the Gaussian like it is exp(-1/2)."""


def support_radius(r: float) -> float:
    """The package's radius of a taper like a Gaussian that is exp(-1/2) at r."""
    return REACH * r


def periodic_taper(points: int, radius: float) -> Float[ndarray, "point datum"]:
    """rho between all points of a periodic line, a datum at each.

    Args:
        points: of the line.
        radius: where the taper reaches zero, in points.
    """
    apart = np.abs(np.arange(points)[:, None] - np.arange(points))
    return gaspari_cohn(np.minimum(apart, points - apart), radius)
