"""Maps of fields: plate carree panels with coastlines, sharing colour scales where they compare."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MultipleLocator
from numpy import ndarray

from latentda.figures.coastline import draw_coastline
from latentda.figures.colours import colour_map, colour_scale, overflow
from latentda.figures.style import FAINT, dress, dress_bar, new_figure, shown_units
from latentda.grid import Grid
from latentda.user_error import UserError


def map_panels(
    fields: Sequence[Float[ndarray, "lat lon"]],
    titles: Sequence[str],
    grid: Grid,
    units: str | Sequence[str],
    *,
    signed: bool | Sequence[bool] = False,
    suptitle: str = "",
    observations: tuple[ndarray, ndarray] | None = None,
    observed: Sequence[int] | None = None,
    groups: Sequence[int] | None = None,
    columns: int | None = None,
) -> Figure:
    """Maps side by side.

    Args:
        fields: one array a panel, SI units (humidity is shown in g/kg, pressure in hPa).
        titles: one a panel.
        grid: of all fields.
        units: of all fields, or of each.
        signed: whether zero is the centre (increments, errors), for all or for each.
        suptitle: over everything.
        observations: latitudes and longitudes (degrees) to mark by small dots.
        observed: indices of the panels that get the dots; all when omitted.
        groups: panels of one number share a colour scale; by default those of equal units and sign.
        columns: panels in a row; by default at most two, three where the count asks for it.

    Raises:
        UserError: numbers of fields, titles, units, signs or groups differ, or a field is not on
            the grid.
    """
    count = len(fields)
    unit_list = [units] * count if isinstance(units, str) else list(units)
    signs = [signed] * count if isinstance(signed, bool) else list(signed)
    _require_one_each(fields, grid, titles=titles, units=unit_list, signed=signs)
    keys = list(zip(unit_list, signs, strict=True)) if groups is None else list(groups)
    _require_one_each(fields, grid, groups=keys)
    factors = [shown_units(name)[0] for name in unit_list]
    scaled = [k * np.asarray(f, float) for k, f in zip(factors, fields, strict=True)]
    across = columns or _columns(count)
    down = math.ceil(count / across)
    figure = new_figure(*_size(grid, across, down, suptitle), suptitle)
    for i, field in enumerate(scaled):
        together = [scaled[j] for j in range(count) if keys[j] == keys[i]]
        axes = figure.add_subplot(down, across, i + 1)
        scale = colour_scale(together, signs[i])
        mesh = _draw(axes, field, grid, scale, signs[i])
        dress(axes, titles[i])
        _frame(axes, grid, leftmost=i % across == 0)
        if observations is not None and (observed is None or i in observed):
            _dots(axes, *observations)
        extend = overflow(together, float(scale.vmin or 0.0), float(scale.vmax or 0.0))
        bar = figure.colorbar(mesh, ax=axes, orientation="horizontal", pad=0.03, aspect=38, shrink=0.86, extend=extend)
        dress_bar(bar, shown_units(unit_list[i])[1])
    return figure


def cells(field: Float[ndarray, "lat lon"], grid: Grid) -> tuple[ndarray, ndarray, Float[ndarray, "lat column"]]:
    """Edges of longitude and latitude, and the field, turned to -180..180 if the circle closes."""
    longitude = np.asarray(grid.longitude)
    if grid.periodic:
        turned = (longitude + 180.0) % 360.0 - 180.0
        order = np.argsort(turned)
        # The cell that straddles the seam is drawn at both ends.
        order = np.concatenate([order[-1:], order, order[:1]])
        longitude = turned[order]
        longitude[0] -= 360.0
        longitude[-1] += 360.0
        field = field[:, order]
    latitude = np.clip(_edges(np.asarray(grid.latitude)), -90.0, 90.0)
    if grid.periodic and len(grid.latitude) > 1:
        latitude[[0, -1]] = np.copysign(90.0, latitude[[0, -1]])
    return _edges(longitude), latitude, field


def _draw(axes: Axes, field: ndarray, grid: Grid, scale: Normalize, signed: bool) -> QuadMesh:
    longitude, latitude, turned = cells(field, grid)
    mesh = axes.pcolormesh(longitude, latitude, turned, cmap=colour_map(signed), norm=scale, rasterized=True)
    if grid.periodic:
        axes.set(xlim=(-180.0, 180.0), ylim=(-90.0, 90.0))
    else:
        axes.set(xlim=(longitude[0], longitude[-1]), ylim=(min(latitude), max(latitude)))
    draw_coastline(axes, colour="#1b1b1b" if signed else "#ffffff", width=0.6)
    return mesh


def _frame(axes: Axes, grid: Grid, *, leftmost: bool) -> None:
    width = axes.get_xlim()[1] - axes.get_xlim()[0]
    axes.set_aspect(1.0 if grid.periodic else 1.0 / np.cos(np.deg2rad(np.mean(grid.latitude))))
    axes.xaxis.set_major_locator(MultipleLocator(60.0 if width > 180.0 else 10.0))
    axes.yaxis.set_major_locator(MultipleLocator(30.0 if width > 180.0 else 10.0))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: degrees(value, "E", "W")))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: degrees(value, "N", "S")))
    axes.tick_params(axis="y", labelleft=leftmost)
    for spine in axes.spines.values():
        spine.set(visible=True, color=FAINT, linewidth=0.6)


def degrees(value: float, positive: str, negative: str) -> str:
    """``60°W`` from -60; the equator, Greenwich and the date line have no letter."""
    turned = (value + 180.0) % 360.0 - 180.0 if positive == "E" else value
    if turned in (0.0, -180.0):
        return f"{abs(turned):g}°"
    return f"{abs(turned):g}°{positive if turned > 0 else negative}"


def _dots(axes: Axes, latitude: ndarray, longitude: ndarray) -> None:
    west, east = axes.get_xlim()
    wrapped = (np.asarray(longitude, float) - west) % 360.0 + west
    inside = wrapped <= east
    axes.scatter(
        wrapped[inside], np.asarray(latitude)[inside], s=4.0, c="black", linewidths=0.0,
        zorder=4,
    )  # fmt: skip


def _columns(count: int) -> int:
    if count <= 2:
        return count
    return 2 if count == 4 else 3


def _size(grid: Grid, across: int, down: int, suptitle: str) -> tuple[float, float]:
    width = {1: 7.5, 2: 5.6}.get(across, 4.3)
    tall = 0.5
    if not grid.periodic:
        lat, lon = np.ptp(grid.latitude), np.ptp(grid.longitude)
        tall = float(lat / (lon * np.cos(np.deg2rad(np.mean(grid.latitude)))))
        width = min(width, 4.6 / tall)
    margin = 0.45 if across < 3 else 0.25
    panel = tall * (across * width - margin) / across + 0.8 + 0.08 * tall * width / 2.0
    return across * width, down * panel + (0.3 if suptitle else 0.0)


def _edges(centres: ndarray) -> ndarray:
    """Half-way between neighbours; the outer cells are as wide as their neighbours."""
    if centres.size == 1:
        return np.array([centres[0] - 0.5, centres[0] + 0.5])
    middle = 0.5 * (centres[1:] + centres[:-1])
    first, last = 2 * centres[0] - middle[0], 2 * centres[-1] - middle[-1]
    return np.concatenate([[first], middle, [last]])


def _require_one_each(fields: Sequence[ndarray], grid: Grid, **lists: Sequence[object]) -> None:
    for name, entries in lists.items():
        if len(entries) != len(fields) or not fields:
            raise UserError(f"{len(fields)} fields need as many {name}; got {len(entries)}.")
    for field in fields:
        if np.shape(field) != grid.shape:
            raise UserError(f"A field of the grid's shape {grid.shape} was wanted; got {np.shape(field)}.")
