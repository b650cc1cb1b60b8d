"""What each kind of observation did to the forecasts of a cycled twin: impacts of data by class and variable."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

import numpy as np

from latentda.assimilation import impact
from latentda.experiments.checks.revisit import AHEAD_HOURS, Revisit
from latentda.figures.files import save_figure
from latentda.figures.impact import impact_figure
from latentda.files import write_json
from latentda.observations import column
from latentda.user_error import UserError
from latentda.verification import energy_weights
from latentda.verification.data_impact import DataImpact, ImpactRow


def data_impact(revisits: Iterable[Revisit]) -> DataImpact:
    """The impact of all data on the total energy of the error of day-long forecasts, against the truth.

    Raises:
        UserError: there is no analysis, or its data have errors that are not independent and Gaussian.
    """
    kinds: dict[tuple[str, str], list[np.ndarray]] = {}
    before, after = [], []
    for one in revisits:
        found = impact(
            one.method, one.analysis, (one.term,), one.hours,
            model=one.model, lead_hours=AHEAD_HOURS, truth=one.truth.at(one.hours + AHEAD_HOURS),
            weight=energy_weights(one.model.layout).astype(np.float32),
        )  # fmt: skip
        before.append(found.background_error)
        after.append(found.analysis_error)
        valid = np.asarray(one.term.valid)
        rows = one.rows[valid]
        values = found.data[0][valid]
        classes, variables = column(one.table, "class")[rows], column(one.table, "variable")[rows]
        for kind in sorted(set(zip(classes.tolist(), variables.tolist(), strict=True))):
            own = (classes == kind[0]) & (variables == kind[1])
            kinds.setdefault(kind, []).append(values[own])
    if not before:
        raise UserError("There is no analysis to look at.")
    found_rows = []
    for (message_class, variable), parts in kinds.items():
        together = np.concatenate(parts)
        total = float(together.sum()) / len(before)
        found_rows.append(ImpactRow(message_class, variable, together.size, total, float((together < 0.0).mean())))
    change = float(np.mean(after) - np.mean(before))
    return DataImpact(
        tuple(sorted(found_rows, key=lambda row: row.impact)),
        float(np.mean(before)),
        float(np.mean(after)),
        sum(row.impact for row in found_rows) / change,
        len(before),
    )


def write_impact(found: DataImpact, title: str, folder: Path) -> list[Path]:
    """Write ``impact.png`` and ``impact.json``, each whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    content = {
        "analyses": found.analyses,
        "background_error": found.background_error,
        "analysis_error": found.analysis_error,
        "explained": found.explained,
        "impact": [asdict(row) for row in found.rows],
    }
    return [
        save_figure(impact_figure(found, title), folder / "impact.png"),
        write_json(folder / "impact.json", content),
    ]
