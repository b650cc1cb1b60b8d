"""A small system, and networks that have learnt nothing or are exact."""

import jax
import pytest

from latentda.experiments.augmented.setup import AugmentedTwin, ObservingNetwork
from latentda.experiments.augmented.training import Plan
from latentda.training import TrainingSettings


@pytest.fixture(scope="package")
def twin():
    """One network of observations."""
    return AugmentedTwin(points=24, variables=6, cycles=8, spinup_cycles=2, observed={"4th": ObservingNetwork(4)})


@pytest.fixture(scope="package")
def system(twin):
    return twin.system()


@pytest.fixture
def key():
    return jax.random.key(5)


@pytest.fixture(scope="package")
def plan():
    quick = TrainingSettings(40, 16, 1e-2, 0.0, 0.02)
    return Plan(runs=4, steps=32, code=quick, decoder=quick, rounds=1, step=quick)
