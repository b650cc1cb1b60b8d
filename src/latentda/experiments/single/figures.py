"""Figures of single observations: maps around the place over the background's contours, and sections through it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy import ndarray

from latentda.experiments.single.observation import (
    SingleAnalysis,
    SingleObservation,
    level_pressures,
    nearest_point,
)
from latentda.figures.maps import degrees
from latentda.figures.place_maps import HALF_WIDTH, IncrementPanel, increment_maps
from latentda.figures.sections import section_panel
from latentda.figures.style import shown_units
from latentda.figures.words import channel_words, place_words
from latentda.grid import Channel, Layout, datetime_of_hours, iso
from latentda.methods import METHODS

BESIDE = ("t", "u", "z", "sp", "msl")
"""Variables that are looked at beside the observed one, as far as the states hold them."""

MOST_ROWS = 4


def method_maps(made: Sequence[SingleAnalysis], layout: Layout) -> Figure:
    """One observation: a row a field (observed one first), a column a method, equal colours along a row."""
    observation, background = made[0].observation, made[0].background
    place = observation.latitude, observation.longitude
    panels: list[IncrementPanel] = []
    for group, index in enumerate(_shown_channels(made[0], layout)):
        channel, units = layout.channels[index], layout.channels[index].variable.units
        words = channel_words(channel, layout)
        panels += [
            IncrementPanel(
                f"{METHODS[one.method].title}: {words}", one.increment[index], units, place,
                background.state[index], units, _winds(one.increment, channel, layout), group,
            )
            for one in made
        ]  # fmt: skip
    heading = f"{observation_words(observation)}, {iso(datetime_of_hours(background.hours))}"
    heading += f"\nincrements; thin lines: the background, {background.name}"
    return increment_maps(panels, layout.grid, columns=len(made), suptitle=heading)


def method_sections(made: Sequence[SingleAnalysis], layout: Layout) -> Iterator[tuple[str, Figure]]:
    """A meridional section through the place a method, on one scale.

    It is of the observed variable; where that is on no levels, of temperature or of another that is.
    """
    observation = made[0].observation
    on_levels = [short for short in (observation.variable, "t", *layout.variables) if len(layout.indices(short)) > 1]
    if not on_levels:
        return
    short = on_levels[0]
    channels = layout.indices(short)
    _, column = nearest_point(observation, layout)
    latitude = np.asarray(layout.grid.latitude)
    rows = np.flatnonzero(np.abs(latitude - observation.latitude) <= 0.5 * HALF_WIDTH)
    if rows.size < 2:
        return
    cuts = [one.increment[channels][:, rows, column] for one in made]
    item = layout.channels[channels[0]].variable
    longitude = degrees(round(layout.grid.longitude[column], 1), "E", "W")
    words = observation_words(observation)
    for one, cut in zip(made, cuts, strict=True):
        figure = section_panel(
            cut,
            latitude[rows],
            level_pressures(observation, one.background, layout, short),
            item.units,
            along="latitude",
            signed=True,
            title=f"{METHODS[one.method].title}: {item.title} increment at {longitude}\n{words}",
            point=observation.latitude,
            shared=cuts,
        )
        yield one.method, figure


def observation_words(observation: SingleObservation) -> str:
    """``+1 K temperature at 500 hPa over 46.1°N 14.5°E``."""
    item = Channel(observation.variable).variable
    factor, units = shown_units(item.units)
    amount = f"{factor * observation.departure:+.3g}".replace("-", "\N{MINUS SIGN}")
    level = f" at {observation.level_hpa:g} hPa" if item.has_levels and observation.level_hpa else ""
    return f"{amount} {units} {item.title}{level} over {place_words(observation.latitude, observation.longitude)}"


def _shown_channels(one: SingleAnalysis, layout: Layout) -> list[int]:
    """The observed channel, then some of other variables, at its level or the lowest."""
    observed, level = layout.channels[one.channel].short, layout.channels[one.channel].level
    shown = [one.channel]
    for short in BESIDE:
        if short == observed or (short == "u" and observed == "v"):
            continue
        channels = layout.indices(short)
        if channels.size:
            names = [layout.channels[i].level for i in channels]
            at = [i for i, other in zip(channels, names, strict=True) if other is not None and other == level]
            shown.append(int(at[0] if at else channels[-1]))
    return shown[:MOST_ROWS]


def _winds(increment: ndarray, channel: Channel, layout: Layout) -> ndarray | None:
    """The wind increments at the level of a wind channel."""
    if channel.short not in ("u", "v"):
        return None
    pair = [Channel(short, channel.level).name for short in ("u", "v")]
    if any(name not in layout.names for name in pair):
        return None
    return np.stack([increment[layout.index(name)] for name in pair])
