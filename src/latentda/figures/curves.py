"""Curves: errors over cycles, and the loss over training steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, NullFormatter
from numpy import ndarray

from latentda.figures.style import (
    FAINT,
    INK,
    SMALL,
    Looks,
    dress,
    legend_beside,
    look_of,
    new_figure,
    time_axis,
)
from latentda.user_error import UserError

Curve = tuple[Any, Any]
"""Times (``datetime64``, or numbers such as lead hours) and as many values."""


def error_curves(
    analysis: Mapping[str, Curve],
    background: Mapping[str, Curve] | None = None,
    *,
    ylabel: str,
    looks: Looks,
    xlabel: str = "",
    title: str = "",
    references: Mapping[str, float] | None = None,
    sawtooth: bool = False,
) -> Figure:
    """Errors over cycles (or lead time), a colour a method.

    Args:
        analysis: the error of each method's analyses, solid.
        background: the error of its backgrounds at the same times, dashed.
        ylabel: what the values are, with units.
        looks: of the methods.
        xlabel: what plain-number times are; dates need no label.
        title: over the panel.
        references: horizontal lines by name, such as the observation error.
        sawtooth: draw background and analysis as one line that drops at every analysis.

    Raises:
        ValueError: no method, or times and values of different lengths.
    """
    _require_curves({**analysis, **{f"{k} background": v for k, v in (background or {}).items()}})
    figure = new_figure(9.0, 3.8)
    axes = figure.add_subplot()
    for method, curve in analysis.items():
        look, below = look_of(method, looks), (background or {}).get(method)
        line: dict[str, Any] = {"color": look.colour, "linewidth": 1.7}
        if below is None:
            axes.plot(*curve, label=look.title, **line)
        elif sawtooth:
            axes.plot(*_sawtooth(below, curve), label=look.title, **{**line, "linewidth": 1.3})
        else:
            axes.plot(*curve, label=look.title, **line)
            axes.plot(*below, linestyle=(0, (4, 2)), alpha=0.75, **{**line, "linewidth": 1.1})
    dress(axes, title, xlabel, ylabel, lines="y")
    axes.margins(x=0.01)
    axes.set_ylim(bottom=0.0)
    _references(axes, references or {})
    time_axis(axes, next(iter(analysis.values()))[0])
    legend_beside(axes, handles=_handles(axes, bool(background) and not sawtooth))
    return figure


def training_curve(
    steps: Sequence[float],
    losses: Sequence[float] | Mapping[str, Sequence[float] | Curve],
    *,
    title: str = "",
    ylabel: str = "loss",
    references: Mapping[str, float] | None = None,
) -> Figure:
    """The loss over training steps, logarithmic.

    Args:
        steps: of the losses.
        losses: one sequence, or several by name; one with steps of its own is ``(steps, losses)``.
        title: over the panel.
        ylabel: what the loss is.
        references: horizontal lines by name, such as the loss on held-out states.
    """
    named = losses if isinstance(losses, Mapping) else {"": losses}
    curves = {k: v if isinstance(v, tuple) else (steps, v) for k, v in named.items()}
    _require_curves(curves)
    figure = new_figure(7.0, 3.6)
    axes = figure.add_subplot()
    for (name, curve), colour in zip(curves.items(), _loss_colours(len(curves)), strict=True):
        sparse = len(curve[0]) <= 40
        axes.plot(
            *curve,
            color=colour,
            linewidth=1.5,
            label=name,
            marker="o" if sparse else "",
            markersize=3,
        )
    axes.set_yscale("log")
    plain = FuncFormatter(lambda value, _: f"{value:g}")
    axes.yaxis.set_major_formatter(plain)
    low, high = axes.get_ylim()
    axes.yaxis.set_minor_formatter(plain if high < 10.0 * low else NullFormatter())
    dress(axes, title, "training step", ylabel, lines="y")
    axes.margins(x=0.01)
    _references(axes, references or {})
    if len(curves) > 1:
        axes.legend(frameon=False, fontsize=SMALL, labelcolor=INK)
    return figure


def _sawtooth(background: Curve, analysis: Curve) -> tuple[ndarray, ndarray]:
    """Background and analysis of each time in turn: the line falls at once, then climbs."""
    if len(background[0]) != len(analysis[0]):
        raise ValueError("A saw-tooth needs as many backgrounds as analyses.")
    times = np.repeat(np.asarray(analysis[0]), 2)
    return times, np.stack([np.asarray(background[1]), np.asarray(analysis[1])], 1).ravel()


def _references(axes: Axes, references: Mapping[str, float]) -> None:
    for name, value in references.items():
        axes.axhline(value, color=FAINT, linewidth=1.0, linestyle=":")
        axes.annotate(
            name, (0.995, value), xycoords=("axes fraction", "data"), xytext=(0, 2.5),
            textcoords="offset points", ha="right", va="bottom", fontsize=SMALL, color="#5f6670",
        )  # fmt: skip


def _handles(axes: Axes, dashed: bool) -> list[Any]:
    handles: list[Any] = axes.get_legend_handles_labels()[0]
    if dashed:
        handles.append(Line2D([], [], color=INK, linewidth=1.7, label="analysis"))
        handles.append(Line2D([], [], color=INK, linewidth=1.1, linestyle=(0, (4, 2)), label="background"))
    return handles


def _loss_colours(count: int) -> list[str]:
    palette = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#c9a400", "#56b4e9")
    return [palette[i % len(palette)] for i in range(count)]


def _require_curves(curves: Mapping[str, Curve]) -> None:
    if not curves:
        raise UserError("There is no curve to draw.")
    for name, (times, values) in curves.items():
        if len(times) != len(values) or not len(times):
            raise ValueError(f"Curve {name!r} has {len(times)} times but {len(values)} values.")
