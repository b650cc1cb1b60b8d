"""Training from a store: it improves on its linear start, and a killed run ends as one that was not."""

from dataclasses import replace

import jax
import numpy as np
import pytest

from latentda.fields import StateWriter, StoredSamples, StoreSampler, unit_standardizer
from latentda.grid import hour_sequence
from latentda.networks import AutoencoderSettings, named_arrays
from latentda.training import (
    ObjectiveSettings,
    TrainingSettings,
    linear_start,
    train_autoencoder,
    unexplained_variance,
)
from tests.worlds import compilations, killed_at, sigma_layout

LAYOUT = sigma_layout(names="u", levels=(0.5,))
SHAPE = AutoencoderSettings(patch=4, latent=4, width=16, heads=2, blocks=0)
SETTINGS = TrainingSettings(steps=40, batch_size=32, learning_rate=3e-3, checkpoint_every=10)
BOTH = ObjectiveSettings(lag_hours=6)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    path = tmp_path_factory.mktemp("store") / "a.zarr"
    noise = np.random.default_rng(0).normal(size=(33, *LAYOUT.shape)).astype(np.float32)
    for axis in (2, 3):
        noise = noise + np.roll(noise, 1, axis) + np.roll(noise, 2, axis)
    states = (noise[1:] + noise[:-1]) / noise.std()
    StateWriter(path, LAYOUT, compact=False).append(states, hour_sequence("2000-01-01", 32, 6))
    return path


def samples_of(store, objective):
    lag = objective.lag_hours if objective.difference else 0
    return StoredSamples(StoreSampler(store, LAYOUT), unit_standardizer(LAYOUT), lag)


def trained_on(store, objective=BOTH, settings=SETTINGS, **options):
    samples = samples_of(store, objective)
    start = linear_start(samples, SHAPE, objective)
    return start, train_autoencoder(samples, start, SHAPE, settings, **options)


@pytest.fixture(scope="module")
def whole(store):
    return trained_on(store)


def test_training_improves_on_the_linear_start(store, whole):
    start, trained = whole
    every = list(samples_of(store, BOTH).spread(100, each=100))
    before = unexplained_variance(start.code, every, start.objective)
    after = unexplained_variance(trained.module, every, start.objective)
    assert after.loss < 0.97 * before.loss
    first = samples_of(store, BOTH).batches(SETTINGS.batch_size // 2, SETTINGS.seed)(0)
    assert trained.losses[0] == pytest.approx(float(start.objective(start.code, first)), rel=1e-4)


def test_without_differences_it_trains_on_single_states(store):
    alone = ObjectiveSettings(reconstruction=1.0, difference=0.0)
    start, trained = trained_on(store, alone, replace(SETTINGS, steps=2))
    every = samples_of(store, alone).batches(SETTINGS.batch_size, SETTINGS.seed)(0)
    assert every.shape == (32, 1, *LAYOUT.shape)
    missed = unexplained_variance(start.code, [every], start.objective)
    assert trained.losses[0] == pytest.approx(missed.loss, rel=1e-4)


def test_a_killed_run_ends_in_the_same_weights(store, whole, tmp_path):
    checkpoint = tmp_path / "code.checkpoint"
    with pytest.raises(KeyboardInterrupt):
        trained_on(store, checkpoint=checkpoint, track=killed_at(25))
    _, resumed = trained_on(store, checkpoint=checkpoint)
    np.testing.assert_array_equal(resumed.losses, whole[1].losses)
    for name, array in named_arrays(resumed.module).items():
        np.testing.assert_array_equal(array, named_arrays(whole[1].module)[name])
    with pytest.raises(ValueError, match=r"other settings \(.*objective.lag_hours 6, now 12\)"):
        trained_on(store, replace(BOTH, lag_hours=12), checkpoint=checkpoint)


def test_half_a_pair_is_refused(store):
    with pytest.raises(ValueError, match="in pairs of states, by 1 device"):
        trained_on(store, settings=replace(SETTINGS, batch_size=7))


def test_single_states_are_scored_without_differences(store):
    start, _ = trained_on(store, BOTH, replace(SETTINGS, steps=2))
    alone = samples_of(store, ObjectiveSettings(reconstruction=1.0, difference=0.0))
    pairs = samples_of(store, BOTH)
    found, expected = (
        unexplained_variance(start.code, s.spread(100, each=100), start.objective) for s in (alone, pairs)
    )
    np.testing.assert_allclose(found.anomaly, expected.anomaly, rtol=0.1)
    assert np.isnan(found.difference).all()
    assert np.isnan(found.loss)


def test_scoring_other_weights_compiles_nothing(store, whole):
    start, trained = whole
    every = [np.asarray(next(iter(samples_of(store, BOTH).spread(4, each=4))))]
    unexplained_variance(trained.module, every, start.objective)
    with compilations() as compiled:
        other = jax.tree.map(lambda leaf: leaf, trained.module)
        unexplained_variance(other, every, start.objective)
    assert compiled == []
