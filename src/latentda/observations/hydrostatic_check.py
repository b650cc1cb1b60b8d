"""The hydrostatic check of soundings: heights against the thickness of the temperatures between them.

    r_i  =  z_(i+1) - z_i  -  R sum T_v d(ln p)        (sum over the temperatures from level i to i+1, trapezoidal)

A station computes its heights from its temperatures, so r is small unless a number was garbled on the way. With the
residuals below and above a level, r_b and r_a, an error of z there leaves (r, -r) and an error of T leaves
-(B_b, B_a) dT, B being the weights of T in the two thicknesses; that tells them apart. Source: Collins and Gandin
(1990), doi:10.1175/1520-0493(1990)118<2752:CHQCAT>2.0.CO;2, whose corrections are not made here: a refused datum is
only left out. Of the reports of 1988-90, 7 in 100 had such an error (Gandin, Morone and Collins, 1993, Weather and
Forecasting 8).

The tolerance is a factor times the residual's standard deviation by the observation errors: heights accumulate the
errors of the layers beneath, so a thickness has the difference of their variances; the temperatures of a layer are
taken as wrong together; heights are reported in tens of metres (z) and pressures in tenths of hPa (p).

    tolerance^2 = factor^2 ( |sd_(i+1)^2 - sd_i^2| + (R sum sd_T d(ln p))^2 + rounding_i^2 + rounding_(i+1)^2 )
    rounding^2  = ( (10 m g)^2 + (R T_v 10 Pa / p)^2 ) / 12

Where a level has no humidity, half saturation is assumed and as much counted into sd_T.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from latentda.observations.error_table import assign_errors
from latentda.observations.message_classes import SOUNDINGS
from latentda.observations.soundings import SoundingLevels, sounding_levels
from latentda.observations.table import refuse
from latentda.physics.constants import GAS_CONSTANT, GRAVITY, VIRTUAL
from latentda.physics.thermodynamics import specific_humidity

MASS = ("t", "tv", "q", "td")
"""Variables that are refused together: a dew point is reported as a depression below the temperature of its level."""
WIDEST_GAP = 0.75
"""Depth in ln p beyond which a straight line between two temperatures is no profile: the layer is not judged."""
DRY_ABOVE = 10000.0
_HEIGHT_STEP = 10.0 * GRAVITY
_PRESSURE_STEP = 10.0
_SINGLE_CURE = 0.5


@dataclass(frozen=True, eq=False)
class _Layers:
    """Layers between neighbouring levels that have height and temperature, one after the other.

    Attributes:
        lower, upper: levels of the sounding levels.
        residual: m2/s2; 0 where the layer is not judged.
        tolerance: m2/s2.
        weight_lower, weight_upper: of the temperatures at the ends in the thickness, m2/s2/K.
        straight: the residual with all temperatures between the ends left out; infinite where there are none.
        single: the level between the ends without whose temperature the residual is smallest; 0 where there is none.
        without: that residual; infinite where there is none.
    """

    lower: np.ndarray
    upper: np.ndarray
    residual: np.ndarray
    tolerance: np.ndarray
    weight_lower: np.ndarray
    weight_upper: np.ndarray
    straight: np.ndarray
    single: np.ndarray
    without: np.ndarray

    @property
    def bad(self) -> np.ndarray:
        return np.abs(self.residual) > self.tolerance


def check_hydrostatic(table: pa.Table, factor: float = 4.0, classes: tuple[str, ...] = SOUNDINGS) -> pa.Table:
    """Refuse heights and temperatures that break the hydrostatic balance of their sounding: verdict `hydrostatic`.

    Blamed is, in this order: the height or the temperature of a level whose error explains two bad layers; the
    temperature between two heights without which the layer fits, or all of them if only that helps; every datum whose
    error would explain a single bad layer without spoiling the next, which at the ends of a sounding is height and
    temperature both; and where nothing explains a layer, all its data. With a temperature goes the humidity of its
    level.

    Args:
        table: the observations; null errors are taken from the default error table.
        factor: how many standard deviations of the residual pass.
        classes: message classes that are soundings.
    """
    if table.num_rows == 0:
        return table
    levels = sounding_levels(assign_errors(table), (*MASS, "z"), classes)
    layers = _layers(levels, factor)
    heights, temperatures = _blamed(layers, len(levels.pressure))
    blamed = levels.rows(table, heights, ("z",)) | levels.rows(table, temperatures, MASS)
    return refuse(table, blamed, "hydrostatic")


def _layers(levels: SoundingLevels, factor: float) -> _Layers:
    temperature, sd = _virtual_temperature(levels)
    warm = np.flatnonzero(np.isfinite(temperature))
    T, p, sounding = temperature[warm], levels.pressure[warm], levels.sounding[warm]
    step = np.where(sounding[1:] == sounding[:-1], np.log(p[:-1] / p[1:]), 0.0)
    thickness, spread = _integral(T, step), _integral(sd[warm], step)
    nodes = np.flatnonzero(np.isfinite(levels.values["z"][warm]))
    a, b = nodes[:-1], nodes[1:]
    z, variance = levels.values["z"][warm], levels.errors["z"][warm] ** 2
    judged = (sounding[a] == sounding[b]) & (_widest(step, a, b) <= WIDEST_GAP)
    rise, depth = z[b] - z[a], np.log(p[a] / p[b])
    residual = np.where(judged, rise - (thickness[b] - thickness[a]), 0.0)
    rounding = (_HEIGHT_STEP**2 + (GAS_CONSTANT * T * _PRESSURE_STEP / p) ** 2) / 12.0
    expected = np.abs(variance[b] - variance[a]) + (spread[b] - spread[a]) ** 2 + rounding[a] + rounding[b]
    half = 0.5 * GAS_CONSTANT
    straight = np.where(b > a + 1, rise - half * (T[a] + T[b]) * depth, np.inf)
    single, without = _best_without(T, step, nodes, residual)
    ends = (warm[a], warm[b], residual, factor * np.sqrt(expected), half * step[a], half * step[b - 1])
    return _Layers(*ends, straight, warm[single], without)


def _integral(values: np.ndarray, step: np.ndarray) -> np.ndarray:
    """R times the integral of values over ln p from the first level, trapezoidal."""
    return GAS_CONSTANT * np.append(0.0, np.cumsum(0.5 * (values[1:] + values[:-1]) * step))


def _widest(step: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    if len(a) == 0:
        return np.zeros(0)
    return np.maximum.reduceat(np.append(step, 0.0), np.stack([a, b], -1).ravel())[::2]


def _best_without(
    T: np.ndarray, step: np.ndarray, nodes: np.ndarray, residual: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """For each layer the inner level whose removal leaves the smallest residual, and that residual."""
    best, without = np.zeros(len(residual), dtype=int), np.full(len(residual), np.inf)
    inner = np.setdiff1d(np.arange(1, len(T) - 1), nodes)
    layer = np.searchsorted(nodes, inner) - 1
    there = (layer >= 0) & (layer < len(residual))
    inner, layer = inner[there], layer[there]
    below, above = step[inner - 1], step[inner]
    # A straight line from the level beneath to the level above in place of the level's own temperature.
    change = 0.5 * GAS_CONSTANT * (above * (T[inner - 1] - T[inner]) + below * (T[inner + 1] - T[inner]))
    left = np.abs(residual[layer] - change)
    order = np.lexsort((left, layer))
    first = np.append(True, np.diff(layer[order]) != 0)[: len(order)]
    best[layer[order[first]]] = inner[order[first]]
    without[layer[order[first]]] = left[order[first]]
    return best, without


def _virtual_temperature(levels: SoundingLevels) -> tuple[np.ndarray, np.ndarray]:
    """Virtual temperature by level and its standard deviation, K."""
    t, q, tv = (levels.values[name] for name in ("t", "q", "tv"))
    assumed = np.where(levels.pressure < DRY_ABOVE, 0.0, 0.5 * specific_humidity(t, levels.pressure))
    moisture = np.where(np.isnan(q), assumed, q)
    doubt = np.where(np.isnan(q), VIRTUAL * assumed * t, 0.0)
    direct = np.isnan(t)
    value = np.where(direct, tv, t * (1.0 + VIRTUAL * moisture))
    return value, np.where(direct, levels.errors["tv"], np.hypot(levels.errors["t"], doubt))


def _blamed(layers: _Layers, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Levels whose height, and levels whose temperature is to blame."""
    heights, temperatures = np.zeros(count, bool), np.zeros(count, bool)
    bad = layers.bad
    cost_z, cost_t = _costs(layers)  # of each level as the lower (row 0) and upper end (row 1) of its layers
    shared = layers.upper[:-1] == layers.lower[1:]
    spike = shared & bad[:-1] & bad[1:] & (np.minimum(cost_z[1, :-1], cost_t[1, :-1]) <= 1.0)
    by_height = cost_z[1, :-1] <= cost_t[1, :-1]
    heights[layers.upper[:-1][spike & by_height]] = True
    temperatures[layers.upper[:-1][spike & ~by_height]] = True
    rest = bad & ~np.append(spike, False)[: len(bad)] & ~np.append(False, spike)[: len(bad)]
    single = rest & (layers.without <= _SINGLE_CURE * layers.tolerance)
    temperatures[layers.single[single]] = True
    within = rest & ~single & (np.abs(layers.straight) <= layers.tolerance)
    rest &= ~(single | within)
    cures = np.stack([cost_z, cost_t]) <= _SINGLE_CURE
    hopeless = rest & ~cures.any((0, 1))
    for end, level in enumerate((layers.lower, layers.upper)):
        heights[level[rest & (cures[0, end] | hopeless)]] = True
        temperatures[level[rest & (cures[1, end] | hopeless)]] = True
    temperatures |= _between(layers, within | hopeless, count)
    return heights, temperatures


