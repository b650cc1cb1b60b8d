"""Maps around a place: increments over the background's contours, with wind arrows, each panel in its own window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, MultipleLocator
from numpy import ndarray

from latentda.figures.maps import map_panels
from latentda.figures.style import INK, SMALL, in_lines, shown_units
from latentda.grid import Grid, regional_grid

HALF_WIDTH = 60.0
"""Degrees of longitude shown on either side of the place; half as many of latitude."""

REACH = 250.0
"""Longitudes east and west of Greenwich to which fields are unrolled, so that no window meets the seam."""

_TURNS = np.array([-720.0, -360.0, 0.0, 360.0])


@dataclass(frozen=True, eq=False)
class IncrementPanel:
    """One map of an increment.

    Attributes:
        title: over it.
        increment: SI units, ``(lat, lon)``.
        units: its SI units.
        place: latitude and longitude of the observation (degrees).
        contours: the background in SI units, drawn thin; None: no lines.
        contour_units: of the contours.
        winds: eastward and northward wind increments to draw as arrows.
        group: panels of one number share colours and arrows.
    """

    title: str
    increment: Float[ndarray, "lat lon"]
    units: str
    place: tuple[float, float]
    contours: Float[ndarray, "lat lon"] | None = None
    contour_units: str = "1"
    winds: Float[ndarray, "2 lat lon"] | None = None
    group: int = 0


def increment_maps(panels: Sequence[IncrementPanel], grid: Grid, *, columns: int, suptitle: str) -> Figure:
    """Maps of increments around their places, row by row.

    Raises:
        ValueError: a field that is not on the grid, or no panel.
    """
    wide, width = _unrolled_grid(grid), 5.4 if columns < 3 else 4.3
    heading = in_lines(suptitle, columns * width) if grid.periodic else suptitle
    figure = map_panels(
        [_unroll(_near(panel.increment, panel.place, grid), grid) for panel in panels],
        [_title(panel, panels) for panel in panels],
        wide,
        [panel.units for panel in panels],
        signed=True,
        suptitle=heading,
        groups=[panel.group for panel in panels],
        columns=columns,
    )
    axes_of = [axes for axes in figure.axes if axes.get_label() != "<colorbar>"]
    aspect = 1.0 / np.cos(np.deg2rad(min(48.0, float(np.mean([abs(panel.place[0]) for panel in panels])))))
    for axes, panel in zip(axes_of, panels, strict=True):
        if panel.contours is not None:
            _contours(axes, panel, grid)
        if panel.winds is not None:
            _arrows(axes, panel, grid, _fastest(panel, panels))
        if grid.periodic:
            _focus(axes, panel.place, aspect)
        _mark(axes, panel.place)
    if grid.periodic:
        down = -(-len(panels) // columns)
        above = 0.15 + 0.2 * len(heading.splitlines())
        figure.set_size_inches(columns * width, down * (0.47 * width * aspect + 1.08) + above)
    return figure


def _unrolled_grid(grid: Grid) -> Grid:
    if not grid.periodic:
        return grid
    return regional_grid(grid.latitude, _unrolled_longitude(grid)[1].tolist())


def _unroll(field: ndarray, grid: Grid) -> ndarray:
    if not grid.periodic:
        return field
    return np.tile(field, len(_TURNS))[..., _unrolled_longitude(grid)[0]]


def _unrolled_longitude(grid: Grid) -> tuple[ndarray, ndarray]:
    """Which points of several copies of the circle are kept, and their longitudes."""
    longitude = np.add.outer(_TURNS, grid.longitude).ravel()
    kept = np.abs(longitude) <= REACH
    return kept, longitude[kept]


def _near(field: ndarray, place: tuple[float, float], grid: Grid) -> ndarray:
    """The field in the window; NaN elsewhere, so that the colours are those of what is shown."""
    if not grid.periodic:
        return field
    south = _southern_edge(place)
    east = np.abs((np.asarray(grid.longitude) - place[1] + 180.0) % 360.0 - 180.0) <= HALF_WIDTH + 4.0
    latitude = np.asarray(grid.latitude)
    rows = (latitude >= south - 4.0) & (latitude <= south + HALF_WIDTH + 4.0)
    return np.where(rows[:, None] & east[None, :], field, np.nan)


def _southern_edge(place: tuple[float, float]) -> float:
    return min(max(place[0] - 0.5 * HALF_WIDTH, -90.0), 90.0 - HALF_WIDTH)


def _focus(axes: Axes, place: tuple[float, float], aspect: float) -> None:
    longitude = (place[1] + 180.0) % 360.0 - 180.0
    south = _southern_edge(place)
    axes.set(xlim=(longitude - HALF_WIDTH, longitude + HALF_WIDTH), ylim=(south, south + HALF_WIDTH), aspect=aspect)
    axes.xaxis.set_major_locator(MultipleLocator(30.0))
    axes.yaxis.set_major_locator(MultipleLocator(20.0))


def _mark(axes: Axes, place: tuple[float, float]) -> None:
    west, east = axes.get_xlim()
    longitude = (place[1] - west) % 360.0 + west
    if longitude <= east:
        axes.plot(longitude, place[0], "o", markersize=6.5, markerfacecolor="none", markeredgecolor="white",
                  markeredgewidth=2.6, zorder=5)  # fmt: skip
        axes.plot(longitude, place[0], "o", markersize=6.5, markerfacecolor="none", markeredgecolor="black",
                  markeredgewidth=1.2, zorder=6)  # fmt: skip


def _contours(axes: Axes, panel: IncrementPanel, grid: Grid) -> None:
    factor, _ = shown_units(panel.contour_units)
    assert panel.contours is not None
    field = factor * np.asarray(panel.contours, float)
    wide, near = _unrolled_grid(grid), _near(field, panel.place, grid)
    levels = MaxNLocator(9, steps=[1, 2, 2.5, 5, 10]).tick_values(*np.nanpercentile(near, [0.5, 99.5]))
    lines = axes.contour(
        wide.longitude, wide.latitude, _unroll(field, grid), levels=levels, colors=INK, linewidths=0.45, alpha=0.75
    )
    axes.clabel(lines, fontsize=SMALL - 3.0, inline_spacing=1.0, fmt="%g")


def _fastest(panel: IncrementPanel, panels: Sequence[IncrementPanel]) -> float:
    """The fastest wind increment (m/s) among the panels that share the panel's scale."""
    return max(float(np.hypot(*p.winds).max()) for p in panels if p.group == panel.group and p.winds is not None)


def _title(panel: IncrementPanel, panels: Sequence[IncrementPanel]) -> str:
    if panel.winds is None:
        return panel.title
    return f"{panel.title}; arrows to {_fastest(panel, panels):.2g} m s⁻¹"


def _arrows(axes: Axes, panel: IncrementPanel, grid: Grid, fastest: float) -> None:
    assert panel.winds is not None
    u, v = (_unroll(part, grid) for part in panel.winds)
    wide = _unrolled_grid(grid)
    # The fastest arrow is eight degrees long; slower than a twentieth of it are left out.
    shown = np.hypot(u, v) > 0.05 * fastest
    longitude, latitude = np.meshgrid(wide.longitude, wide.latitude)
    axes.quiver(
        longitude[shown], latitude[shown], u[shown], v[shown], angles="uv", scale_units="x",
        scale=max(fastest, 1e-12) / 8.0, width=0.003, headwidth=4.0, color="black", alpha=0.8, zorder=4,
    )  # fmt: skip
