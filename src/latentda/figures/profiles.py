"""Profiles of the fit to observations: RMS and bias of O-B and O-A by pressure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from latentda.figures.style import (
    FAINT,
    INK,
    SMALL,
    dress,
    new_figure,
    pressure_axis,
    shown_units,
)
from latentda.grid import variable
from latentda.user_error import UserError
from latentda.verification import FitRow

BACKGROUND_COLOUR = "#5f6670"
ANALYSIS_COLOUR = "#d55e00"
_ORDER = ("t", "u", "v", "q", "z")


def fit_profile(rows: Sequence[FitRow], *, title: str = "") -> Figure:
    """RMS (solid) and bias (dashed) of O-B and O-A: a column a variable, used data over withheld.

    The grey numbers at the right of a panel count the data of each layer.

    Raises:
        UserError: no row has a layer.
    """
    layered = [row for row in rows if row.layer is not None]
    if not layered:
        raise UserError("There is no pressure layer with observations to draw.")
    present = {row.variable for row in layered}
    shorts = [s for s in _ORDER if s in present] + sorted(present - set(_ORDER))
    kinds = [used for used in (True, False) if any(row.used is used for row in layered)]
    figure = new_figure(2.75 * len(shorts) + 0.8, 3.7 * len(kinds) + 0.8, title)
    panels = figure.subplots(len(kinds), len(shorts), squeeze=False, sharex="col", sharey=True)
    for i, used in enumerate(kinds):
        for j, short in enumerate(shorts):
            chosen = [r for r in layered if r.variable == short and r.used is used]
            _profile(panels[i, j], chosen, short)
            last, first = i == len(kinds) - 1, j == 0
            unit = shown_units(variable(short).units)[1]
            dress(
                panels[i, j],
                f"{variable(short).title}, {'used' if used else 'withheld'}",
                f"departure ({unit})" if last else "",
                "pressure (hPa)" if first else "",
                lines="both",
            )
    pressure_axis(panels[0, 0], np.array([p for r in layered for p in _bounds(r)]))
    figure.legend(
        handles=_handles(), loc="outside lower center", ncols=4, frameon=False, fontsize=SMALL,
        labelcolor=INK,
    )  # fmt: skip
    return figure


def _profile(axes: Axes, rows: Sequence[FitRow], short: str) -> None:
    factor = shown_units(variable(short).units)[0]
    levels = [row.layer.level for row in rows if row.layer is not None]
    for colour, rms, bias in (
        (BACKGROUND_COLOUR, [r.background_rms for r in rows], [r.background_bias for r in rows]),
        (ANALYSIS_COLOUR, [r.analysis_rms for r in rows], [r.analysis_bias for r in rows]),
    ):
        axes.plot(factor * np.array(rms), levels, color=colour, linewidth=1.7, marker="o", markersize=3)
        axes.plot(factor * np.array(bias), levels, color=colour, linewidth=1.2, linestyle=(0, (4, 2)))
    axes.axvline(0.0, color=FAINT, linewidth=0.8)
    for row, level in zip(rows, levels, strict=True):
        axes.annotate(
            f"{row.count}", (1.0, level), xycoords=("axes fraction", "data"), xytext=(2, 0),
            textcoords="offset points", va="center", fontsize=SMALL - 2.0, color=FAINT,
        )  # fmt: skip


def _bounds(row: FitRow) -> tuple[float, float]:
    assert row.layer is not None
    return row.layer.top, row.layer.bottom


def _handles() -> list[Line2D]:
    return [
        Line2D([], [], color=colour, dashes=dashes, linewidth=1.6, label=f"{name} {statistic}")
        for name, colour in (("O-B", BACKGROUND_COLOUR), ("O-A", ANALYSIS_COLOUR))
        for statistic, dashes in (("RMS", (1, 0)), ("bias", (4, 2)))
    ]