def _costs(layers: _Layers) -> tuple[np.ndarray, np.ndarray]:
    """What the best single error of height, and of temperature, at each end of each layer leaves unexplained.

    The larger of the remainders of the two layers at the level, in tolerances; shape (2, layer) for the lower and the
    upper end. At the end of a sounding any error explains the only layer.
    """
    r, tolerance = layers.residual, layers.tolerance
    shared = layers.upper[:-1] == layers.lower[1:]
    below, above = slice(None, -1), slice(1, None)
    remainder_z = 0.5 * np.abs(r[below] + r[above]) / np.minimum(tolerance[below], tolerance[above])
    b, a = layers.weight_upper[below], layers.weight_lower[above]
    error = (b * r[below] + a * r[above]) / np.maximum(a**2 + b**2, 1e-12)
    remainder_t = np.maximum(
        np.abs(r[below] - b * error) / tolerance[below], np.abs(r[above] - a * error) / tolerance[above]
    )
    costs = []
    for remainder in (np.where(shared, remainder_z, 0.0), np.where(shared, remainder_t, 0.0)):
        costs.append(np.zeros((2, len(r))))
        costs[-1][0, above] = remainder
        costs[-1][1, below] = remainder
    return costs[0], costs[1]


def _between(layers: _Layers, chosen: np.ndarray, count: int) -> np.ndarray:
    """Levels strictly inside the chosen layers."""
    edge = np.zeros(count + 1)
    np.add.at(edge, layers.lower[chosen] + 1, 1.0)
    np.add.at(edge, layers.upper[chosen], -1.0)
    return np.cumsum(edge)[:count] > 0.5
