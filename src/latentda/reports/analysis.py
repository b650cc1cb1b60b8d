"""The report of one analysis: what it changed, how it fits, what became of the data, where it comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from jaxtyping import Float
from matplotlib.figure import Figure
from numpy import ndarray

from latentda.figures import map_panels
from latentda.figures.words import channel_words
from latentda.grid import Layout
from latentda.methods import find_method
from latentda.observations import column, used
from latentda.reports.endings import advice
from latentda.reports.feedback import add_feedback
from latentda.reports.impact import add_impact
from latentda.reports.page import Cell, Report
from latentda.verification.data_impact import DataImpact
from latentda.verification.feedback_summary import FeedbackSummary

SHOWN = (("z", 500.0), ("t", 850.0), ("u", 250.0), ("q", 700.0), ("msl", None), ("sp", None), ("t2m", None))
"""Variables and levels (hPa) that are looked at first."""

MOST_PANELS = 4

SURFACE_HPA = 1000.0
"""Pressure by which a sigma level is chosen for one in hPa."""


class Made(Protocol):
    """What of an analysis its report tells."""

    @property
    def layout(self) -> Layout:
        """Of the states."""

    @property
    def time(self) -> str:
        """In words."""

    @property
    def background(self) -> Float[ndarray, "slot channel lat lon"]:
        """At the slots, physical units."""

    @property
    def analysis(self) -> Float[ndarray, "slot channel lat lon"]:
        """Likewise."""

    @property
    def spread(self) -> Float[ndarray, "channel lat lon"] | None:
        """Of the analysis error."""

    @property
    def degrees_of_freedom(self) -> float | None:
        """For signal."""

    @property
    def impact(self) -> DataImpact | None:
        """Of the data on a forecast."""

    @property
    def feedback(self) -> pa.Table:
        """Every datum."""

    @property
    def facts(self) -> Mapping[str, Any]:
        """Costs, iterations, how it ended."""

    @property
    def factor(self) -> float:
        """On the background error's variances."""

    @property
    def settings(self) -> Any:
        """With the name of the method, and the lead of the forecast on which data have an impact."""


def analysis_report(made: Made, summary: FeedbackSummary, attributes: Mapping[str, str]) -> Report:
    """The page."""
    method = find_method(made.settings.method)
    report = Report(f"Analysis of {made.time}", method.title)
    report.section("What this is", _introduction(made, method.title))
    report.table(*_how(made.facts))
    report.section("What the analysis changed")
    channels = shown_channels(made.layout)
    report.figure(
        state_panels(made, channels), "The analysis at the end of the window, and what it adds to the background."
    )
    if made.spread is not None:
        report.figure(_spread(made, channels), "Standard deviation of the analysis error.")
    if made.impact is not None:
        add_impact(report, made.impact, made.settings.lead_hours)
    add_feedback(report, summary)
    report.section("Where it comes from")
    report.table(["what", "which"], [[name.removeprefix("latentda_"), text] for name, text in attributes.items()], "")
    return report


def shown_channels(layout: Layout) -> list[int]:
    """Channels that are looked at first: of a few variables the level nearest to a usual one."""
    found = [_nearest(layout, name, level) for name, level in SHOWN if name in layout.variables]
    return (found or list(range(min(MOST_PANELS, layout.shape[0]))))[:MOST_PANELS]


def _nearest(layout: Layout, name: str, level: float | None) -> int:
    indices = layout.indices(name)
    if level is None or layout.channels[indices[0]].level is None:
        return int(indices[0])
    wanted = level / SURFACE_HPA if layout.vertical.units == "sigma" else level
    return int(indices[np.argmin(np.abs(np.log(np.asarray(layout.levels_of(name)) / wanted)))])


def _introduction(made: Made, title: str) -> str:
    count = made.feedback.num_rows
    scaled = "" if made.factor == 1.0 else f" Variances of the background error were multiplied by {made.factor:.2g}."
    freedom = ""
    if made.degrees_of_freedom is not None:
        freedom = f" At least {made.degrees_of_freedom:.0f} degrees of freedom of the state are told by the data."
    return (
        f"A background was combined with {int(used(made.feedback).sum())} of {count} data by {title}.{scaled}{freedom} "
        "O-B is an observation minus the background's equivalent, O-A minus the analysis's. An analysis fits the data "
        "that it used; whether it is good, data tell that were withheld from it."
    )


def _how(facts: Mapping[str, Any]) -> tuple[list[str], list[list[Cell]], str]:
    """A table of how the analysis was found: by a minimisation, or of members."""
    if "iterations" in facts:
        rows: list[list[Cell]] = [
            ["iterations", facts["iterations"]],
            ["cost of the background, a datum", f"{facts['observation_cost_background']:.3g}"],
            ["cost of the analysis, a datum", f"{facts['observation_cost_analysis']:.3g}"],
            ["how it ended", advice(facts)],
        ]
        return ["what", ""], rows, "The minimisation."
    rows = [
        ["members", facts["members"]],
        ["spread of the background", f"{facts['spread_background']:.3g}"],
        ["spread of the analysis", f"{facts['spread_analysis']:.3g}"],
    ]
    return ["what", ""], rows, "The members; their spread in climatological standard deviations."


def state_panels(made: Made, channels: Sequence[int]) -> Figure:
    """Maps of the analysis at the window's end and of its increment, a row a channel."""
    last, layout = made.analysis[-1], made.layout
    increment = last - made.background[-1]
    fields = [field[channel] for channel in channels for field in (last, increment)]
    words = [channel_words(layout.channels[channel], layout) for channel in channels]
    titles = [title for word in words for title in (_sentence(word), f"Increment of {word}")]
    units = [layout.channels[channel].variable.units for channel in channels for _ in range(2)]
    signs = [sign for _ in channels for sign in (False, True)]
    groups = list(range(len(fields)))
    return map_panels(
        fields, titles, layout.grid, units, signed=signs, groups=groups, columns=2, observations=_places(made),
        observed=groups[1::2], suptitle=made.time,
    )  # fmt: skip


def _spread(made: Made, channels: Sequence[int]) -> Figure:
    assert made.spread is not None
    layout = made.layout
    fields = [made.spread[channel] for channel in channels]
    titles = [_sentence(channel_words(layout.channels[channel], layout)) for channel in channels]
    units = [layout.channels[channel].variable.units for channel in channels]
    groups = list(range(len(fields)))
    return map_panels(fields, titles, layout.grid, units, groups=groups, columns=2, observations=_places(made))


def _sentence(words: str) -> str:
    """With a capital letter; units keep theirs."""
    return words[:1].upper() + words[1:]


def _places(made: Made) -> tuple[ndarray, ndarray]:
    """Where data were used, each place once."""
    rows = used(made.feedback)
    places = np.unique(np.stack([column(made.feedback, name)[rows] for name in ("lat", "lon")]), axis=1)
    return places[0], places[1]
