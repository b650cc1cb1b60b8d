"""What each kind of observation did to the forecasts of a cycled twin."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from latentda.experiments.checks.revisit import AHEAD_HOURS, Revisit
from latentda.figures.files import save_figure
from latentda.figures.impact import impact_figure
from latentda.files import write_json
from latentda.verification.data_impact import AnalysisImpact, DataImpact, data_impact
from latentda.verification.forecast_impact import forecast_impact


def twin_impact(revisits: Iterable[Revisit]) -> DataImpact:
    """The impact of all data on the total energy of the error of day-long forecasts, against the truth.

    Raises:
        UserError: there is no analysis, or its data have errors that are not independent and Gaussian.
    """
    return data_impact(map(_of_analysis, revisits))


def _of_analysis(one: Revisit) -> AnalysisImpact:
    return forecast_impact(
        one.method, one.analysis, [one.table], (one.term,), one.hours,
        model=one.model, lead_hours=AHEAD_HOURS, truth=one.truth.at(one.hours + AHEAD_HOURS),
    )  # fmt: skip


def write_impact(found: DataImpact, title: str, folder: Path) -> list[Path]:
    """Write ``impact.png`` and ``impact.json``, each whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    return [
        save_figure(impact_figure(found, title), folder / "impact.png"),
        write_json(folder / "impact.json", found.to_dict()),
    ]
