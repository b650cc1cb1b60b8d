"""Colour scales: one for all panels that compare, centred on zero where the sign matters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.colors import Normalize
from matplotlib.ticker import MaxNLocator
from numpy import ndarray

CLIPPED_PERCENT = 0.25
"""Share of extreme values that a colour scale may leave to its end arrows."""

_ARROWS = {(True, True): "both", (True, False): "min", (False, True): "max"}


def colour_map(signed: bool) -> str:
    """Diverging where the sign matters, otherwise one that grows brighter with the value."""
    return "RdBu_r" if signed else "viridis"


def colour_scale(values: Sequence[ndarray], signed: bool) -> Normalize:
    """One scale for all ``values``, centred on zero if ``signed``; few extremes may lie outside."""
    flat = _finite(values)
    if not flat.size:
        return Normalize(-1.0, 1.0)
    if signed:
        limit = float(np.percentile(np.abs(flat), 100.0 - CLIPPED_PERCENT))
        limit = limit or float(np.abs(flat).max()) or 1.0
        return Normalize(-limit, limit)
    low, high = map(float, np.percentile(flat, [CLIPPED_PERCENT, 100.0 - CLIPPED_PERCENT]))
    return Normalize(low, high if high > low else low + 1.0)


def overflow(values: Sequence[ndarray], low: float, high: float) -> str:
    """Which ends of a colour bar need an arrow: ``neither``, ``min``, ``max`` or ``both``."""
    flat = _finite(values)
    below, above = bool((flat < low).any()), bool((flat > high).any())
    return _ARROWS.get((below, above), "neither")


def contour_levels(scale: Normalize, signed: bool, count: int = 16) -> ndarray:
    """Round boundaries across the scale; a signed one has a neutral band around zero."""
    locator = MaxNLocator(count, steps=[1, 2, 2.5, 5, 10], symmetric=signed)
    levels = np.asarray(locator.tick_values(float(scale.vmin or 0.0), float(scale.vmax or 0.0)))
    inside = levels[(levels >= (scale.vmin or 0.0)) & (levels <= (scale.vmax or 0.0))]
    if inside.size >= 4:
        levels = inside
    return levels[np.abs(levels) > 1e-9 * np.ptp(levels)] if signed else levels


def contour_ticks(levels: ndarray, signed: bool, count: int = 10) -> ndarray:
    """At most about ``count`` of the boundaries to label, mirrored on zero if ``signed``."""
    if not signed:
        return levels[:: -(-levels.size // count)]
    positive = levels[levels > 0.0]
    kept = positive[:: -(-2 * positive.size // count)]
    return np.concatenate([-kept[::-1], kept])


def _finite(values: Sequence[ndarray]) -> ndarray:
    flat = np.concatenate([np.ravel(v) for v in values])
    return flat[np.isfinite(flat)]
