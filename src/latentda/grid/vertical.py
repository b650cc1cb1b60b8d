"""Vertical coordinates: on which surfaces the levels of a field lie.

Pressure levels: p_k constant (hPa). Sigma levels: p_k = sigma_k p_s.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from latentda.user_error import UserError

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


def layer_borders(levels: Sequence[float] | np.ndarray, top: float, bottom: float) -> np.ndarray:
    """Borders of the layers for which levels stand: halfway between neighbours, and the two ends given."""
    values = np.asarray(levels, float)
    return np.concatenate([[top], 0.5 * (values[1:] + values[:-1]), [bottom]])


def mass_shares(vertical: Vertical, levels: Sequence[float] | None = None) -> np.ndarray:
    """Share of a column's mass for which each level stands, from the top of the atmosphere to the ground.

    Args:
        vertical: whose ground is sigma 1, or 1000 hPa where no level lies below.
        levels: some of its levels that share the column among them; by default all.
    """
    chosen = vertical.levels if levels is None else levels
    ground = 1.0 if vertical.units == "sigma" else max(1000.0, float(chosen[-1]))
    return np.diff(layer_borders(chosen, 0.0, ground)) / ground


def level_name(level: float) -> str:
    """The level as written in a channel's name: ``500``, ``0.835``."""
    return f"{round(float(level), ROUNDING):g}"


def _require_downward(levels: tuple[float, ...], low: float, high: float, message: str) -> None:
    array = np.asarray(levels, float)
    if array.size == 0 or np.any(np.diff(array) <= 0) or array[0] <= low or array[-1] > high:
        raise UserError(f"{message}, increasing downwards; got {levels}.")
