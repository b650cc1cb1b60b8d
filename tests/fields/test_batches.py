"""Batches are random, whole, of the right lag, cheap to read, and a function of seed and step alone."""

import numpy as np
import pytest

from latentda.fields import FieldsError, StateWriter, StoredSamples, StoreSampler, fit_standardizer, unit_standardizer
from latentda.fields import batches as module
from latentda.grid import PressureLevels, build_layout, gaussian_grid, hour_sequence

LAYOUT = build_layout(gaussian_grid(4, 6), PressureLevels((500.0,)), {"t": (500.0,)}, ("sp",))
COUNT = 40


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Forty states, six-hourly, eight a chunk; state k is k everywhere."""
    path = tmp_path_factory.mktemp("store") / "a.zarr"
    states = np.broadcast_to(np.arange(COUNT)[:, None, None, None], (COUNT, *LAYOUT.shape))
    StateWriter(path, LAYOUT, compact=False).append(states.astype(np.float32), hour_sequence("2000-01-01", COUNT, 6))
    return path


def samples_of(store, lag=0, **period):
    return StoredSamples(StoreSampler(store, LAYOUT, **period), unit_standardizer(LAYOUT), lag)


def numbers(batch):
    """Which states a batch holds, ``(sample, time)``."""
    np.testing.assert_array_equal(batch, np.broadcast_to(batch[..., :1, :1, :1], batch.shape))
    return batch[:, :, 0, 0, 0].astype(int)


@pytest.mark.parametrize(("lag", "steps"), [(6, 1), (12, 2), (42, 7), (60, 10)])
def test_pairs_are_a_lag_apart(store, lag, steps):
    batches = samples_of(store, lag).batches(4, seed=0)
    for step in range(12):
        found = numbers(batches(step))
        assert found.shape == (4, 2)
        np.testing.assert_array_equal(found[:, 1] - found[:, 0], steps)


def test_an_epoch_shows_every_state_once(store):
    batches = samples_of(store).batches(5, seed=3)
    epochs = [np.concatenate([numbers(batches(8 * epoch + k)).ravel() for k in range(8)]) for epoch in range(2)]
    for epoch in epochs:
        np.testing.assert_array_equal(np.sort(epoch), np.arange(COUNT))
    assert not np.array_equal(*epochs)


def test_an_epoch_shows_every_pair_within_a_chunk_once(store):
    samples = samples_of(store, 12)
    batches = samples.batches(5, seed=3)
    firsts = np.sort(np.concatenate([numbers(batches(k))[:, 0] for k in range(6)]))
    np.testing.assert_array_equal(firsts, [k for k in range(COUNT) if k % 8 < 6])
    assert samples.count == 30


def test_a_batch_depends_on_seed_and_step_alone(store):
    walked = samples_of(store, 12).batches(2, seed=1)
    batches = [walked(step) for step in range(30)]
    jumped = samples_of(store, 12).batches(2, seed=1)
    for step in (29, 3, 17):
        np.testing.assert_array_equal(jumped(step), batches[step])
    other = samples_of(store, 12).batches(2, seed=2)
    assert any(not np.array_equal(other(step), batches[step]) for step in range(3))


def test_a_chunk_is_read_once_a_round_and_one_pool_is_kept(store, monkeypatch):
    block_bytes = 4 * 8 * int(np.prod(LAYOUT.shape))
    monkeypatch.setattr(module, "POOL_BYTES", 3 * block_bytes)
    batches = samples_of(store).batches(2, seed=0)
    assert (batches.blocks_a_round, batches.steps_a_round) == (2, 8)
    read = []
    monkeypatch.setattr(
        module, "read_states", lambda dataset, layout, times: read.append(times.start) or np.zeros((8, *layout.shape))
    )
    for step in range(16):
        batches(step)
    assert len(read) == 4
    assert {start % 8 for start in read} == {0}


def test_more_samples_than_blocks(store):
    batches = samples_of(store, end="2000-01-03").batches(6, seed=0)
    seen = np.concatenate([numbers(batches(k)).ravel() for k in range(8)])
    np.testing.assert_array_equal(np.bincount(seen), 6)


def test_a_period_and_its_stride_are_kept(store):
    samples = samples_of(store, 24, start="2000-01-02", end="2000-01-08", stride=2)
    batches = samples.batches(3, seed=0)
    seen = np.concatenate([numbers(batches(k)) for k in range(20)])
    assert set(seen.ravel() % 2) == {0}
    assert seen.min() >= 4
    assert seen.max() < 28
    np.testing.assert_array_equal(seen[:, 1] - seen[:, 0], 4)


def test_spread_samples_cover_the_period(store):
    found = [numbers(piece) for piece in samples_of(store, 12).spread(3, each=2)]
    assert [piece[0, 0] // 8 for piece in found] == [0, 2, 4]
    assert all(len(piece) == 2 for piece in found)
    assert sum(len(piece) for piece in samples_of(store).spread(100, each=100)) == COUNT


def test_anomalies_are_those_of_the_standardizer(store, tmp_path):
    states = np.random.default_rng(0).normal(270.0, 5.0, size=(12, *LAYOUT.shape)).astype(np.float32)
    path = tmp_path / "b.zarr"
    StateWriter(path, LAYOUT, compact=False).append(states, hour_sequence("2000-01-01", 12, 6))
    sampler = StoreSampler(path, LAYOUT)
    standardizer = fit_standardizer(sampler.pieces, LAYOUT, annual=0, diurnal=1)
    samples = StoredSamples(sampler, standardizer)
    found = np.concatenate([samples.read(block) for block in samples.blocks])
    expected = [standardizer.to_anomaly(s, int(h)) for h, s in zip(samples.hours, states, strict=True)]
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_a_lag_that_the_store_does_not_have_is_named(store):
    with pytest.raises(FieldsError, match="no two states 7 h apart"):
        samples_of(store, 7)
