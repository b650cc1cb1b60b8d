"""Coastlines to draw on maps: Natural Earth 1:110m land, bundled, public domain."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from numpy import ndarray


@cache
def coastline() -> tuple[Float[ndarray, "point 2"], ...]:
    """Open polylines of (degrees east, degrees north), longitudes -180 to 180."""
    text = files("latentda.figures").joinpath("data/coastline_110m.json").read_text("utf-8")
    return tuple(np.asarray(line, float) for line in json.loads(text)["lines"])


def draw_coastline(axes: Axes, *, colour: str = "#2b2b2b", width: float = 0.5) -> None:
    """Draw the coast within the axes' limits, which may lie anywhere on -540..540 degrees east."""
    west, east = axes.get_xlim()
    lines: list[ndarray] = []
    for shift in (-360.0, 0.0, 360.0):
        moved = [line + np.array([shift, 0.0]) for line in coastline()]
        lines += [line for line in moved if line[:, 0].max() >= west and line[:, 0].min() <= east]
    axes.add_collection(
        LineCollection(lines, colors=colour, linewidths=width, capstyle="round", zorder=3),
        autolim=False,
    )
