"""One number for the size of a background error, from innovations.

With background and observation errors uncorrelated, E[d^2] = s_o^2 + f s_b^2 for d = y - H(x_b), so

    f = sum(d^2 - s_o^2) / sum(s_b^2)

makes the expected size of the innovations the one found. Data are weighted by 1 / (s_o^2 + s_b^2), so that
variables of different units count alike.

Source: Dee (1995), doi 10.1175/1520-0493(1995)123<1128:OLEOEC>2.0.CO;2.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from latentda.user_error import UserError


def innovation_factor(
    innovation: Float[ndarray, " datum"],
    observation_error: Float[ndarray, " datum"],
    background_sd: Float[ndarray, " datum"],
) -> float:
    """The factor f on the background error's variances; at least 0.01.

    Args:
        innovation: y - H(x_b); NaN where there is none.
        observation_error: s_o, the same units; data without one do not count.
        background_sd: s_b at the data.

    Raises:
        UserError: no datum has an innovation.
    """
    # In double precision: errors of any size square without overflow.
    d, s_o, s_b = (np.asarray(a, np.float64) for a in (innovation, observation_error, background_sd))
    there = np.isfinite(d) & np.isfinite(s_o) & np.isfinite(s_b) & (s_b > 0)
    if not there.any():
        raise UserError("No observation has a model equivalent, so the background cannot be tuned.")
    d, s_o, s_b = d[there], s_o[there], s_b[there]
    weight = 1.0 / (s_o**2 + s_b**2)
    factor = np.sum(weight * (d**2 - s_o**2)) / np.sum(weight * s_b**2)
    return float(max(factor, 0.01))
