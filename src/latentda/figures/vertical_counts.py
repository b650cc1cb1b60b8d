"""Numbers of data of an observation table by pressure and at the surface: used and refused."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy import ndarray

from latentda.figures.observation_maps import REFUSED_PALE, USED_COLOUR, place_legend, require_rows
from latentda.figures.style import INK, SMALL, dress, new_figure, pressure_axis
from latentda.grid import variable
from latentda.observations import SURFACE_VARIABLES, UPPER_AIR_VARIABLES, used
from latentda.user_error import UserError
from latentda.verification import pressures

_STEP = 0.1
"""Thickness of the classes of pressure, in ln p."""


def vertical_counts(table: pa.Table, title: str = "") -> Figure:
    """Numbers of data by pressure, a panel a variable, and of surface data: used, and stacked on them refused.

    Raises:
        UserError: no row.
    """
    require_rows(table)
    names = set(pc.unique(table["variable"]).to_pylist())
    aloft = [name for name in UPPER_AIR_VARIABLES if name in names and _pressures(table, name).size]
    ground = [name for name in SURFACE_VARIABLES if name in names]
    if not aloft + ground:
        raise UserError("No datum has a pressure or a height to be drawn at.")
    figure = new_figure(
        max(5.6, 2.3 * len(aloft) + (3.6 if ground else 0.6)), 5.2 if aloft else 1.6 + 0.3 * len(ground)
    )
    figure.suptitle(title, fontsize=11.0, color=INK, fontweight="bold")
    widths = [1.0] * len(aloft) + [1.15] * bool(ground)
    panels = figure.subplots(1, len(widths), squeeze=False, width_ratios=widths)[0]
    edges = _edges(table, aloft)
    for i, name in enumerate(aloft):
        if i:
            panels[i].sharey(panels[0])
            panels[i].tick_params(labelleft=False)
        _steps(panels[i], table, name, edges)
        dress(panels[i], variable(name).title, "data", "" if i else "pressure (hPa)", lines="both")
    if aloft:
        pressure_axis(panels[0], edges)
    if ground:
        _bars(panels[-1], table, ground)
    place_legend(figure, 2)
    return figure


def _pressures(table: pa.Table, name: str) -> ndarray:
    """Those of a variable (hPa) that are known."""
    pressure = pressures(table.filter(pc.equal(table["variable"], name))) / 100.0
    return pressure[np.isfinite(pressure)]


def _edges(table: pa.Table, names: list[str]) -> ndarray:
    """Classes of pressure up to where all but a thousandth of the data of some variable lie below."""
    top = min((float(np.percentile(_pressures(table, name), 0.1)) for name in names), default=100.0)
    steps = int(np.ceil(np.log(1060.0 / min(top, 900.0)) / _STEP))
    return 1060.0 * np.exp(-_STEP * np.arange(steps, -1, -1))


def _kinds(table: pa.Table) -> tuple[tuple[str, str], tuple[str, str]]:
    """Colours and labels of used and of all data; no label for what no check has refused."""
    refused = "" if used(table).all() else "refused"
    return (USED_COLOUR, "used" if refused else "data"), (REFUSED_PALE, refused)


def _steps(axes: Axes, table: pa.Table, name: str, edges: ndarray) -> None:
    rows = table.filter(pc.equal(table["variable"], name))
    hpa, kept = pressures(rows) / 100.0, used(rows)
    for mask, (colour, words), order in zip((kept, np.isfinite(hpa)), _kinds(table), (3, 2), strict=True):
        count = np.histogram(hpa[mask], edges)[0]
        axes.stairs(count, edges, orientation="horizontal", fill=True, color=colour, label=words, zorder=order)


def _bars(axes: Axes, table: pa.Table, names: list[str]) -> None:
    for i, name in enumerate(names):
        kept = used(table.filter(pc.equal(table["variable"], name)))
        for count, (colour, words), order in zip((kept.sum(), kept.size), _kinds(table), (3, 2), strict=True):
            axes.barh(i, count, color=colour, height=0.6, label="" if i else words, zorder=order)
    dress(axes, "at the surface", "data", lines="x")
    axes.set_yticks(range(len(names)), [variable(name).title for name in names], fontsize=SMALL)
    # Few bars stay as slim as many.
    axes.set_ylim(max(len(names), 6) - 0.4, -0.6)
    axes.margins(x=0.12)
