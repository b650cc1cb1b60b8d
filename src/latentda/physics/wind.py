"""Wind speed, and the wind near the ground under a neutral logarithmic law.

    |V| = ( u^2 + v^2 )^(1/2),      V(10 m) = V(h) ln( 10 m / z_0 ) / ln( h / z_0 )

z_0 is the roughness length (m). Source of the law: Stull (1988), An Introduction to Boundary Layer Meteorology,
section 9.7, doi 10.1007/978-94-009-3027-8. It holds in the lowest hundred metres; from a level above them it is an
extrapolation that knows neither stability nor the turning of the wind.
"""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Float

WIND_HEIGHT = 10.0
"""Height (m) of anemometers, and to which scatterometers are tuned."""
SEA_ROUGHNESS = 2e-4
"""Roughness length (m) of the open sea (WMO-No. 8, Guide to Instruments and Methods of Observation, annex 5.A)."""


def speed(u: Float[Array, "*place"], v: Float[Array, "*place"]) -> Float[Array, "*place"]:
    """|V|; in still air, where it has no derivative, the derivative is zero."""
    square = u**2 + v**2
    moving = square > 0.0
    return jnp.where(moving, jnp.sqrt(jnp.where(moving, square, 1.0)), 0.0)


def share_at_10_m(height: Float[Array, "*place"], log_roughness: Float[Array, "..."] | float) -> Float[Array, "*place"]:
    """V(10 m) / V(h); 1 where the level lies no higher than 10 m.

    Args:
        height: h above the ground (m).
        log_roughness: ln z_0, z_0 in metres and less than 10.
    """
    ten = jnp.log(WIND_HEIGHT) - log_roughness
    return ten / (jnp.log(jnp.maximum(height, WIND_HEIGHT)) - log_roughness)
