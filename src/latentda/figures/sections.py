"""Vertical sections: a field on levels along a latitude circle or a meridian.

The vertical axis is the logarithm of pressure, upside down: about proportional to height.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MultipleLocator
from numpy import ndarray

from latentda.figures.colours import (
    colour_map,
    colour_scale,
    contour_levels,
    contour_ticks,
    overflow,
)
from latentda.figures.maps import degrees
from latentda.figures.style import dress, dress_bar, new_figure, pressure_axis, shown_units
from latentda.user_error import UserError


def section_panel(
    values: Float[ndarray, "level point"],
    coordinate: Float[ndarray, " point"],
    pressures_hpa: Float[ndarray, " level"],
    units: str,
    *,
    along: str = "longitude",
    signed: bool = False,
    title: str = "",
    point: float | None = None,
    shared: Sequence[ndarray] = (),
) -> Figure:
    """A filled contour section.

    Args:
        values: SI units (humidity is shown in g/kg, pressure in hPa); NaN stays white.
        coordinate: degrees east or north of the points; longitudes are turned to -180..180.
        pressures_hpa: of the levels, in any order; on sigma levels those at mean surface pressure.
        units: of the values.
        along: ``"longitude"`` or ``"latitude"``.
        signed: whether zero is the centre of the colours.
        title: over the panel.
        shared: all sections, this one too, that are to have the same colour scale.
        point: a coordinate to mark by a vertical line (where a section's observation lies).

    Raises:
        UserError: the values' shape is not ``(level, point)`` of the coordinates.
    """
    shape = (len(pressures_hpa), len(coordinate))
    if np.shape(values) != shape:
        raise UserError(f"A section of shape {shape} was wanted; got {np.shape(values)}.")
    factor, shown = shown_units(units)
    across, pressures, section = _ordered(factor * np.asarray(values), coordinate, pressures_hpa, along)
    scale = colour_scale([factor * np.asarray(other) for other in shared] or [section], signed)
    levels = contour_levels(scale, signed)
    figure = new_figure(7.5, 3.9)
    axes = figure.add_subplot()
    filled = axes.contourf(
        across, pressures, section, levels=levels,
        cmap=colour_map(signed), norm=scale, extend=overflow([section], levels[0], levels[-1]),
    )  # fmt: skip
    if point is not None:
        axes.axvline(point, color="black", linewidth=0.9, linestyle=(0, (4, 3)))
    dress(axes, title, along, "pressure (hPa)")
    pressure_axis(axes, pressures)
    letters = ("E", "W") if along == "longitude" else ("N", "S")
    axes.set_xlim(max(across[0], -180.0), min(across[-1], 180.0))
    axes.xaxis.set_major_locator(MultipleLocator(_tick_step(float(np.ptp(across)))))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: degrees(value, *letters)))
    bar = figure.colorbar(filled, ax=axes, pad=0.02, aspect=28, ticks=contour_ticks(levels, signed))
    dress_bar(bar, shown)
    return figure


def _ordered(values: ndarray, coordinate: ndarray, pressures: ndarray, along: str) -> tuple[ndarray, ndarray, ndarray]:
    """Both axes increasing, longitudes around Greenwich."""
    across = np.asarray(coordinate, float)
    if along == "longitude":
        across = (across + 180.0) % 360.0 - 180.0
    columns, rows = np.argsort(across), np.argsort(pressures)
    across, section = across[columns], values[rows][:, columns]
    if along == "longitude" and across[0] + 360.0 - across[-1] < 1.5 * np.diff(across).max():
        # A whole circle is closed at the seam.
        across = np.concatenate([across[-1:] - 360.0, across, across[:1] + 360.0])
        section = np.concatenate([section[:, -1:], section, section[:, :1]], axis=1)
    return across, np.asarray(pressures, float)[rows], section


def _tick_step(width: float) -> float:
    return next((step for step in (5.0, 10.0, 20.0, 30.0) if width / step <= 7.0), 60.0)
