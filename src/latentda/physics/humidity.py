"""Moisture of the air in other words than specific humidity.

    e   = q p / ( eps + (1 - eps) q )                               [Pa]
    T_d = ( 17.67 * 273.15 - 29.65 a ) / ( 17.67 - a ),   a = ln( e / 611.2 Pa )

T_d inverts the saturation vapour pressure over water of Bolton (1980),
doi 10.1175/1520-0493(1980)108<1046:TCOEPT>2.0.CO;2, so that saturated air has T_d = T. Letters: q specific humidity
(kg/kg), p pressure (Pa), e vapour pressure (Pa), T_d dew point (K), eps = 0.622.
"""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Float

from latentda.physics.constants import EPSILON

Values = Float[Array, "*place"] | float
"""Values of single places or of fields."""

DRIEST = 1e-7
"""Specific humidity (kg/kg) below which the dew point stays: there is none at q <= 0, which an analysis can reach."""


def vapour_pressure(humidity: Values, pressure: Values) -> Values:
    """e (Pa) of specific humidity (kg/kg) and pressure (Pa)."""
    return humidity * pressure / (EPSILON + (1.0 - EPSILON) * humidity)


def dew_point(humidity: Values, pressure: Values) -> Float[Array, "*place"]:
    """T_d (K); that of q = 1e-7 in air that is drier still."""
    # Padding lies at no pressure at all: a pascal keeps its logarithm finite.
    e = vapour_pressure(jnp.maximum(humidity, DRIEST), jnp.maximum(pressure, 1.0))
    a = jnp.log(e / 611.2)
    return (17.67 * 273.15 - 29.65 * a) / (17.67 - a)
