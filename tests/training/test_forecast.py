"""Training of a surrogate: better than persistence where something can be learned, and the same after a kill."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latentda.fields import FieldsError, StateWriter, StoreSampler, unit_standardizer
from latentda.forecast import roll_out
from latentda.grid import hour_sequence
from latentda.networks import LinearPatchCode, Surrogate, SurrogateSettings, named_arrays
from latentda.training import (
    NoisyStarts,
    RolloutObjective,
    RolloutSettings,
    StoredSequences,
    TrainingSettings,
    forecast_errors,
    train_surrogate,
)
from tests.worlds import compilations, killed_at, sigma_layout

LAYOUT = sigma_layout(names="u", levels=(0.5,))
SHAPE = SurrogateSettings(patch=4, width=16, heads=2, blocks=1)
SETTINGS = TrainingSettings(steps=60, batch_size=16, learning_rate=5e-3, checkpoint_every=10)
TWO = RolloutSettings(step_hours=6, steps=2)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Smooth noise that loses half of itself in a step: persistence is twice as wrong as it need be."""
    path = tmp_path_factory.mktemp("store") / "a.zarr"
    noise = np.random.default_rng(0).normal(size=(64, *LAYOUT.shape)).astype(np.float32)
    for axis in (2, 3):
        noise = noise + np.roll(noise, 1, axis) + np.roll(noise, 2, axis)
    states = noise.copy()
    for k in range(1, len(states)):
        states[k] = 0.5 * states[k - 1] + 0.3 * noise[k]
    StateWriter(path, LAYOUT, compact=False).append(states / states.std(), hour_sequence("2000-01-01", 64, 6))
    return path


def sequences(store, rollout=TWO, **period):
    return StoredSequences(StoreSampler(store, LAYOUT, **period), unit_standardizer(LAYOUT), rollout)


@pytest.fixture(scope="module")
def whole(store):
    return train_surrogate(sequences(store), SHAPE, SETTINGS)


def test_sequences_follow_each_other(store):
    samples = sequences(store, RolloutSettings(6, 3))
    block = samples.blocks[0]
    assert samples.count > 0
    np.testing.assert_array_equal(np.diff(block.hours[block.samples], axis=1), 6)


def test_a_gap_is_not_stepped_over(store):
    every_other = StoreSampler(store, LAYOUT, stride=2)
    with pytest.raises(FieldsError, match=r"follow each other|no two states"):
        StoredSequences(every_other, unit_standardizer(LAYOUT), RolloutSettings(6, 1))


def test_training_ends_below_persistence(store, whole):
    batches = list(sequences(store).spread(100, each=100))
    errors = forecast_errors(whole.module, batches, LAYOUT.grid.latitude_weights)
    assert (errors.network < 0.95 * errors.persistence).all()
    assert (errors.network < errors.climatology).all()


def test_it_starts_as_persistence(store, whole):
    first = sequences(store).batches(SETTINGS.batch_size, SETTINGS.seed)(0)
    area = LAYOUT.grid.latitude_weights[:, None]
    expected = np.mean((first[:, :1] - first[:, 1:]) ** 2 * area)
    assert whole.losses[0] == pytest.approx(expected, rel=1e-5)


def test_a_killed_run_ends_in_the_same_weights(store, whole, tmp_path):
    checkpoint = tmp_path / "surrogate.checkpoint"
    with pytest.raises(KeyboardInterrupt):
        train_surrogate(sequences(store), SHAPE, SETTINGS, checkpoint=checkpoint, track=killed_at(25))
    resumed = train_surrogate(sequences(store), SHAPE, SETTINGS, checkpoint=checkpoint)
    np.testing.assert_array_equal(resumed.losses, whole.losses)
    for name, array in named_arrays(resumed.module).items():
        np.testing.assert_array_equal(array, named_arrays(whole.module)[name])
    with pytest.raises(ValueError, match=r"other settings \(.*rollout.steps 2, now 1\)"):
        train_surrogate(sequences(store, replace(TWO, steps=1)), SHAPE, SETTINGS, checkpoint=checkpoint)


def test_a_rollout_repeats_the_step(whole):
    start = jnp.asarray(np.random.default_rng(3).normal(size=(2, *LAYOUT.shape)), jnp.float32)
    made = roll_out(whole.module, start, (1, 2, 3))
    again = start
    for k in range(3):
        again = jax.vmap(whole.module)(again)
        np.testing.assert_allclose(made[:, k], again, atol=1e-5)


def test_noise_is_in_the_start_alone_and_repeatable(store):
    plain = sequences(store).batches(4, 0)
    noisy = NoisyStarts(sequences(store).batches(4, 0), 0.2, 0)
    difference = noisy(3) - plain(3)
    assert np.std(difference[:, 0]) == pytest.approx(0.2, rel=0.05)
    np.testing.assert_array_equal(difference[:, 1:], 0.0)
    np.testing.assert_array_equal(noisy(3), noisy(3))


def test_a_perfect_forecast_costs_nothing():
    network = Surrogate(LAYOUT.shape, 6, SHAPE, jax.random.key(0))
    still = jnp.ones((2, 3, *LAYOUT.shape))
    assert float(RolloutObjective(jnp.asarray(LAYOUT.grid.latitude_weights))(network, still)) == 0.0


def test_rollouts_have_steps():
    with pytest.raises(ValueError, match="positive steps"):
        RolloutSettings(6, 0)


def test_a_step_of_codes_learns_too_and_leaves_the_code_alone(store):
    """A code that carries a third of the numbers of a patch."""
    features = 16 * LAYOUT.shape[0]
    patches = np.linalg.qr(np.random.default_rng(4).normal(size=(features, features)))[0][:, : features // 3]
    code = LinearPatchCode(jnp.asarray(patches, jnp.float32), jnp.ones(features // 3), 4, LAYOUT.shape)
    samples, shape = sequences(store), replace(SHAPE, patch=1)
    trained = train_surrogate(samples, shape, SETTINGS, code=code)
    assert trained.module.state_shape == code.latent_shape
    errors = forecast_errors(trained.module, samples.spread(100, each=100), LAYOUT.grid.latitude_weights, code)
    assert (errors.network < 0.98 * errors.persistence).all()
    np.testing.assert_array_equal(code.components, patches.astype(np.float32))


def test_scoring_another_network_compiles_nothing(store, whole):
    few = [np.asarray(next(iter(sequences(store).spread(4, each=4))))]
    forecast_errors(whole.module, few, LAYOUT.grid.latitude_weights)
    with compilations() as compiled:
        forecast_errors(jax.tree.map(lambda leaf: leaf, whole.module), few, LAYOUT.grid.latitude_weights)
    assert compiled == []
