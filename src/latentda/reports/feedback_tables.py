"""Tables of feedback: fit by variable, diagnosed errors, stations, verdicts; each a header and rows to print."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import groupby

from latentda.figures.words import shown_channel, shown_variable
from latentda.observations.verdicts import explain
from latentda.reports.page import Cell
from latentda.verification import DesroziersRow
from latentda.verification.feedback_summary import FeedbackSummary
from latentda.verification.station_fit import station_fits

Table = tuple[list[str], list[list[Cell]]]

FEWEST = 30
"""Data that a row of diagnosed errors must have to be shown."""

STATIONS_LISTED = 25

_ERRORS = ("data", "mean O-B", "σo D", "σo A", "D/A", "σb D", "σb A", "D/A", "χ²/p")


def error_tables(rows: Sequence[DesroziersRow], fewest: int = FEWEST) -> list[tuple[str, Table]]:
    """Titles and tables of diagnosed (D) and assumed (A) errors.

    A table a variable and class, with a row a layer; of surface data a table a variable, with a row a class.
    """
    enough = [row for row in rows if row.count >= fewest]
    layered, ground = [row for row in enough if row.layer], [row for row in enough if not row.layer]
    tables: list[tuple[str, Table]] = []
    for (name, kind), group in groupby(layered, lambda row: (row.variable, row.message_class)):
        levels = [[f"{row.layer.level:g}", *_errors(row)] for row in group if row.layer]
        tables.append((", ".join(word for word in (_title(name), kind) if word), (["hPa", *_ERRORS], levels)))
    for name, group in groupby(ground, lambda row: row.variable):
        tables.append((_title(name), (["class", *_ERRORS], [[row.message_class, *_errors(row)] for row in group])))
    return tables


def station_table(summary: FeedbackSummary, listed: int = STATIONS_LISTED) -> Table:
    """Header and rows of the stations that fit the background least."""
    header = ["station", "class", "variable", "°N", "°E", "data", "refused", "mean O-B", "sd O-B", "χ²/n", "excess"]
    table: list[list[Cell]] = []
    for row in station_fits(summary.stations)[:listed]:
        factor, words = shown_channel(row.variable)
        table.append([
            row.station, row.message_class, words, f"{row.latitude:.1f}", f"{row.longitude:.1f}",
            row.count, row.refused, f"{factor * row.bias:.3g}", f"{factor * row.sd:.3g}" if row.count > 1 else None,
            row.chi_square, row.excess,
        ])  # fmt: skip
    return header, table


def _errors(row: DesroziersRow) -> list[Cell]:
    factor, _ = shown_variable(row.variable)
    observation = (factor * row.observation_error, factor * row.assumed_observation_error, row.observation_ratio)
    background = (factor * row.background_error, factor * row.assumed_background_error, row.background_ratio)
    return [row.count, factor * row.background_bias, *observation, *background, row.chi_square]


def _title(name: str) -> str:
    words = shown_variable(name)[1]
    return words[:1].upper() + words[1:]


def fit_table(summary: FeedbackSummary) -> Table:
    """O-B and O-A of used and withheld data, all levels and cycles together."""
    header = ["variable", "data", "number", "mean O-B", "RMS O-B", "mean O-A", "RMS O-A", "RMS O-A / O-B"]
    rows: list[list[Cell]] = []
    for row in summary.fit:
        if row.layer is None:
            factor, words = shown_variable(row.variable)
            numbers = (row.background_bias, row.background_rms, row.analysis_bias, row.analysis_rms)
            shown = [f"{factor * number:.3g}" for number in numbers]
            ratio = row.analysis_rms / row.background_rms if row.background_rms else None
            rows.append([words, "used" if row.used else "withheld", row.count, *shown, ratio])
    return header, rows


def verdict_table(summary: FeedbackSummary) -> Table:
    """Numbers of data by verdict and class, with what the verdict means."""
    classes = sorted({kind for kind, _, _ in summary.verdicts})
    counts: Counter[tuple[str, str]] = Counter()
    for (kind, _, verdict), count in summary.verdicts.items():
        counts[verdict, kind] += count
    verdicts = sorted({verdict for verdict, _ in counts}, key=lambda v: (v != "", -sum(counts[v, k] for k in classes)))
    rows: list[list[Cell]] = [
        [verdict.replace("_", " ") or "used", *(counts[verdict, kind] for kind in classes), explain(verdict)]
        for verdict in verdicts
    ]
    return ["verdict", *(kind or "no class" for kind in classes), "meaning"], rows
