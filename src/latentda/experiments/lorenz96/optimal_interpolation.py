"""The gain of optimal interpolation, which is that of 3D-Var for a linear observation operator.

x_a = x_b + K (y - H x_b),   K = B H^T (H B H^T + R)^-1

x_b background, B its error covariance, y observations, R their error covariance, H the linear
observation operator. x_a minimises
1/2 (x - x_b)^T B^-1 (x - x_b) + 1/2 (y - H x)^T R^-1 (y - H x),
so with the same B and R it is the 3D-Var analysis.

Sources: Gandin (1963), Objective analysis of meteorological fields; Lorenc (1986),
doi 10.1002/qj.49711247414.
"""

from __future__ import annotations

import jax.numpy as jnp
import jax.scipy.linalg as linalg
from jaxtyping import Array, Float


def gain(
    B: Float[Array, "state state"],
    H: Float[Array, "datum state"],
    R: Float[Array, "datum datum"],
) -> Float[Array, "state datum"]:
    """K = B H^T (H B H^T + R)^-1, by a Cholesky solve.

    Args:
        B: background-error covariance, symmetric, positive semi-definite.
        H: observation operator.
        R: observation-error covariance, symmetric, positive definite; otherwise K holds NaN.
    """
    BHt = B @ H.T
    factor = linalg.cho_factor(H @ BHt + R)
    return jnp.transpose(linalg.cho_solve(factor, BHt.T))
