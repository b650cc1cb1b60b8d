"""Twin experiments: the truth is a run of the embedded world, and it is observed by a simulated network.

y = H(x_true) + e,  e ~ N(0, R), drawn from the seed and the time alone, so every method sees the same data. In an
identical twin the assimilating model is the true one; in a fraternal twin it has other physics parameters.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from jaxtyping import Float
from numpy import ndarray

from latentda.cycling import Intake
from latentda.grid import datetime_of_hours
from latentda.observations import ObservationPlaces, places_to_table


@dataclass(frozen=True, eq=False)
class Truth:
    """A nature run: physical states at known hours.

    Attributes:
        hours: hours since 1970 ``(time,)``.
        states: ``(time, channel, lat, lon)``.
    """

    hours: ndarray
    states: Float[ndarray, "time channel lat lon"]

    def at(self, hours: int) -> Float[ndarray, "channel lat lon"]:
        """The true state of a time.

        Raises:
            KeyError: the nature run has no state then.
        """
        found = np.flatnonzero(self.hours == hours)
        if found.size == 0:
            raise KeyError(f"The nature run has no state at {datetime_of_hours(hours)}.")
        return self.states[found[0]]


@dataclass(frozen=True, eq=False)
class TwinObservations:
    """Observes a truth: call it with a time, get a table.

    Attributes:
        truth: the nature run.
        places: the network.
        intake: knows the operator; its background error is not used.
        seed: of the observation errors.
    """

    truth: Truth
    places: ObservationPlaces
    intake: Intake
    seed: int = 0

    def __call__(self, hours: int) -> pa.Table:
        """The observations of a time; data that the model's atmosphere cannot give are left out."""
        time = datetime_of_hours(hours)
        table = places_to_table(self.places, np.zeros(len(self.places)), time)
        exact = self.intake.equivalents(table, self.truth.at(hours))
        noise = np.random.default_rng([self.seed, hours]).standard_normal(len(self.places))
        return places_to_table(self.places, exact + self.places.error * noise, time)
