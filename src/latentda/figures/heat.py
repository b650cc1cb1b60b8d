"""Scores at a glance: relative error by variable and level as a heat table, and bars by method."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from latentda.figures.style import (
    INK,
    MEDIUM,
    SMALL,
    Looks,
    dress,
    dress_bar,
    look_of,
    new_figure,
)
from latentda.grid import VARIABLES
from latentda.user_error import UserError
from latentda.verification import MEAN_CHANNEL

SURFACE_COLUMN = "surface"


def score_heat(
    errors: Mapping[str, float],
    reference: Mapping[str, float],
    *,
    title: str = "",
    limit_percent: float | None = None,
) -> Figure:
    """Error change 100 (e / e_ref - 1) in percent: rows variables, columns levels; blue is better.

    Args:
        errors: RMSE by channel name (``t@500``, ``sp``, ``mean``).
        reference: the same of the method to compare with; channels in both are shown.
        title: over the table; the change of the ``mean`` row is added to it.
        limit_percent: where the colours saturate; by default at the largest change, 5 at least.

    Raises:
        UserError: no channel in common.
    """
    channels = [name for name in errors if name in reference and reference[name] > 0.0]
    if not channels:
        raise UserError("The two methods have no channel in common to compare.")
    change = {name: 100.0 * (errors[name] / reference[name] - 1.0) for name in channels}
    if MEAN_CHANNEL in change:
        title = f"{title} (mean {_percent(change.pop(MEAN_CHANNEL))} %)".strip()
    rows, columns = list(dict.fromkeys(name.split("@")[0] for name in change)), _columns(change)
    table = np.full((len(rows), len(columns)), np.nan)
    for name, value in change.items():
        table[rows.index(name.split("@")[0]), columns.index(_column(name))] = value
    limit = limit_percent or max(5.0, float(np.nanmax(np.abs(table))))
    figure = new_figure(1.9 + 0.74 * len(columns) + 0.8, 0.9 + 0.46 * len(rows))
    axes = figure.add_subplot()
    image = axes.imshow(table, cmap="RdBu_r", vmin=-limit, vmax=limit, aspect="auto")
    _cell_texts(axes, table, image)
    dress(axes, title, _level_label(columns))
    _labels(axes, rows, columns)
    bar = figure.colorbar(image, ax=axes, pad=0.02, aspect=14)
    dress_bar(bar, "change of error (%)")
    return figure


def score_bars(
    errors: Mapping[str, float | Sequence[float]],
    *,
    xlabel: str,
    looks: Looks,
    title: str = "",
    reference: float | None = None,
) -> Figure:
    """A bar a method, in its colour; several values of a method (seeds) show as dots on their mean.

    Args:
        errors: by method.
        xlabel: what the values are, with units.
        looks: of the methods.
        title: over the panel.
        reference: a vertical line, such as 1 for as good as the reference.

    Raises:
        UserError: no method.
    """
    if not errors:
        raise UserError("There is no method to draw a bar for.")
    values = {method: np.atleast_1d(np.asarray(v, float)) for method, v in errors.items()}
    figure = new_figure(7.0, 0.9 + 0.36 * len(values))
    axes = figure.add_subplot()
    top = max(float(v.max()) for v in values.values())
    for i, (method, seeds) in enumerate(values.items()):
        axes.barh(i, seeds.mean(), color=look_of(method, looks).colour, height=0.68, alpha=0.9)
        if seeds.size > 1:
            axes.plot(seeds, np.full(seeds.size, i), "o", color=INK, markersize=2.5)
        axes.text(max(seeds.max(), seeds.mean()) + 0.012 * top, i, f"{seeds.mean():.3g}",
                  va="center", fontsize=SMALL, color=INK)  # fmt: skip
    dress(axes, title, xlabel, lines="x")
    axes.set_yticks(range(len(values)), [look_of(m, looks).title for m in values], fontsize=MEDIUM - 0.5)
    axes.tick_params(axis="y", length=0)
    axes.invert_yaxis()
    axes.set_xlim(0.0, 1.1 * top)
    if reference is not None:
        axes.axvline(reference, color=INK, linewidth=1.0, linestyle=":")
    return figure


def _column(channel: str) -> str:
    return channel.split("@")[1] if "@" in channel else SURFACE_COLUMN


def _columns(channels: Iterable[str]) -> list[str]:
    levels = sorted({_column(n) for n in channels if "@" in n}, key=float)
    return levels + ([SURFACE_COLUMN] if any("@" not in name for name in channels) else [])


def _level_label(columns: Sequence[str]) -> str:
    levels = [float(name) for name in columns if name != SURFACE_COLUMN]
    if not levels:
        return ""
    return "sigma level" if max(levels) <= 1.0 else "level (hPa)"


def _percent(value: float) -> str:
    # Adding zero turns a rounded -0.0 into 0.0.
    digits = f"{value:+.0f}" if abs(value) >= 9.5 else f"{round(value, 1) + 0.0:+.1f}"
    return digits.replace("-", "\N{MINUS SIGN}")


def _labels(axes: Axes, rows: Sequence[str], columns: Sequence[str]) -> None:
    words = [VARIABLES[row].title if row in VARIABLES else row for row in rows]
    axes.set_yticks(range(len(rows)), words, fontsize=SMALL + 0.5)
    axes.set_xticks(range(len(columns)), columns, fontsize=SMALL + 0.5)
    axes.tick_params(length=0)
    axes.set_xticks(np.arange(len(columns) - 1) + 0.5, minor=True)
    axes.set_yticks(np.arange(len(rows) - 1) + 0.5, minor=True)
    axes.grid(which="minor", color="white", linewidth=1.6)
    axes.tick_params(which="minor", length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _cell_texts(axes: Axes, table: np.ndarray, image: AxesImage) -> None:
    for (i, j), value in np.ndenumerate(table):
        if np.isfinite(value):
            red, green, blue, _ = image.to_rgba(value)
            # Relative luminance (ITU-R BT.709) decides which ink can be read on the cell.
            dark = 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.55
            ink = "white" if dark else INK
            axes.text(j, i, _percent(value), ha="center", va="center", fontsize=SMALL, color=ink)
