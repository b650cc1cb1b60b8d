"""What data did to a forecast, as a section of a report."""

from __future__ import annotations

from latentda.figures.impact import impact_figure
from latentda.reports.page import Cell, Report
from latentda.verification.data_impact import DataImpact

_WORDS = """\
The impact of a datum is its part of the change of the forecast's error, told by the adjoint of forecast and analysis
(Langland & Baker 2004). The measure of the error is the total energy of as much of wind, temperature, humidity and
surface pressure as the state holds. An impact is negative where the forecast is better with the datum. Of most networks
hardly more than half of the data help, since single data err as much as they tell; sums count.
"""


def add_impact(report: Report, found: DataImpact, lead_hours: int) -> None:
    """Add the section.

    Args:
        report: to which.
        found: impacts by class and variable.
        lead_hours: of the forecast.
    """
    before, after = found.background_error, found.analysis_error
    told = (
        f"The energy of the error {lead_hours} h ahead is {before:.4g} J/kg from the background and {after:.4g} J/kg "
        f"from the analysis; the impacts of all data add up to {found.explained:.2f} of the change."
    )
    report.section("What the data did to the forecast", f"{_WORDS}\n\n{told}")
    report.figure(
        impact_figure(found, ""), f"Impact of the data on the {lead_hours} h forecast, by class and variable."
    )
    header = ["class", "variable", "data", "impact (J/kg)", "a datum (1e-6 J/kg)", "helpful"]
    rows: list[list[Cell]] = [
        [row.message_class, row.variable, row.count, row.impact, 1e6 * found.a_datum(row), row.helpful]
        for row in found.rows
    ]
    report.table(header, rows, "The same in numbers, and the share of the data that helped.")
