"""The truth of a twin experiment and what is observed of it.

    y = H(x_true) + e,    e ~ N(0, R),

drawn from the seed and the time alone, so every method sees the same data. A share of them may have gross errors,
``GROSS_SIZE`` standard deviations up or down, beside e.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from jaxtyping import Float
from numpy import ndarray

from latentda.assimilation.intake import Intake
from latentda.fields import Location, open_store, read_states
from latentda.forecast import JcmModel, name_of, unguarded
from latentda.forecast.embedded.simulation import initial_fields, simulate
from latentda.grid import Layout, datetime_of_hours, hours_since_1970
from latentda.observations import ObservationPlaces, places_to_table
from latentda.progress import Track
from latentda.user_error import NotThereError, UserError
from latentda.world import WorldFolder

GROSS_SIZE = 10.0
"""Size of a gross error, in standard deviations of R."""

Network = Callable[[int], ObservationPlaces]
"""``network(hours since 1970)`` -> the places of a cycle's observations."""


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
            NotThereError: the nature run has no state then.
        """
        found = np.flatnonzero(self.hours == hours)
        if found.size == 0:
            raise NotThereError(f"The nature run has no state at {datetime_of_hours(hours)}.")
        return self.states[found[0]]


@dataclass(frozen=True, eq=False)
class StoredTruth:
    """A nature run on disk, read state by state.

    Attributes:
        path: the store.
        layout: the channels to read.
    """

    path: Location
    layout: Layout

    def at(self, hours: int) -> Float[ndarray, "channel lat lon"]:
        """The true state of a time, hours since 1970."""
        return read_states(open_store(self.path), self.layout, [datetime_of_hours(hours)])[0]


@dataclass(frozen=True, eq=False)
class TwinObservations:
    """Observes a truth: call it with a time, get a table.

    Attributes:
        truth: the nature run.
        places: the network, or the network of a time (hours since 1970).
        intake: knows the operator; its background error is not used.
        seed: of the observation errors.
        gross_errors: share of the data that have one.
    """

    truth: Truth | StoredTruth
    places: ObservationPlaces | Network
    intake: Intake
    seed: int = 0
    gross_errors: float = 0.0

    def __call__(self, hours: int) -> pa.Table:
        """The observations of a time; data that the model's atmosphere cannot give are left out."""
        time = datetime_of_hours(hours)
        places = self.places if isinstance(self.places, ObservationPlaces) else self.places(hours)
        table = places_to_table(places, np.zeros(len(places)), time)
        exact = self.intake.equivalents(table, self.truth.at(hours))
        random = np.random.default_rng([self.seed, hours])
        noise = random.standard_normal(len(places))
        sign = random.choice([-1.0, 1.0], len(places))
        noise += np.where(random.random(len(places)) < self.gross_errors, GROSS_SIZE * sign, 0.0)
        return places_to_table(places, exact + places.error * noise, time)


def simulated_model(world: WorldFolder) -> JcmModel:
    """The model of a world, where it is one whose long runs are simulated: the embedded one.

    Raises:
        UserError: it is another.
    """
    model = unguarded(world.model)
    if not isinstance(model, JcmModel):
        raise UserError(
            f"The world in {world.folder} has the model {name_of(model)}; a truth is simulated with the embedded "
            "one, 'model: {kind: embedded}'."
        )
    return model


def start_state(world: WorldFolder, file: Path | None = None) -> tuple[Float[ndarray, "channel lat lon"], int]:
    """The state from which a world's truth is simulated, and its time (hours since 1970).

    Args:
        world: the embedded one, or with its model.
        file: a restart file; by default the world's start.

    Raises:
        UserError: the world has another model, or the file is none.
    """
    state, begin = initial_fields(simulated_model(world), file or world.start)
    return state, int(hours_since_1970(begin))


def nature_run(world: WorldFolder, days: int, folder: Path, track: Track, every_hours: int = 12) -> Truth:
    """The true states every ``every_hours`` from a world's start, kept in ``folder/nature.zarr``.

    Raises:
        UserError: the world has another model than the embedded one.
    """
    model, store = simulated_model(world), folder / "nature.zarr"
    first, begin = start_state(world)
    simulate(model, days, store, every_hours=every_hours, initial=world.start, track=track)
    dataset = open_store(store)
    states = read_states(dataset, model.layout)
    hours = [hours_since_1970(time) for time in dataset["time"].values]
    return Truth(np.asarray([begin, *hours], int), np.concatenate([first[None], states]))
