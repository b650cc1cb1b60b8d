"""What single observations leave in their folder: a report with a section a datum, figures, and one JSON table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from latentda.experiments.single.description import EXPLAINED, describe, numbers_table
from latentda.experiments.single.figures import method_maps, method_sections, observation_words
from latentda.experiments.single.observation import SingleAnalysis
from latentda.figures.files import save_figure
from latentda.files import write_json
from latentda.grid import Layout, datetime_of_hours, iso
from latentda.methods import METHODS
from latentda.reports.page import Report

TABLE = "increments.json"
"""Name of the table."""

REPORT = "report.html"

_INTRODUCTION = """\
Each datum was analysed on its own around the same background. Where its equivalent is linear the increment is one
column of the background error B, seen through the method: b d / (b + r) at the datum, d the departure, b and r the
variances of background and observation there. So the pictures show which correlations a method believes in, how far
they reach, and whether they know the flow of the day (Thepaut et al. 1996).
"""


def write_single_results(
    cases: Iterable[Sequence[SingleAnalysis]], layout: Layout, folder: Path, *, pictures: bool = False
) -> tuple[list[list[dict[str, Any]]], list[Path]]:
    """Tell and write analyses of single observations, one datum in memory at a time.

    Args:
        cases: of every datum the analyses by all methods.
        layout: of the states.
        folder: made if it is not there.
        pictures: whether the figures are files too, ``increments.png`` and a ``section_METHOD.png`` a method.

    Returns:
        Descriptions, a list a datum; and the files, the report last.
    """
    report = Report("Single observations").section("What this is", _INTRODUCTION)
    rows: list[list[dict[str, Any]]] = []
    files: list[Path] = []
    for made in cases:
        rows.append([describe(one, layout) for one in made])
        folder.mkdir(parents=True, exist_ok=True)
        drawn = list(_figures(made, layout))
        _tell(report, made, rows[-1], drawn)
        if pictures:
            files += [save_figure(figure, folder / f"{name}.png") for name, figure, _ in drawn]
    table = write_table([row for each in rows for row in each], folder / TABLE)
    return rows, [*files, table, report.write(folder / REPORT)]


def _figures(made: Sequence[SingleAnalysis], layout: Layout) -> Iterator[tuple[str, Figure, str]]:
    """Name, figure, caption."""
    yield "increments", method_maps(made, layout), f"Increments of {observation_words(made[0].observation)}."
    for name, figure in method_sections(made, layout):
        yield f"section_{name}", figure, f"Meridional section through the place, {METHODS[name].title}."


def _tell(
    report: Report,
    made: Sequence[SingleAnalysis],
    rows: Sequence[dict[str, Any]],
    drawn: Iterable[tuple[str, Figure, str]],
) -> None:
    observation, background = made[0].observation, made[0].background
    station = f", {observation.station}" if observation.station else ""
    when = iso(datetime_of_hours(background.hours))
    report.section(f"{observation_words(observation)}{station}", f"Background: {background.name}, {when}.")
    for _, figure, caption in drawn:
        report.figure(figure, caption)
    report.table(*numbers_table(rows), f"The increment of {rows[0]['channel']}. {EXPLAINED}")


def write_table(rows: Sequence[dict[str, Any]], path: Path) -> Path:
    """Write ``{"increments": [...]}``, whole or not at all."""
    return write_json(path, {"increments": list(rows)})
