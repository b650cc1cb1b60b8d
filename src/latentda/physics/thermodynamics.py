"""Moisture conversions and the standard atmosphere, shared by readers and error models.

Saturation vapour pressure over liquid water, Bolton (1980),
doi:10.1175/1520-0493(1980)108<1046:TCOEPT>2.0.CO;2:

    e_s(T) = 611.2 exp( 17.67 (T - 273.15) / (T - 29.65) )          [Pa]
    q      = eps e / ( p - (1 - eps) e ),   eps = 0.622
    T_v    = T ( 1 + (1/eps - 1) q )

Letters: T temperature (K), p pressure (Pa), e vapour pressure (Pa), q specific humidity (kg/kg).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from latentda.physics.constants import EPSILON, GRAVITY, LAPSE_RATE, VIRTUAL

_STANDARD_GAS_CONSTANT = 287.053
"""R as the ICAO standard atmosphere defines it (J kg-1 K-1)."""


def saturation_vapour_pressure(temperature: np.ndarray) -> np.ndarray:
    """Saturation vapour pressure over water (Pa) at `temperature` (K)."""
    # The fit has a pole at 29.65 K; colder than 150 K never occurs below the mesopause.
    T = np.maximum(temperature, 150.0)
    return 611.2 * np.exp(17.67 * (T - 273.15) / (T - 29.65))


def specific_humidity(dew_point: np.ndarray, pressure: np.ndarray) -> np.ndarray:
    """Specific humidity (kg/kg) from dew point (K) and pressure (Pa)."""
    e = np.minimum(saturation_vapour_pressure(dew_point), 0.5 * pressure)
    return EPSILON * e / (pressure - (1.0 - EPSILON) * e)


def virtual_temperature(temperature: Any, humidity: Any) -> Any:
    """T_v (K) of temperature (K) and specific humidity (kg/kg); arrays of any library."""
    return temperature * (1.0 + VIRTUAL * humidity)


def sensible_temperature(virtual_temperature: np.ndarray, humidity: np.ndarray) -> np.ndarray:
    """Temperature (K) from virtual temperature (K) and specific humidity (kg/kg)."""
    return virtual_temperature / (1.0 + VIRTUAL * humidity)


def standard_atmosphere_temperature(pressure: np.ndarray) -> np.ndarray:
    """Temperature (K) of the ICAO standard atmosphere at `pressure` (Pa)."""
    exponent = _STANDARD_GAS_CONSTANT * LAPSE_RATE / GRAVITY
    return np.maximum(288.15 * (np.asarray(pressure) / 101325.0) ** exponent, 216.65)


def standard_atmosphere_pressure(height: np.ndarray) -> np.ndarray:
    """Pressure (Pa) of the ICAO standard atmosphere at `height` (m), which defines pressure altitude; NaN above 20 km.

    p = 101325 Pa (1 - L z / 288.15 K)^(g / R L)             below z_t = 11 km, L = 0.0065 K/m
    p = 22632.06 Pa exp( -g (z - z_t) / (R 216.65 K) )       above

    Source: Manual of the ICAO Standard Atmosphere, Doc 7488 (1993).
    """
    height = np.asarray(height)
    below = 101325.0 * (1.0 - LAPSE_RATE * np.minimum(height, 11000.0) / 288.15) ** 5.25588
    above = 22632.06 * np.exp(-(height - 11000.0) * GRAVITY / (_STANDARD_GAS_CONSTANT * 216.65))
    return np.where(height < 11000.0, below, np.where(height <= 20000.0, above, np.nan))
