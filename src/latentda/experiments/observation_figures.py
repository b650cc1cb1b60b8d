"""Figures of an observation table: where its data are, of which class, how many, used or refused, and how high up."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import cycle

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from numpy import ndarray

from latentda.experiments.place_axes import turned, world_axes
from latentda.experiments.style import INK, SMALL, dress, dress_bar, new_figure, pressure_axis
from latentda.grid import iso, variable
from latentda.observations import SURFACE_VARIABLES, UPPER_AIR_VARIABLES, column, used

CLASS_COLOURS = {
    "ADPUPA": "#d55e00",
    "ADPSFC": "#009e73",
    "SFCSHP": "#0072b2",
    "AIRCFT": "#cc79a7",
    "AIRCAR": "#8f5fb0",
    "SATWND": "#56b4e9",
    "PROFLR": "#8c2d04",
    "VADWND": "#c9a400",
}
"""Of the common classes; others take colours in turn."""

USED_COLOUR = "#0072b2"
REFUSED_COLOUR = "#d55e00"
_PALE = "#e8a06f"
_OTHERS = ("#5b3f99", "#57b98f", "#e73f74", "#4b8b9b", "#a5782b", "#80ba5a", "#7f3c8d")
_STEP = 0.1
"""Thickness of the classes of pressure, in ln p."""


@dataclass(frozen=True, eq=False)
class _Places:
    """Distinct places of a table: longitude, latitude, and data there in total and used."""

    longitude: ndarray
    latitude: ndarray
    total: ndarray
    used: ndarray


def class_map(table: pa.Table, title: str = "") -> Figure:
    """Places coloured by message class, the rarer over the more frequent.

    Raises:
        ValueError: no row.
    """
    names = pc.unique(table["class"]).to_pylist()
    figure, axes = _map(table, title, legend_lines=-(-len(names) // 3))
    parts = {name: table.filter(pc.equal(table["class"], name)) for name in names}
    places = {name: _places(part) for name, part in parts.items()}
    colours, size = class_colours(names), _size(sum(found.total.size for found in places.values()))
    for name in sorted(names, key=lambda name: -places[name].total.size):
        label = f"{name or 'no class'}: {_number(parts[name].num_rows)} data{_of_stations(parts[name])}"
        _dots(axes, places[name].longitude, places[name].latitude, colours[name], size, label)
    _legend(figure, min(3, len(names)))
    return figure


def verdict_map(table: pa.Table, title: str = "") -> Figure:
    """Places with used data over those where all data were refused.

    Raises:
        ValueError: no row.
    """
    figure, axes = _map(table, title)
    places = _places(table)
    kept = places.used > 0
    for mask, colour, words in (
        (~kept, REFUSED_COLOUR, "nothing used"),
        (kept, USED_COLOUR, "data used"),
    ):
        label = f"{words}: {_number(mask.sum())} places"
        _dots(axes, places.longitude[mask], places.latitude[mask], colour, _size(mask.size), label)
    _legend(figure, 2)
    return figure


def count_map(table: pa.Table, title: str = "") -> Figure:
    """Boxes of one degree coloured by their number of data.

    Raises:
        ValueError: no row.
    """
    figure, axes = _map(table, title)
    boxes = _places(table, whole_degrees=True)
    order = np.argsort(boxes.total)
    dots = axes.scatter(
        boxes.longitude[order], boxes.latitude[order], c=boxes.total[order], s=_size(order.size), linewidths=0.0,
        cmap="viridis_r", norm=LogNorm(1, max(2.0, float(boxes.total.max()))), rasterized=True, zorder=4,
    )  # fmt: skip
    bar = figure.colorbar(dots, ax=axes, orientation="horizontal", pad=0.03, aspect=45, shrink=0.8, format="%g")
    dress_bar(bar, "data in a box of one degree")
    return figure


def vertical_counts(table: pa.Table, title: str = "") -> Figure:
    """Numbers of data by pressure, a panel a variable, and of surface data: used, and stacked on them refused.

    Raises:
        ValueError: no row.
    """
    _require_rows(table)
    names = set(pc.unique(table["variable"]).to_pylist())
    aloft = [name for name in UPPER_AIR_VARIABLES if name in names and _pressures(table, name).size]
    ground = [name for name in SURFACE_VARIABLES if name in names]
    figure = new_figure(2.3 * len(aloft) + (3.6 if ground else 0.6), 5.2 if aloft else 1.6 + 0.3 * len(ground))
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
    _legend(figure, 2)
    return figure


def class_colours(names: list[str]) -> dict[str, str]:
    """A colour for each message class."""
    others = cycle(_OTHERS)
    return {name: CLASS_COLOURS.get(name) or next(others) for name in names}


def period(table: pa.Table) -> str:
    """The times of the first and the last datum as words."""
    times = pc.min_max(table["time"]).as_py()
    first, last = iso(times["min"].to_datetime64()), iso(times["max"].to_datetime64())
    return span(first, last)


def span(first: str, last: str) -> str:
    """Two printed dates as one period: ``1989-01-01 08-14 UTC`` within a day."""
    if first == last:
        return first
    if first[:10] == last[:10]:
        return f"{first[:13]}\N{EN DASH}{last[11:]}"
    return f"{first} to {last}"


def _map(table: pa.Table, title: str, legend_lines: int = 1) -> tuple[Figure, Axes]:
    _require_rows(table)
    figure = new_figure(9.2, 5.1 + 0.22 * legend_lines)
    axes = figure.add_subplot()
    world_axes(axes, title)
    return figure, axes


def _require_rows(table: pa.Table) -> None:
    if table.num_rows == 0:
        raise ValueError("There is no observation to draw.")


def _places(table: pa.Table, *, whole_degrees: bool = False) -> _Places:
    keys = table.select(["lat", "lon"])
    if whole_degrees:
        keys = pa.table({name: pc.round(table[name]) for name in ("lat", "lon")})
    counts = (
        keys.append_column("used", pc.cast(table["used"], pa.int64()))
        .group_by(["lat", "lon"])
        .aggregate([("used", "count"), ("used", "sum")])
    )
    return _Places(
        turned(column(counts, "lon")), column(counts, "lat"), column(counts, "used_count"), column(counts, "used_sum")
    )


def _of_stations(table: pa.Table) -> str:
    """`` of 832 stations``; nothing where data have no station."""
    names = pc.unique(table["station"]).to_pylist()
    return "" if "" in names else f" of {_number(len(names))} stations"


def _dots(axes: Axes, longitude: ndarray, latitude: ndarray, colour: str, size: float, label: str) -> None:
    axes.scatter(longitude, latitude, s=size, c=colour, linewidths=0.0, label=label, rasterized=True, zorder=4)


def _size(count: int) -> float:
    """Area of a dot: small where there are many."""
    return float(np.clip(14000.0 / max(count, 1), 1.6, 9.0))


def _legend(figure: Figure, columns: int) -> None:
    handles, labels = figure.axes[0].get_legend_handles_labels()
    legend = figure.legend(
        handles, labels, loc="outside lower center", ncols=columns, frameon=False, fontsize=SMALL, labelcolor=INK
    )
    for handle in legend.legend_handles:
        if handle is not None and hasattr(handle, "set_sizes"):
            handle.set_sizes([26.0])


def _number(value: int) -> str:
    return f"{int(value):,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def _pressures(table: pa.Table, name: str) -> ndarray:
    pressure = column(table.filter(pc.equal(table["variable"], name)), "pres") / 100.0
    return pressure[np.isfinite(pressure)]


def _edges(table: pa.Table, names: list[str]) -> ndarray:
    """Classes of pressure up to where all but a thousandth of the data of some variable lie below."""
    top = min((float(np.percentile(_pressures(table, name), 0.1)) for name in names), default=100.0)
    steps = int(np.ceil(np.log(1060.0 / min(top, 900.0)) / _STEP))
    return 1060.0 * np.exp(-_STEP * np.arange(steps, -1, -1))


def _kinds(table: pa.Table) -> tuple[tuple[str, str], tuple[str, str]]:
    """Colours and labels of used and of all data; no label for what no check has refused."""
    refused = "" if used(table).all() else "refused"
    return (USED_COLOUR, "used" if refused else "data"), (_PALE, refused)


def _steps(axes: Axes, table: pa.Table, name: str, edges: ndarray) -> None:
    rows = table.filter(pc.equal(table["variable"], name))
    hpa, kept = column(rows, "pres") / 100.0, used(rows)
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
