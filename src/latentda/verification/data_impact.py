"""What each kind of observation did to forecasts: impacts of data by class and variable.

The impact of a datum is its part of the change that an analysis makes to the energy of a forecast's error
(:mod:`latentda.assimilation.variational.impact`), J/kg; negative: the forecast is better with the datum.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from latentda.observations import column
from latentda.user_error import UserError

IMPACT = "impact"
"""The column of a feedback table; null for data that were not used."""

UNITS = "J kg-1"
"""Of impacts."""


@dataclass(frozen=True)
class ImpactRow:
    """All data of one class and variable.

    Attributes:
        message_class: of the reports.
        variable: short name.
        count: data, all analyses together.
        impact: mean over analyses of their sum (J/kg); negative: the forecasts are better with them.
        helpful: share of the data with a negative impact.
    """

    message_class: str
    variable: str
    count: int
    impact: float
    helpful: float


@dataclass(frozen=True)
class DataImpact:
    """The outcome over some analyses.

    Attributes:
        rows: by class and variable, the most helpful first.
        background_error: mean energy of the error of forecasts from the backgrounds (J/kg).
        analysis_error: that of forecasts from the analyses.
        explained: sum of all impacts over the difference of the two; NaN where they do not differ.
        analyses: how many.
    """

    rows: tuple[ImpactRow, ...]
    background_error: float
    analysis_error: float
    explained: float
    analyses: int

    def a_datum(self, row: ImpactRow) -> float:
        """Mean impact of a datum of a kind (J/kg)."""
        return row.impact * self.analyses / row.count

    def to_dict(self) -> dict[str, Any]:
        """The same ready for JSON, with units."""
        explained = self.explained if np.isfinite(self.explained) else None
        return {"units": UNITS, **asdict(self), "explained": explained}


@dataclass(frozen=True, eq=False)
class AnalysisImpact:
    """What the data of one analysis did to the forecast from it.

    Attributes:
        tables: the observations of each slot, with their column :data:`IMPACT` (J/kg).
        background_error: energy of the error of the forecast from the background (J/kg).
        analysis_error: that of the forecast from the analysis.
    """

    tables: list[pa.Table]
    background_error: float
    analysis_error: float


def data_impact(analyses: Iterable[AnalysisImpact]) -> DataImpact:
    """Impacts summed by class and variable.

    Raises:
        UserError: there is no analysis.
    """
    kinds: dict[tuple[str, str], list[np.ndarray]] = {}
    before, after = [], []
    for one in analyses:
        before.append(one.background_error)
        after.append(one.analysis_error)
        for table in one.tables:
            values, classes, variables = (column(table, name) for name in (IMPACT, "class", "variable"))
            told = ~np.isnan(values)
            for kind in sorted(set(zip(classes[told].tolist(), variables[told].tolist(), strict=True))):
                own = told & (classes == kind[0]) & (variables == kind[1])
                kinds.setdefault(kind, []).append(values[own])
    if not before:
        raise UserError("There is no analysis to look at.")
    rows = [_row(*kind, parts, len(before)) for kind, parts in kinds.items()]
    errors = float(np.mean(before)), float(np.mean(after))
    change = errors[1] - errors[0]
    explained = sum(row.impact for row in rows) / change if change else float("nan")
    return DataImpact(tuple(sorted(rows, key=lambda row: row.impact)), *errors, explained, len(before))


def _row(message_class: str, variable: str, parts: list[np.ndarray], analyses: int) -> ImpactRow:
    together = np.concatenate(parts)
    total = float(together.sum()) / analyses
    return ImpactRow(message_class, variable, together.size, total, float((together < 0.0).mean()))
