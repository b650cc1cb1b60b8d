"""The pictures that feedback is usually looked at by, each with its caption."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from latentda.figures.consistency import error_correlations, error_levels
from latentda.figures.departures import (
    departure_histogram,
    departure_maps,
    departure_series,
    usual_places,
)
from latentda.figures.observation_maps import verdict_map
from latentda.figures.profiles import fit_profile
from latentda.figures.vertical_counts import vertical_counts
from latentda.grid import iso
from latentda.observations.inventory import period as period_of_table
from latentda.observations.inventory import span
from latentda.reports.feedback_tables import FEWEST
from latentda.verification import DesroziersRow, merge_classes
from latentda.verification.feedback_summary import FeedbackSummary, Place


@dataclass(frozen=True, eq=False)
class Picture:
    """A figure of the report.

    Attributes:
        name: of its file, without ending.
        figure: the figure.
        caption: under it.
    """

    name: str
    figure: Figure
    caption: str


def period(summary: FeedbackSummary) -> str:
    """The times of all data as words."""
    return span(iso(summary.start), iso(summary.end))


def data_pictures(summary: FeedbackSummary) -> Iterator[Picture]:
    """Where the last cycle's data are, and how high up."""
    when = period_of_table(summary.table)
    yield Picture(
        "verdict_map",
        verdict_map(summary.table, f"Places of the data, {when}"),
        "Places where data were used, and where all were refused; the last cycle's.",
    )
    yield Picture(
        "vertical_counts",
        vertical_counts(summary.table, f"Numbers of data, {when}"),
        "Numbers of data by pressure and at the surface, used and refused; the last cycle's.",
    )


def fit_pictures(summary: FeedbackSummary, places: Sequence[Place] = ()) -> Iterator[Picture]:
    """Profiles, series over cycles where there are several, and maps of departures."""
    when = period(summary)
    if any(row.layer for row in summary.fit):
        yield Picture(
            "fit_profile",
            fit_profile(summary.fit, title=f"Fit to observations, {when}"),
            "RMS and bias of O-B and O-A by pressure; grey numbers count the data.",
        )
    for used, words in ((True, "used"), (False, "withheld")):
        there = any(row.used is used for row in summary.fit)
        if there and len(summary.times) > 1:
            figure = departure_series(
                summary.times, summary.fits, used=used, title=f"Departures of {words} data, {when}"
            )
            yield Picture(f"series_{words}", figure, f"RMS and bias over the cycles, all levels; {words} data.")
    shown = list(places) or usual_places(summary.boxes)
    if shown:
        yield Picture(
            "departure_maps",
            departure_maps(summary.boxes, shown, f"Mean departures of used data, {when}"),
            "Means in boxes of five degrees, O-B at the left and O-A at the right on the same scale; grey: no data. "
            "A mean that stays of one sign over many cycles is a bias of the model or of the stations.",
        )


def error_pictures(summary: FeedbackSummary) -> Iterator[Picture]:
    """Histograms of normalised departures, diagnosed errors, and their correlations along soundings."""
    when = period(summary)
    if summary.histogram:
        yield Picture(
            "departure_histogram",
            departure_histogram(summary.histogram, f"Normalised background departures, {when}"),
            "Wider than the Gaussian: the assumed errors are too small; narrower: too large. Tails that fall slower "
            "than the Gaussian are what variational quality control is for.",
        )
    yield from diagnosed_pictures(summary)


def diagnosed_pictures(summary: FeedbackSummary, fewest: int = FEWEST) -> Iterator[Picture]:
    """Diagnosed against assumed errors, of all classes together and of each, and their correlations."""
    when = period(summary)
    classes = sorted({row.message_class for row in summary.errors})
    parts = {"": merge_classes(summary.errors)} if len(classes) > 1 else {}
    parts |= {kind: [row for row in summary.errors if row.message_class == kind] for kind in classes}
    for kind, rows in parts.items():
        # A class of surface data alone is in the first figure's last panel as well as it can be in its own.
        if any(row.count >= fewest and (row.layer or len(parts) == 1) for row in rows):
            words, name = (kind, f"desroziers_{kind}") if kind and len(parts) > 1 else ("all classes", "desroziers")
            figure = error_levels(_with_surface(rows, summary.errors, kind), f"Errors of {words}, {when}", fewest)
            yield Picture(name, figure, f"Diagnosed and assumed errors: {words}; grey numbers count the data.")
    if summary.correlations:
        yield Picture(
            "error_correlation",
            error_correlations(summary.correlations, f"Correlation of observation errors in soundings, {when}"),
            "Above: between layers. Below: over the distance in ln p, larger dots for more ascents, with the "
            "exponential that fits best.",
        )


def _with_surface(rows: Sequence[DesroziersRow], every: Sequence[DesroziersRow], kind: str) -> list[DesroziersRow]:
    """Of all classes together the layers, but surface data class by class, which differ by platform."""
    if kind:
        return list(rows)
    return [row for row in rows if row.layer] + [row for row in every if row.layer is None]
