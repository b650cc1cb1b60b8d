"""A small system, and networks that have learnt nothing or are exact."""

import jax
import pytest

from latentda.experiments.augmented.setup import AugmentedTwin, ObservingNetwork
from latentda.experiments.augmented.system import augmented_lorenz96


@pytest.fixture(scope="package")
def twin():
    """One network of observations."""
    return AugmentedTwin(
        augmented_lorenz96(jax.random.key(7), 24, 6), cycles=8, spinup_cycles=2, observed={"4th": ObservingNetwork(4)}
    )


@pytest.fixture(scope="package")
def system(twin):
    return twin.system


@pytest.fixture
def key():
    return jax.random.key(5)
