"""Refractivity of the air, N = 10^6 (index of refraction - 1), at a point.

    N = 77.6 p / T + 3.73 10^5 e / T^2,     p, e in hPa, T in K

Source: Smith & Weintraub (1953), doi 10.1109/JRPROC.1953.274297, eq. 8. Local: no bending along the ray.
"""

from __future__ import annotations

from latentda.physics.humidity import Values, vapour_pressure


def refractivity(temperature: Values, humidity: Values, pressure: Values) -> Values:
    """N (no unit) of temperature (K), specific humidity (kg/kg) and pressure (Pa)."""
    dry = 0.776 * pressure / temperature
    return dry + 3.73e3 * vapour_pressure(humidity, pressure) / temperature**2
