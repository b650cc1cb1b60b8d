"""The forecast from an analysis that a user can verify: by which model, how far, and against which state.

All of it is read and refused before anything long starts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from latentda.assimilation import Variational, require_impact
from latentda.cycling import WindowAnalysis
from latentda.forecast import ForecastModel
from latentda.grid import datetime_of_hours
from latentda.grid.clock import lead_steps
from latentda.verification.data_impact import AnalysisImpact
from latentda.verification.energy import energy_weights
from latentda.verification.forecast_impact import forecast_impact
from latentda.workflows.assimilated import AssimilationSettings
from latentda.workflows.background import VERIFYING, State, read_background, require_plausible
from latentda.world import WorldFolder


@dataclass(frozen=True, eq=False)
class ForecastToVerify:
    """A forecast and what it is held against.

    Attributes:
        model: of the forecast.
        lead_hours: from the time of the background on.
        truth: the state then.
    """

    model: ForecastModel
    lead_hours: int
    truth: State

    def impact(self, method: Variational, window: WindowAnalysis, tables: Sequence[pa.Table]) -> AnalysisImpact:
        """What the data of an analysis did to it.

        Args:
            method: that made the analysis.
            window: the analysis.
            tables: its data slot by slot.

        Raises:
            UserError: see :func:`~latentda.verification.forecast_impact.forecast_impact`.
        """
        return forecast_impact(
            method, window.analysis, tables, window.terms, window.hours,
            model=self.model, lead_hours=self.lead_hours, truth=self.truth.values,
        )  # fmt: skip


def forecast_to_verify(
    world: WorldFolder, settings: AssimilationSettings, model: ForecastModel | None, hours: int
) -> ForecastToVerify | None:
    """The forecast that the settings want impacts on; None where they want none.

    Args:
        world: where; its model forecasts where none is given.
        settings: with the verifying store and the lead.
        model: a user's own.
        hours: of the analysis, since 1970.

    Raises:
        UserError: a model without a derivative or whose steps do not reach the lead, states of which energy knows no
            variable, or a store that lacks the verifying state.
    """
    if settings.impact is None:
        return None
    forecasting = model or world.model
    require_impact(forecasting)
    lead_steps((settings.lead_hours,), forecasting.step_hours)
    energy_weights(world.layout)
    when = datetime_of_hours(hours + settings.lead_hours)
    truth = read_background(settings.impact, world.layout, when, VERIFYING)
    require_plausible(truth, world.standardizer)
    return ForecastToVerify(forecasting, settings.lead_hours, truth)
