"""Given pairs: shuffled by seed and step alone, split in time, and trained on beside single states of a store."""

import numpy as np
import pytest

from latentda.fields import StateWriter, StoredSamples, StoreSampler, unit_standardizer
from latentda.grid import hour_sequence
from latentda.networks import AutoencoderSettings
from latentda.training import GivenPairs, ObjectiveSettings, TrainingSettings, linear_start, train_autoencoder
from tests.worlds import sigma_layout

LAYOUT = sigma_layout(names="u", levels=(0.5,))
NUMBERED = GivenPairs(np.broadcast_to(np.arange(10.0)[:, None, None, None, None], (10, 2, 1, 2, 4)).astype(np.float16))


def numbers(batch):
    return batch[:, 0, 0, 0, 0].astype(int)


def test_an_epoch_shows_every_pair_once():
    epochs = [np.concatenate([numbers(NUMBERED.batch(5, 0, 2 * e + k)) for k in range(2)]) for e in range(2)]
    for epoch in epochs:
        np.testing.assert_array_equal(np.sort(epoch), np.arange(10))
    assert not np.array_equal(*epochs)
    assert NUMBERED.batch(3, 0, 3).dtype == np.float32


def test_the_last_pairs_are_held_out():
    kept, unseen = NUMBERED.split(0.2)
    np.testing.assert_array_equal(numbers(kept.states), np.arange(8))
    np.testing.assert_array_equal(numbers(np.concatenate(list(unseen.pieces()))), [8, 9])
    with pytest.raises(ValueError, match="at least two; got 1"):
        GivenPairs(NUMBERED.states[:1]).split()


def test_states_and_pairs_are_trained_on_together(tmp_path):
    rng = np.random.default_rng(0)
    states = rng.normal(size=(32, *LAYOUT.shape)).astype(np.float32)
    StateWriter(tmp_path / "a.zarr", LAYOUT, compact=False).append(states, hour_sequence("2000-01-01", 32, 6))
    samples = StoredSamples(StoreSampler(tmp_path / "a.zarr", LAYOUT), unit_standardizer(LAYOUT))
    pairs = GivenPairs(rng.normal(size=(12, 2, *LAYOUT.shape)).astype(np.float32))
    shape, settings = AutoencoderSettings(4, 4, 8, 2, 0), TrainingSettings(steps=2, batch_size=8)
    start = linear_start(samples, shape, ObjectiveSettings(), pairs)
    trained = train_autoencoder(samples, start, shape, settings, pairs=pairs)
    batch = samples.batches(4, settings.seed)(0), pairs.batch(2, settings.seed, 0)
    assert trained.losses[0] == pytest.approx(float(start.objective(start.code, batch)), rel=1e-4)
