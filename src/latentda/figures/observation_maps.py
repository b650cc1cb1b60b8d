"""Maps of an observation table: where its data are, of which class, how many, used or refused."""

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

from latentda.figures.place_axes import turned, world_axes
from latentda.figures.style import INK, SMALL, dress_bar, new_figure
from latentda.observations import column
from latentda.user_error import UserError

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
"""Colours of the common classes; others take colours in turn."""

USED_COLOUR = "#0072b2"
REFUSED_COLOUR = "#d55e00"
REFUSED_PALE = "#e8a06f"
_OTHERS = ("#5b3f99", "#57b98f", "#e73f74", "#4b8b9b", "#a5782b", "#80ba5a", "#7f3c8d")


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
        UserError: no row.
    """
    names = pc.unique(table["class"]).to_pylist()
    figure, axes = _map(table, title, legend_lines=-(-len(names) // 3))
    parts = {name: table.filter(pc.equal(table["class"], name)) for name in names}
    places = {name: _places(part) for name, part in parts.items()}
    colours, size = class_colours(names), _size(sum(found.total.size for found in places.values()))
    for name in sorted(names, key=lambda name: -places[name].total.size):
        label = f"{name or 'no class'}: {_number(parts[name].num_rows)} data{_of_stations(parts[name])}"
        _dots(axes, places[name].longitude, places[name].latitude, colours[name], size, label)
    place_legend(figure, min(3, len(names)))
    return figure


def verdict_map(table: pa.Table, title: str = "") -> Figure:
    """Places with used data and those where all data were refused, the fewer over the more.

    Raises:
        UserError: no row.
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
    place_legend(figure, 2)
    return figure


def count_map(table: pa.Table, title: str = "") -> Figure:
    """Boxes of one degree coloured by their number of data.

    Raises:
        UserError: no row.
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


def class_colours(names: list[str]) -> dict[str, str]:
    """A colour for each message class."""
    others = cycle(_OTHERS)
    return {name: CLASS_COLOURS.get(name) or next(others) for name in names}


def _map(table: pa.Table, title: str, legend_lines: int = 1) -> tuple[Figure, Axes]:
    require_rows(table)
    figure = new_figure(9.2, 5.1 + 0.22 * legend_lines)
    axes = figure.add_subplot()
    world_axes(axes, title)
    return figure, axes


def require_rows(table: pa.Table) -> None:
    """Refuse a table without a row."""
    if table.num_rows == 0:
        raise UserError("There is no observation to draw.")


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
    # Fewer dots lie over more, or nobody would see them.
    height = 4.0 + 1.0 / (1.0 + longitude.size)
    axes.scatter(longitude, latitude, s=size, c=colour, linewidths=0.0, label=label, rasterized=True, zorder=height)


def _size(count: int) -> float:
    """Area of a dot: small where there are many."""
    return float(np.clip(14000.0 / max(count, 1), 1.6, 9.0))


def place_legend(figure: Figure, columns: int) -> None:
    """A legend of the first panel under the figure, with dots that are large enough to tell their colours."""
    handles, labels = figure.axes[0].get_legend_handles_labels()
    legend = figure.legend(
        handles, labels, loc="outside lower center", ncols=columns, frameon=False, fontsize=SMALL, labelcolor=INK
    )
    for handle in legend.legend_handles:
        if handle is not None and hasattr(handle, "set_sizes"):
            handle.set_sizes([26.0])


def _number(value: int) -> str:
    return f"{int(value):,}".replace(",", "\N{NARROW NO-BREAK SPACE}")
