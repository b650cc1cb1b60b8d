"""No assimilation: the forecast goes on as it is."""

from __future__ import annotations

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Float

from latentda.assimilation.analysis import Analysis, Result
from latentda.assimilation.carried import CarriedState
from latentda.assimilation.first_guess import FirstGuess
from latentda.assimilation.term import ObservationTerm
from latentda.fields import Standardizer
from latentda.forecast import ForecastModel


class FreeRun(eqx.Module):
    """The analysis is the background, whatever is observed.

    Attributes:
        standardizer: between anomalies and physical fields.
    """

    standardizer: Standardizer
    lead_hours: tuple[int, ...] = eqx.field(static=True, default=(0,))
    observes: bool = eqx.field(static=True, default=False)

    def init(self, background: Float[ArrayLike, "channel lat lon"]) -> CarriedState:
        """The background."""
        return CarriedState.of(background)

    def first_guess(self, carried: CarriedState) -> FirstGuess:
        """The background."""
        return carried.first_guess

    def analyse(
        self, carried: CarriedState, observations: tuple[ObservationTerm, ...], start_hours: int
    ) -> tuple[Analysis, CarriedState]:
        """The background again."""
        del observations
        state = carried.first_guess.background
        anomaly = self.standardizer.to_anomaly(jnp.asarray(state), np.int32(start_hours))
        analysis = Analysis(anomaly, anomaly, jnp.asarray(state)[None], Result.CONVERGED, [], [])
        return analysis, CarriedState.of(state)

    def forecast(
        self, carried: CarriedState, model: ForecastModel, hours: int, lead_hours: int, offsets: tuple[int, ...]
    ) -> CarriedState:
        """The state at a later time."""
        return carried.forecast(model, hours, lead_hours, offsets)
