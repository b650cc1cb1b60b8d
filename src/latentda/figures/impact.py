"""Impacts of data by class and variable, as bars."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from latentda.figures.style import dress, new_figure
from latentda.verification.data_impact import DataImpact


def impact_figure(found: DataImpact, title: str) -> Figure:
    """Bars by class and variable: the sum on the left, a datum's mean on the right."""
    rows = found.rows
    figure = new_figure(9.5, 1.4 + 0.28 * len(rows), title)
    left, right = figure.subplots(1, 2, sharey=True)
    place = np.arange(len(rows))[::-1]
    for axes, values, words in (
        (left, [row.impact for row in rows], "sum of an analysis (J/kg)"),
        (right, [1e6 * found.a_datum(row) for row in rows], "a datum (1e-6 J/kg)"),
    ):
        axes.barh(place, values, color=["#0072b2" if value < 0 else "#d55e00" for value in values])
        axes.axvline(0.0, color="0.3", linewidth=0.8)
        dress(axes, "", words, "", lines="x")
    left.set_yticks(place, [f"{row.message_class} {row.variable}".strip() for row in rows])
    return figure
