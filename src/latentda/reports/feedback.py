"""The report of feedback: departures by level, cycle, place and station, and whether the assumed errors hold."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from latentda.figures.files import save_figure
from latentda.reports.feedback_pictures import Picture, data_pictures, error_pictures, fit_pictures, period
from latentda.reports.feedback_tables import STATIONS_LISTED, error_tables, fit_table, station_table, verdict_table
from latentda.reports.page import Report
from latentda.verification.feedback_summary import FeedbackSummary, Place

REPORT = "report.html"

_ERRORS = """\
If observation and background errors are what the analysis took them for, the mean of (O-A)(O-B) is the variance of
the observation error, that of (A-B)(O-B) the variance of the background's equivalents, and chi-square over the number
of data is 1 (Desroziers et al. 2005). The observation error contains what the model's grid cannot show. How the two
errors part is right only as far as the structures of the assumed ones are; a bias counts as error.
"""

_STATIONS = """\
Stations ranked by how much the squares of their normalised departures exceed the expectation, in standard deviations,
each square bounded by 25. Data refused by the first-guess check count too. A station that stays on top over many cycles
belongs on a blacklist; one that is there for a day may have seen weather that the background missed.
"""


def write_feedback(summary: FeedbackSummary, folder: Path, places: Sequence[Place] = ()) -> list[Path]:
    """Write the pictures of feedback and the report of all.

    Args:
        summary: of the feedback.
        folder: where to; made if it is not there.
        places: variables and layers of the maps of departures; none: the usual ones.

    Returns:
        The files, the report last.
    """
    data, fit = list(data_pictures(summary)), list(fit_pictures(summary, places))
    errors = list(error_pictures(summary))
    folder.mkdir(parents=True, exist_ok=True)
    files = [save_figure(picture.figure, folder / f"{picture.name}.png") for picture in (*data, *fit, *errors)]
    report = feedback_report(summary, data, fit, errors)
    return [*files, report.write(folder / REPORT)]


def feedback_report(
    summary: FeedbackSummary, data: Sequence[Picture], fit: Sequence[Picture], errors: Sequence[Picture]
) -> Report:
    """The report with the pictures of its sections."""
    report = Report("Observations and what an analysis made of them", period(summary))
    report.section("What this is", _introduction(summary))
    _add(report, data)
    _add_sections(report, summary, fit, errors)
    return report


def add_feedback(report: Report, summary: FeedbackSummary) -> None:
    """Add the same sections to the report of an analysis."""
    _add_sections(report, summary, list(fit_pictures(summary)), list(error_pictures(summary)))
    _add(report, list(data_pictures(summary)))


def _add_sections(report: Report, summary: FeedbackSummary, fit: Sequence[Picture], errors: Sequence[Picture]) -> None:
    report.section("Fit", "O-B is the observation minus the background, O-A the observation minus the analysis.")
    report.table(*fit_table(summary), "All levels and cycles together.")
    _add(report, fit)
    report.section("Are the assumed errors right?", _ERRORS)
    _add(report, errors)
    for title, table in error_tables(summary.errors):
        report.table(*table, f"{title}: diagnosed (D) and assumed (A) standard deviations.")
    report.section("Stations", _STATIONS)
    report.table(*station_table(summary), f"The {STATIONS_LISTED} stations that fit the background least.")
    report.section("What happened to the data", "Every datum has one verdict.")
    report.table(*verdict_table(summary), "Data by verdict.")


def _add(report: Report, pictures: Sequence[Picture]) -> None:
    for picture in pictures:
        report.figure(picture.figure, picture.caption)


def _introduction(summary: FeedbackSummary) -> str:
    total = sum(summary.verdicts.values())
    used = sum(count for (_, _, verdict), count in summary.verdicts.items() if not verdict)
    cycles = len(summary.times)
    analyses = "One analysis" if cycles == 1 else f"{cycles} analyses"
    return f"{analyses}, {total} data, of which {used} were used."
