import jax.numpy as jnp
import numpy as np
import pytest

from latentda.assimilation import Lbfgs, Variational
from latentda.assimilation.intake import Intake
from latentda.cycling import Cycler, run_cycles
from latentda.fields import Climatology, Standardizer
from latentda.forecast import Persistence
from latentda.grid import datetime_of_hours
from latentda.operators import Diagonal
from latentda.priors import ModelSpacePrior
from tests.worlds import SIZE, TYPICAL, sigma_layout, sizes_of, states_of, table_of

LAYOUT = sigma_layout(names="ut")
ERRORS = {"t": 1.0, "u": 2.0, "sp": 100.0}


def standardizer():
    mean = np.broadcast_to(sizes_of(LAYOUT, TYPICAL), LAYOUT.shape)
    climatology = Climatology(jnp.asarray(mean[None], jnp.float32), 0, 0)
    scale = sizes_of(LAYOUT, SIZE)[:, 0, 0]
    return Standardizer(climatology, jnp.asarray(scale, jnp.float32), LAYOUT)


def run(*arguments, **settings):
    """All cycles of a run."""
    return list(run_cycles(*arguments, **settings))


def small_intake(**settings):
    """Background errors of typical size, the same everywhere; variables err independently of each other.

    A draw a variable spans this covariance, so that standard deviations at the data are exact.
    """
    sd = np.broadcast_to(sizes_of(LAYOUT, SIZE), LAYOUT.shape).astype(np.float32)
    draws = np.zeros((len(LAYOUT.variables), *LAYOUT.shape), np.float32)
    for draw, name in zip(draws, LAYOUT.variables, strict=True):
        rows = LAYOUT.indices(name)
        draw[rows] = np.sqrt(len(draws)) * sd[rows]
    return Intake(LAYOUT, np.zeros(LAYOUT.grid.shape, np.float32), draws, **settings)


def places(hours, seed=0, count=8):
    """Where and what is observed: temperatures, winds and surface pressures."""
    rng = np.random.default_rng([seed, hours])
    names = np.repeat(["t", "u", "sp"], count)
    columns = {
        "time": datetime_of_hours(hours),
        "lat": rng.uniform(-80.0, 80.0, names.size),
        "lon": rng.uniform(0.0, 360.0, names.size),
        "pres": np.where(names == "sp", np.nan, rng.uniform(45000.0, 85000.0, names.size)),
        "error": [ERRORS[name] for name in names],
    }
    return names, columns


@pytest.fixture(scope="session")
def truth():
    return states_of(LAYOUT, 2)[0]


@pytest.fixture(scope="session")
def first_background():
    return states_of(LAYOUT, 2)[1]


@pytest.fixture(scope="session")
def observe(truth):
    """Observations of a truth that does not change."""
    intake = small_intake()

    def at(hours):
        names, columns = places(hours)
        exact = intake.equivalents(table_of(names, **columns), truth)
        noise = np.random.default_rng([1, hours]).normal(size=exact.size)
        return table_of(names, observation=exact + noise * columns["error"], **columns)

    return at


@pytest.fixture(scope="session")
def cycler():
    method = Variational(ModelSpacePrior(Diagonal(jnp.ones(LAYOUT.shape))), standardizer(), minimiser=Lbfgs(15))
    return Cycler(Persistence(LAYOUT), small_intake(), method)
