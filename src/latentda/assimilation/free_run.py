"""No assimilation: the forecast goes on as it is."""

from __future__ import annotations

import equinox as eqx
import jax.numpy as jnp
import numpy as np

from latentda.assimilation.analysis import Analysis, Result
from latentda.assimilation.carried import CarriedState, CarriesState
from latentda.assimilation.term import ObservationTerm
from latentda.fields import Standardizer


class FreeRun(CarriesState):
    """The analysis is the background, whatever is observed.

    Attributes:
        standardizer: between anomalies and physical fields.
    """

    standardizer: Standardizer
    lead_hours: tuple[int, ...] = eqx.field(static=True, default=(0,))
    observes: bool = eqx.field(static=True, default=False)

    def analyse(
        self, carried: CarriedState, observations: tuple[ObservationTerm, ...], start_hours: int
    ) -> tuple[Analysis, CarriedState]:
        """The background again."""
        del observations
        state = carried.first_guess.background
        anomaly = self.standardizer.to_anomaly(jnp.asarray(state), np.int32(start_hours))
        analysis = Analysis(anomaly, anomaly, jnp.asarray(state)[None], Result.CONVERGED, [], [])
        return analysis, CarriedState.of(state)
