"""Figures of feedback: departures over cycles, in boxes on maps, and their distribution."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy import ndarray

from latentda.figures.maps import map_panels
from latentda.figures.observation_maps import REFUSED_COLOUR, USED_COLOUR
from latentda.figures.profiles import ANALYSIS_COLOUR, BACKGROUND_COLOUR
from latentda.figures.style import FAINT, INK, SMALL, dress, new_figure, shown_units, time_axis
from latentda.grid import VARIABLES, variable
from latentda.user_error import UserError
from latentda.verification import LAYERS, FitRow
from latentda.verification.feedback_summary import BOXES, EDGES, Place

PREFERRED_HPA = {"q": 850.0, "tv": 850.0, "td": 850.0}
"""Levels that stand for a variable on maps; 500 hPa for the others."""


def departure_series(
    times: Sequence[np.datetime64], fits: Sequence[Sequence[FitRow]], *, used: bool = True, title: str = ""
) -> Figure:
    """RMS and bias of O-B and O-A over cycles, and the number of data: a row a variable.

    Args:
        times: one a cycle.
        fits: likewise.
        used: of the assimilated data; False: of the withheld ones.
        title: over everything.

    Raises:
        UserError: no such data.
    """
    rows = {name: [_all_levels(fit, name, used) for fit in fits] for name in _variables(fits, used)}
    if not rows:
        raise UserError("There is no observation to draw departures of.")
    figure = new_figure(9.4, 1.75 * len(rows) + 0.9, title)
    panels = figure.subplots(len(rows), 2, squeeze=False, sharex=True, width_ratios=[2.4, 1.0])
    instants = np.asarray(times, "datetime64[s]")
    for (departure, count), (name, row) in zip(panels, rows.items(), strict=True):
        units = variable(name)
        factor, shown = shown_units(units.units)
        _curves(departure, instants, row, factor)
        dress(departure, units.title, "", f"departure ({shown})", lines="y")
        count.plot(instants, [0 if fit is None else fit.count for fit in row], color=INK, linewidth=1.3)
        dress(count, "data" if name == next(iter(rows)) else "", "", "", lines="y")
        count.set_ylim(bottom=0.0)
        departure.margins(x=0.01)
        for axes in (departure, count):
            time_axis(axes, instants)
    figure.legend(
        handles=_departure_handles(), loc="outside lower center", ncols=4, frameon=False, fontsize=SMALL, labelcolor=INK
    )
    return figure


def departure_maps(
    boxes: Mapping[Place, Float[ndarray, "3 lat lon"]], places: Sequence[Place], title: str = ""
) -> Figure:
    """Mean O-B and O-A in boxes, a row a variable and layer; both have one scale.

    Raises:
        UserError: no data of a variable and layer; the message names those there are.
    """
    fields, titles, units, groups = [], [], [], []
    for number, place in enumerate(places):
        if place not in boxes:
            there = ", ".join(place_name(known) for known in boxes)
            raise UserError(f"No used data of {place_name(place)}; there are {there}.")
        count, *sums = boxes[place]
        for words, total in zip(("O-B", "O-A"), sums, strict=True):
            fields.append(np.where(count > 0.0, total / np.maximum(count, 1.0), np.nan))
            titles.append(f"Mean {words}, {place_name(place)}")
            units.append(variable(place[0]).units)
            groups.append(number)
    figure = map_panels(fields, titles, BOXES, units, signed=True, suptitle=title, groups=groups, columns=2)
    for axes in figure.axes:
        if axes.get_label() != "<colorbar>":
            # White means zero; where nothing was observed is no zero.
            axes.set_facecolor("#d5d8dc")
    return figure


def usual_places(boxes: Mapping[Place, ndarray]) -> list[Place]:
    """For each variable the layer that stands for it on maps, or the fullest one if that is empty."""
    chosen: list[Place] = []
    for name in [known for known in VARIABLES if any(place[0] == known for place in boxes)]:
        found = {layer: sums[0].sum() for (short, layer), sums in boxes.items() if short == name}
        level = PREFERRED_HPA.get(name, 500.0)
        wanted = [layer for layer in found if layer is not None and layer.level == level]
        chosen.append((name, wanted[0] if wanted else max(found, key=lambda layer: found[layer])))
    return chosen


def place_of(name: str, level_hpa: float) -> Place:
    """The place on a map of a variable and, if it has levels, the level in whose layer the pressure lies.

    Raises:
        KeyError: no such variable.
        UserError: no layer around the pressure.
    """
    known = variable(name)
    if not known.has_levels:
        return known.short, None
    for layer in LAYERS:
        if layer.top < level_hpa <= layer.bottom:
            return known.short, layer
    raise UserError(f"There is a layer from {LAYERS[0].bottom:g} to {LAYERS[-1].top:g} hPa; {level_hpa:g} is outside.")


def place_name(place: Place) -> str:
    """``temperature, 600-450 hPa``."""
    name, layer = place
    if layer is None:
        return variable(name).title
    return f"{variable(name).title}, {layer.bottom:g}\N{EN DASH}{layer.top:g} hPa"


def departure_histogram(counts: Mapping[str, Float[ndarray, "2 bin"]], title: str = "") -> Figure:
    """Numbers of normalised background departures against the Gaussian, a panel a variable, logarithmic.

    Raises:
        UserError: no data.
    """
    names = [name for name in VARIABLES if name in counts]
    if not names:
        raise UserError("There is no departure to draw.")
    across = min(3, len(names))
    down = -(-len(names) // across)
    figure = new_figure(max(6.6, 3.2 * across + 0.4), 2.7 * down + 0.8, title)
    panels = figure.subplots(down, across, squeeze=False, sharex=True).ravel()
    for i, (axes, name) in enumerate(zip(panels, names, strict=False)):
        _distribution(axes, *counts[name])
        last, first = i + across >= len(names), i % across == 0
        label = r"(O-B) / $\sqrt{\sigma_o^2 + \sigma_b^2}$" if last else ""
        dress(axes, _moments(name, counts[name]), label, "data" if first else "", lines="both")
        axes.tick_params(labelbottom=last)
    for axes in panels[len(names) :]:
        axes.remove()
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False, fontsize=SMALL, labelcolor=INK)
    return figure


def _variables(fits: Sequence[Sequence[FitRow]], used: bool) -> list[str]:
    there = {row.variable for fit in fits for row in fit if row.used is used}
    return [name for name in VARIABLES if name in there]


def _all_levels(fit: Sequence[FitRow], name: str, used: bool) -> FitRow | None:
    found = [row for row in fit if row.layer is None and row.variable == name and row.used is used]
    return found[0] if found else None


def _curves(axes: Axes, times: ndarray, rows: Sequence[FitRow | None], factor: float) -> None:
    def values(name: str) -> ndarray:
        return factor * np.array([np.nan if row is None else getattr(row, name) for row in rows])

    marker = "o" if len(rows) <= 40 else ""
    for kind, colour in (("background", BACKGROUND_COLOUR), ("analysis", ANALYSIS_COLOUR)):
        axes.plot(times, values(f"{kind}_rms"), color=colour, linewidth=1.6, marker=marker, markersize=2.5)
        axes.plot(times, values(f"{kind}_bias"), color=colour, linewidth=1.2, linestyle=(0, (4, 2)))
    axes.axhline(0.0, color=FAINT, linewidth=0.8)


def _departure_handles() -> list[Line2D]:
    return [
        Line2D([], [], color=colour, dashes=dashes, linewidth=1.6, label=f"{name} {statistic}")
        for name, colour in (("O-B", BACKGROUND_COLOUR), ("O-A", ANALYSIS_COLOUR))
        for statistic, dashes in (("RMS", (1, 0)), ("bias", (4, 2)))
    ]


def _distribution(axes: Axes, used: ndarray, refused: ndarray) -> None:
    middle, width = 0.5 * (EDGES[1:] + EDGES[:-1]), EDGES[1] - EDGES[0]
    axes.stairs(used + refused, EDGES, fill=True, color=REFUSED_COLOUR, alpha=0.75, label="refused for their departure")
    axes.stairs(used, EDGES, fill=True, color=USED_COLOUR, label="used")
    gauss = used.sum() * width * np.exp(-0.5 * middle**2) / np.sqrt(2.0 * np.pi)
    axes.plot(middle, gauss, color="black", linewidth=1.3, label="Gaussian of variance 1")
    axes.set_yscale("log")
    axes.set_ylim(0.5, 2.0 * max(float((used + refused).max()), float(gauss.max()), 1.0))
    axes.set_xlim(EDGES[0], EDGES[-1])


def _moments(name: str, counts: Float[ndarray, "2 bin"]) -> str:
    """The variable with mean and standard deviation of its used data, as exact as the classes."""
    middle, used = 0.5 * (EDGES[1:] + EDGES[:-1]), counts[0]
    total = max(float(used.sum()), 1.0)
    mean = float(used @ middle) / total
    sd = float(np.sqrt(used @ (middle - mean) ** 2 / total))
    return f"{variable(name).title}\nmean {mean:+.2f}, sd {sd:.2f}".replace("-", "\N{MINUS SIGN}")
