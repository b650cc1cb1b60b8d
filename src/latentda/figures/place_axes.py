"""Axes of the whole Earth for places: coastline, degrees, no projection."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MultipleLocator
from numpy import ndarray

from latentda.figures.coastline import draw_coastline
from latentda.figures.maps import degrees
from latentda.figures.style import FAINT, dress


def world_axes(axes: Axes, title: str = "") -> None:
    """Make axes a map of the Earth from 180° W to 180° E."""
    dress(axes, title)
    axes.set(xlim=(-180.0, 180.0), ylim=(-90.0, 90.0), aspect=1.0, facecolor="#f6f7f8")
    axes.xaxis.set_major_locator(MultipleLocator(60.0))
    axes.yaxis.set_major_locator(MultipleLocator(30.0))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: degrees(value, "E", "W")))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: degrees(value, "N", "S")))
    for spine in axes.spines.values():
        spine.set(visible=True, color=FAINT, linewidth=0.6)
    draw_coastline(axes, colour="#9aa1a9", width=0.6)


def turned(longitude: ndarray) -> ndarray:
    """Degrees east from -180 to 180."""
    return (np.asarray(longitude, float) + 180.0) % 360.0 - 180.0
