"""The look that all figures share: canvas, colours, units as they are printed.

Figures are objects drawn by the Agg canvas; nothing here or above touches pyplot or its global
state, so they can be made in a server's threads.

The colours are those of Okabe and Ito (2008), which people with any colour vision tell apart.
"""

from __future__ import annotations

import re
import textwrap
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colorbar import Colorbar
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

INK = "#22272e"
FAINT = "#8a919a"
GRID_LINE = "#e3e6ea"
SMALL = 8.5
MEDIUM = 10.0
LARGE = 12.0
LETTERS_AN_INCH = 9.0
"""Of a heading, which is bold and large."""


class Look(Protocol):
    """How something that is drawn looks in every figure; a declared method is a look."""

    @property
    def title(self) -> str:
        """Its name in words."""

    @property
    def colour(self) -> str:
        """Its colour."""


@dataclass(frozen=True)
class PlainLook:
    """A look of its own."""

    title: str
    colour: str


Looks = Mapping[str, Look]
"""Looks by name."""

TRUTH = PlainLook("truth", "#000000")

_FALLBACK = ("#7f3c8d", "#11a579", "#3969ac", "#e68310", "#80ba5a", "#e73f74", "#a5782b", "#4b8b9b")


def look_of(name: str, looks: Looks) -> Look:
    """The look of a name; one that nobody has declared keeps its name and gets a colour by it."""
    return looks.get(name) or PlainLook(name.replace("_", " "), _FALLBACK[zlib.crc32(name.encode()) % len(_FALLBACK)])


def new_figure(width: float, height: float, title: str = "") -> Figure:
    """An empty white figure of ``width`` x ``height`` inches that arranges its own panels."""
    figure = Figure(figsize=(width, height), layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    if title:
        figure.suptitle(in_lines(title, width), fontsize=LARGE, color=INK, fontweight="bold")
    return figure


def in_lines(title: str, width: float) -> str:
    """A heading in lines that fit into ``width`` inches."""
    return "\n".join(textwrap.fill(line, max(int(LETTERS_AN_INCH * width), 1)) for line in title.splitlines())


def dress(
    axes: Axes,
    title: str = "",
    xlabel: str = "",
    ylabel: str = "",
    *,
    lines: Literal["", "x", "y", "both"] = "",
) -> None:
    """Small ticks, no box, and faint ``lines`` at the ticks of ``x``, ``y`` or ``both``."""
    axes.set_title(title, fontsize=MEDIUM, color=INK, loc="left")
    axes.set_xlabel(xlabel, fontsize=SMALL + 0.5, color=INK)
    axes.set_ylabel(ylabel, fontsize=SMALL + 0.5, color=INK)
    axes.tick_params(which="both", labelsize=SMALL, colors=INK, length=3, width=0.6)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set(color=FAINT, linewidth=0.7)
    if lines:
        axes.grid(True, axis=lines, color=GRID_LINE, linewidth=0.7)
        axes.set_axisbelow(True)


def dress_bar(bar: Colorbar, label: str) -> None:
    """Give a colour bar the common look and its label."""
    bar.set_label(label, fontsize=SMALL + 0.5, color=INK)
    bar.ax.tick_params(labelsize=SMALL, colors=INK, length=2.5, width=0.6)
    bar.outline.set(edgecolor=FAINT, linewidth=0.6)


def legend_beside(axes: Axes, **options: Any) -> Legend:
    """A frameless legend to the right of the axes, where it hides no data."""
    return axes.legend(
        loc="upper left",
        bbox_to_anchor=(1.01, 1.0),
        borderaxespad=0.0,
        frameon=False,
        fontsize=SMALL,
        labelcolor=INK,
        **options,
    )


def pressure_axis(axes: Axes, pressures_hpa: np.ndarray) -> None:
    """A vertical axis of log pressure (hPa), upside down, ticked at round levels."""
    low, high = float(np.min(pressures_hpa)), float(np.max(pressures_hpa))
    axes.set_yscale("log")
    axes.set_ylim(high, low)
    round_levels = np.array([1000, 850, 700, 500, 300, 200, 100, 50, 30, 20, 10, 5, 2, 1], float)
    inside = round_levels[(round_levels >= 0.999 * low) & (round_levels <= 1.001 * high)]
    axes.yaxis.set_major_locator(FixedLocator(inside.tolist() or [low, high]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_locator(NullLocator())


def time_axis(axes: Axes, times: np.ndarray) -> None:
    """A horizontal axis of dates without repetition; plain numbers keep their own."""
    if np.issubdtype(np.asarray(times).dtype, np.datetime64) or isinstance(times[0], datetime):
        locator = AutoDateLocator(minticks=3, maxticks=8)
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
        axes.xaxis.get_offset_text().set(fontsize=SMALL, color=INK)


def shown_units(units: str) -> tuple[float, str]:
    """Factor and units in which SI ``units`` are shown: g/kg and hPa, powers raised."""
    factor, name = {"kg kg-1": (1e3, "g kg-1"), "Pa": (1e-2, "hPa")}.get(units, (1.0, units))
    return factor, raised(name)


def raised(units: str) -> str:
    """``m s-1`` as it is printed: ``m s⁻¹``."""
    raise_ = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
    return re.sub(r"(?<=[A-Za-z])-?\d+", lambda found: found.group().translate(raise_), units)
