"""The impact of every datum of an analysis on the total energy of a forecast's error, as a column of its table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from jaxtyping import Float
from numpy import ndarray

from latentda.assimilation import Analysis, ObservationTerm, Variational, impact
from latentda.forecast import ForecastModel
from latentda.operators import PointObservations
from latentda.verification.data_impact import IMPACT, UNITS, AnalysisImpact
from latentda.verification.energy import energy_weights


def forecast_impact(
    method: Variational,
    analysis: Analysis,
    tables: Sequence[pa.Table],
    terms: tuple[ObservationTerm, ...],
    hours: int,
    *,
    model: ForecastModel,
    lead_hours: int,
    truth: Float[ndarray, "channel lat lon"],
) -> AnalysisImpact:
    """What the data of an analysis did to the forecast from it.

    Args:
        method: the one that made the analysis.
        analysis: its outcome.
        tables: the observations of each slot.
        terms: the same as the intake's terms of the cost.
        hours: of the background, since 1970.
        model: of the forecast.
        lead_hours: of the forecast, from ``hours`` on.
        truth: x_t then, physical units: a later analysis, or in a twin the truth.

    Raises:
        UserError: observation errors that are not independent and Gaussian, a model without a derivative or whose
            forecast is not finite, or states of which energy knows no variable.
    """
    weight = energy_weights(method.standardizer.layout).astype(np.float32)
    found = impact(
        method, analysis, terms, hours, model=model, lead_hours=lead_hours, truth=truth, weight=weight
    )  # fmt: skip
    told = [_with_impact(*one) for one in zip(tables, terms, found.data, strict=True)]
    return AnalysisImpact(told, found.background_error, found.analysis_error)


def _with_impact(table: pa.Table, term: ObservationTerm, values: Float[ndarray, " datum"]) -> pa.Table:
    assert isinstance(term.operator, PointObservations)
    valid = np.asarray(term.valid)
    column = np.full(table.num_rows, np.nan, np.float32)
    column[np.asarray(term.operator.batch.row)[valid]] = values[valid]
    field = pa.field(IMPACT, pa.float32(), metadata={"units": UNITS})
    return table.append_column(field, pa.array(column, pa.float32(), from_pandas=True))
