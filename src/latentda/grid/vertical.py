"""Vertical coordinates: on which surfaces the levels of a field lie.

Pressure levels: p_k constant (hPa). Sigma levels: p_k = sigma_k p_s.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

ROUNDING = 4
"""Decimals kept of a level's value in names: 0.835, 500, 850."""


@runtime_checkable
class Vertical(Protocol):
    """Levels ordered downwards (increasing pressure)."""

    @property
    def levels(self) -> tuple[float, ...]:
        """The level values: hPa, or sigma between 0 and 1."""

    @property
    def units(self) -> str:
        """``"hPa"`` or ``"sigma"``."""


@dataclass(frozen=True)
class PressureLevels:
    """Constant-pressure surfaces, ``levels`` in hPa."""

    levels: tuple[float, ...]
    units: str = "hPa"

    def __post_init__(self) -> None:
        _require_downward(self.levels, 0.01, 1100.0, "Pressure levels must be hPa")


@dataclass(frozen=True)
class SigmaLevels:
    """Terrain-following surfaces p = sigma p_s, ``levels`` the full-level sigmas."""

    levels: tuple[float, ...]
    units: str = "sigma"

    def __post_init__(self) -> None:
        _require_downward(self.levels, 0.0, 1.0, "Sigma levels must lie between 0 and 1")


@dataclass(frozen=True)
class NoLevels:
    """A world without a vertical (single-level fields, Lorenz systems)."""

    levels: tuple[float, ...] = ()
    units: str = ""


def mass_shares(levels: Sequence[float]) -> np.ndarray:
    """Share of a column's mass for which each level stands: from halfway to its neighbours, and to the column's ends.

    Args:
        levels: pressures or sigmas in any unit, increasing downwards; the surface is as far beneath the last one as
            the border above it.
    """
    values = np.asarray(levels, float)
    between = 0.5 * (values[1:] + values[:-1])
    bottom = 2.0 * values[-1] - between[-1] if len(between) else values[-1]
    borders = np.concatenate([[0.0], between, [bottom]])
    return np.diff(borders) / borders[-1]


def level_name(level: float) -> str:
    """The level as written in a channel's name: ``500``, ``0.835``."""
    return f"{round(float(level), ROUNDING):g}"


def _require_downward(levels: tuple[float, ...], low: float, high: float, message: str) -> None:
    array = np.asarray(levels, float)
    if array.size == 0 or np.any(np.diff(array) <= 0) or array[0] <= low or array[-1] > high:
        raise ValueError(f"{message}, increasing downwards; got {levels}.")
