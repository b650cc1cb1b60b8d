"""A cycled experiment in a world that stands still: seconds instead of hours."""

import jax.numpy as jnp
import numpy as np

from latentda.assimilation import Lbfgs, Variational
from latentda.cycling import Cycler
from latentda.experiments.twin.catalogue import ExperimentSetUp
from latentda.experiments.twin.truth import Truth
from latentda.forecast import Persistence
from latentda.operators import Diagonal
from latentda.priors import ModelSpacePrior
from tests.cycling.conftest import LAYOUT, places, small_intake, standardizer
from tests.worlds import states_of, table_of

FIRST = 262_800
SETUP = ExperimentSetUp(
    "still", "sparse", scored_days=2, spinup_days=1, forecast_days=1, forecast_every_days=1, background_days=0
)


def still_truth():
    hours = FIRST + 12 * np.arange(20)
    return Truth(hours, np.repeat(states_of(LAYOUT, 2)[:1], hours.size, axis=0))


def still_background():
    return states_of(LAYOUT, 2)[1]


def still_observe(hours):
    names, columns = places(hours)
    exact = small_intake().equivalents(table_of(names, **columns), still_truth().at(hours))
    noise = np.random.default_rng([1, hours]).normal(size=exact.size)
    return table_of(names, observation=exact + noise * columns["error"], **columns)


def still_cycler(spread=1.0):
    prior = ModelSpacePrior(Diagonal(spread * jnp.ones(LAYOUT.shape)))
    return Cycler(Persistence(LAYOUT), small_intake(), Variational(prior, standardizer(), minimiser=Lbfgs(15)))
