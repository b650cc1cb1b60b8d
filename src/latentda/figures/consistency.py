"""Figures of the errors that departures diagnose, against those that were assumed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from numpy import ndarray

from latentda.figures.style import FAINT, INK, SMALL, dress, dress_bar, new_figure, pressure_axis, shown_units
from latentda.grid import VARIABLES, variable
from latentda.user_error import UserError
from latentda.verification import DesroziersRow, LayerProducts

OBSERVATION_COLOUR = "#0072b2"
BACKGROUND_COLOUR = "#d55e00"


def error_levels(rows: Sequence[DesroziersRow], title: str = "", fewest: int = 30) -> Figure:
    """Diagnosed (solid) and assumed (dashed) sigma_o and sigma_b by pressure, a panel a variable.

    Surface data share a last panel, as ratios of diagnosed to assumed. The grey numbers count the data.

    Args:
        rows: of one message class, or of all together.
        title: over everything.
        fewest: data that a row must have to be drawn.

    Raises:
        UserError: no row has so many data.
    """
    enough = [row for row in rows if row.count >= fewest]
    if not enough:
        raise UserError(f"There are fewer than {fewest} used data of every kind.")
    layered = [row for row in enough if row.layer is not None]
    ground = [row for row in enough if row.layer is None]
    names = [name for name in VARIABLES if any(row.variable == name for row in layered)]
    width = max(6.2, 2.6 * len(names) + (3.4 if ground else 0.6))
    figure = new_figure(width, 4.6 if names else 1.7 + 0.3 * len(ground), title)
    panels = figure.subplots(1, len(names) + bool(ground), squeeze=False)[0]
    for i, name in enumerate(names):
        if i:
            panels[i].sharey(panels[0])
            panels[i].tick_params(labelleft=False)
        _levels(panels[i], [row for row in layered if row.variable == name])
        shown = shown_units(variable(name).units)[1]
        dress(
            panels[i],
            variable(name).title,
            f"standard deviation ({shown})",
            "" if i else "pressure (hPa)",
            lines="both",
        )
    if names:
        pressure_axis(
            panels[0], np.array([p for row in layered if row.layer for p in (row.layer.top, row.layer.bottom)])
        )
    if ground:
        _ratios(panels[-1], ground)
    figure.legend(
        handles=_handles(),
        loc="outside lower center",
        ncols=4 if width > 9.0 else 2,
        frameon=False,
        fontsize=SMALL,
        labelcolor=INK,
    )
    return figure


def error_correlations(products: Sequence[LayerProducts], title: str = "") -> Figure:
    """Correlations of observation errors between layers, and over distance with the chain that fits them.

    Raises:
        UserError: no variable.
    """
    if not products:
        raise UserError("There is no sounding to diagnose correlations from.")
    shown = sorted(products, key=lambda p: list(VARIABLES).index(p.variable))
    figure = new_figure(max(6.6, 2.75 * len(shown) + 0.8), 5.6, title)
    panels = figure.subplots(2, len(shown), squeeze=False, height_ratios=[1.1, 1.0])
    image: AxesImage | None = None
    for i, one in enumerate(shown):
        image = _matrix(panels[0, i], one)
        _against_distance(panels[1, i], one, first=i == 0)
    assert image is not None
    bar = figure.colorbar(image, ax=panels[0].tolist(), pad=0.01, aspect=18)
    dress_bar(bar, "correlation")
    return figure


def _levels(axes: Axes, rows: Sequence[DesroziersRow]) -> None:
    factor = shown_units(variable(rows[0].variable).units)[0]
    levels = [row.layer.level for row in rows if row.layer is not None]

    def values(name: str) -> ndarray:
        return factor * np.array([getattr(row, name) for row in rows])

    for kind, colour in (("observation", OBSERVATION_COLOUR), ("background", BACKGROUND_COLOUR)):
        axes.plot(values(f"{kind}_error"), levels, color=colour, linewidth=1.7, marker="o", markersize=3.5)
        axes.plot(values(f"assumed_{kind}_error"), levels, color=colour, linewidth=1.2, linestyle=(0, (4, 2)))
    axes.set_xlim(left=0.0)
    for row, level in zip(rows, levels, strict=True):
        axes.annotate(
            f"{row.count}", (1.0, level), xycoords=("axes fraction", "data"), xytext=(2, 0),
            textcoords="offset points", va="center", fontsize=SMALL - 2.0, color=FAINT,
        )  # fmt: skip


def _ratios(axes: Axes, rows: Sequence[DesroziersRow]) -> None:
    for i, row in enumerate(rows):
        for ratio, colour in ((row.observation_ratio, OBSERVATION_COLOUR), (row.background_ratio, BACKGROUND_COLOUR)):
            axes.plot(ratio, i, "o", color=colour, markersize=5)
    axes.axvline(1.0, color=INK, linewidth=1.0, linestyle=":")
    dress(axes, "at the surface", "diagnosed / assumed", lines="both")
    axes.set_yticks(range(len(rows)), [f"{row.variable}, {row.message_class}\n{row.count} data" for row in rows])
    axes.tick_params(axis="y", labelsize=SMALL - 0.5)
    axes.set(ylim=(len(rows) - 0.4, -0.6), xlim=(0.0, None))


def _handles() -> list[Line2D]:
    return [
        Line2D([], [], color=colour, dashes=dashes, linewidth=1.6, label=f"{words} error, {kind}")
        for words, colour in (("observation", OBSERVATION_COLOUR), ("background", BACKGROUND_COLOUR))
        for kind, dashes in (("diagnosed", (1, 0)), ("assumed", (4, 2)))
    ]


def _matrix(axes: Axes, products: LayerProducts) -> AxesImage:
    image = axes.imshow(products.correlation, cmap="RdBu_r", vmin=-1.0, vmax=1.0, origin="lower")
    dress(axes, variable(products.variable).title)
    ticks = [f"{layer.level:g}" for layer in products.layers]
    axes.set_xticks(range(len(ticks)), ticks, rotation=90)
    axes.set_yticks(range(len(ticks)), ticks)
    axes.tick_params(labelsize=SMALL - 2.0)
    axes.set_facecolor("#d5d8dc")
    return image


def _against_distance(axes: Axes, products: LayerProducts, *, first: bool) -> None:
    upper = np.triu_indices(len(products.layers), 1)
    distance, r, count = (a[upper] for a in (products.separation, products.correlation, products.count))
    size = np.clip(40.0 * count / max(float(count.max()), 1.0), 3.0, 40.0)
    axes.scatter(distance, r, s=size, c=OBSERVATION_COLOUR, alpha=0.6, linewidths=0.0)
    length = products.length
    if length is not None:
        curve = np.linspace(0.0, 2.0, 200)
        axes.plot(curve, np.exp(-curve / length), color=INK, linewidth=1.3)
    axes.axhline(0.0, color=FAINT, linewidth=0.8)
    words = "no fit" if length is None else f"exp(\N{MINUS SIGN}|Δ ln p| / {length:.2g})"
    dress(axes, words, "|Δ ln p|", "correlation" if first else "", lines="both")
    axes.set(xlim=(0.0, 2.0), ylim=(-0.6, 1.05))
