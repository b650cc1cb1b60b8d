"""Checks of a sounding against itself: lapse rate and wind shear between neighbouring levels.

Temperature, with kappa = R / c_p and d = ln(p_lower / p_upper):

    superadiabatic:  T_upper  <  T_lower exp(-kappa d)  -  tolerance
    inversion:       T_upper  >  T_lower + largest + steepest d  +  tolerance

Wind:  |V_upper - V_lower|  >  largest + steepest d + tolerance

The tolerance is a factor times the standard deviation of the difference by the observation errors. Of a bad layer,
the level is blamed without which its neighbours fit each other; where that is none or either, both are. Deciding from
the pattern of several residuals is the idea of Collins (1998), doi:10.1175/1520-0426(1998)015<0069:CQCOSL>2.0.CO;2,
for significant levels. The limits are ours: in the operational file of 2020-11-01 12 UTC (29,000 levels) layers more
superadiabatic than 2.5 K and inversions beyond these limits are rarer than 1 in 1000.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa

from latentda.observations.error_table import assign_errors
from latentda.observations.hydrostatic_check import MASS
from latentda.observations.message_classes import SOUNDINGS
from latentda.observations.soundings import sounding_levels
from latentda.observations.table import refuse

KAPPA = 2.0 / 7.0
GROUND_LAYER = 0.3
"""Depth in ln p above the lowest level, about 2.5 km: the reach of the inversions of polar winters."""


def check_lapse_rate(
    table: pa.Table,
    factor: float = 3.0,
    largest: float = 12.0,
    steepest: float = 15.0,
    largest_near_ground: float = 30.0,
    classes: tuple[str, ...] = SOUNDINGS,
) -> pa.Table:
    """Refuse temperatures, and with them humidities, of impossible lapse rates: verdict `lapse_rate`.

    Args:
        table: the observations; null errors are taken from the default error table.
        factor: how many standard deviations of a difference pass.
        largest: inversion that passes in a thin layer, K.
        steepest: and how much more by ln p, K.
        largest_near_ground: in place of `largest` in the lowest 2.5 km of a sounding, K.
        classes: message classes that are soundings.
    """
    if table.num_rows == 0:
        return table
    levels = sounding_levels(assign_errors(table), MASS, classes)
    kept = np.flatnonzero(np.isfinite(levels.values["t"]))
    t, variance, p = levels.values["t"][kept], levels.errors["t"][kept] ** 2, levels.pressure[kept]
    sounding = levels.sounding[kept]
    _, first, counts = np.unique(sounding, return_index=True, return_counts=True)
    near_ground = np.log(np.repeat(p[first], counts) / p) <= GROUND_LAYER

    def bad(lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
        tolerance = factor * np.sqrt(variance[lower] + variance[upper])
        depth = np.log(p[lower] / p[upper])
        jump = np.where(near_ground[lower], largest_near_ground, largest) + steepest * depth
        falls = t[upper] < t[lower] * np.exp(-KAPPA * depth) - tolerance
        return falls | (t[upper] > t[lower] + jump + tolerance)

    blamed = np.zeros(len(levels.pressure), dtype=bool)
    blamed[kept] = blamed_levels(sounding, bad)
    return refuse(table, levels.rows(table, blamed, MASS), "lapse_rate")


def check_wind_shear(
    table: pa.Table,
    factor: float = 3.0,
    largest: float = 20.0,
    steepest: float = 60.0,
    classes: tuple[str, ...] = SOUNDINGS,
) -> pa.Table:
    """Refuse winds that change too much from level to level: verdict `wind_shear`.

    Args:
        table: the observations; null errors are taken from the default error table.
        factor: how many standard deviations of a difference pass.
        largest: change of the wind vector that passes in a thin layer, m/s.
        steepest: and how much more by ln p, m/s.
        classes: message classes that are soundings.
    """
    if table.num_rows == 0:
        return table
    levels = sounding_levels(assign_errors(table), ("u", "v", "ws"), classes)
    kept = np.flatnonzero(np.isfinite(levels.values["u"] + levels.values["v"]))
    u, v, p = levels.values["u"][kept], levels.values["v"][kept], levels.pressure[kept]
    variance = levels.errors["u"][kept] ** 2 + levels.errors["v"][kept] ** 2

    def bad(lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
        change = np.hypot(u[upper] - u[lower], v[upper] - v[lower])
        tolerance = factor * np.sqrt(variance[lower] + variance[upper])
        return change > largest + steepest * np.log(p[lower] / p[upper]) + tolerance

    blamed = np.zeros(len(levels.pressure), dtype=bool)
    blamed[kept] = blamed_levels(levels.sounding[kept], bad)
    return refuse(table, levels.rows(table, blamed, ("u", "v", "ws")), "wind_shear")


def blamed_levels(sounding: np.ndarray, bad: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> np.ndarray:
    """Levels to blame for the bad layers of soundings.

    Args:
        sounding: number of the sounding of each level; levels stand from the ground up.
        bad: whether the pairs (lower level, upper level) contradict each other.

    Returns:
        A mask of the levels: first those with a bad layer below and above whose neighbours fit each other; then for
        each bad layer left, the end whose removal heals it, or both ends if neither or either does.
    """
    here = np.arange(len(sounding))
    layer = _pairs(sounding, bad, 1)
    heals = np.ones(len(here), dtype=bool)
    heals[1:-1] = ~_pairs(sounding, bad, 2)
    below, above = np.append(False, layer)[: len(here)], np.append(layer, False)[: len(here)]
    blamed = below & above & heals
    rest = layer & ~blamed[:-1] & ~blamed[1:]
    lower, upper = heals[:-1], heals[1:]
    blamed[:-1] |= rest & (lower | ~upper)
    blamed[1:] |= rest & (upper | ~lower)
    return blamed


def _pairs(sounding: np.ndarray, bad: Callable[[np.ndarray, np.ndarray], np.ndarray], apart: int) -> np.ndarray:
    lower = np.arange(max(len(sounding) - apart, 0))
    return (sounding[lower] == sounding[lower + apart]) & bad(lower, lower + apart)
