"""Latitudes and longitudes as files give them, made those of the table: -90 to 90 and 0 to 360 degrees.

A value beyond its bounds by rounding is its bound: single precision and decimals cut off make 90.00001 and -180.00002.
Longitudes from -180 to 360 degrees name every meridian once or twice and are turned to 0 <= lon < 360. Anything else
is no place; what is kept of it lies within the bounds too, so that whoever draws or counts places meets no other.
"""

from __future__ import annotations

import numpy as np

ROUNDING = 1e-3
"""How far beyond its bounds a value may lie by rounding, degrees: some 100 m."""
_SINGLE = 5e-5  # what single precision can add to a meridian of 180 or 360 degrees


def table_latitudes(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Latitudes within -90 to 90 degrees, and where they are none; NaN stays and is none."""
    latitude = np.asarray(values, dtype=np.float64)
    return np.clip(latitude, -90.0, 90.0), ~(np.abs(latitude) <= 90.0 + ROUNDING)


def table_longitudes(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Longitudes within 0 <= lon < 360 degrees, fit for single precision, and where they are none; NaN stays."""
    longitude = np.asarray(values, dtype=np.float64)
    wrong = ~((longitude >= -180.0 - ROUNDING) & (longitude <= 360.0 + ROUNDING))
    bounded = np.where(wrong, longitude, np.clip(longitude, -180.0, 360.0))
    bounded = np.where(np.abs(bounded - 180.0) <= _SINGLE, 180.0, bounded)
    turned = np.mod(np.where(np.isinf(bounded), 0.0, bounded), 360.0)
    return np.where(turned.astype(np.float32) >= 360.0, 0.0, turned), wrong
