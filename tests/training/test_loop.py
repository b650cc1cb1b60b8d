from dataclasses import replace

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latentda.networks import AutoencoderSettings, PatchAutoencoder, empty_code, named_arrays
from latentda.training import TrainingSettings, train
from latentda.training.loop import decaying
from tests.locks import is_held
from tests.worlds import killed_at

SETTINGS = TrainingSettings(steps=24, batch_size=8, learning_rate=3e-2, weight_decay=0.0, checkpoint_every=5)
TRUTH = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
INPUTS = np.random.default_rng(1).normal(size=(64, 4)).astype(np.float32)


class Matrix(eqx.Module):
    """The smallest network there is."""

    weight: jax.Array


def loss(module, batch):
    inputs, outputs = batch
    return jnp.mean((inputs @ module.weight.T - outputs) ** 2)


def batches(step):
    inputs = INPUTS[np.random.default_rng([SETTINGS.seed, step]).integers(len(INPUTS), size=SETTINGS.batch_size)]
    return inputs, inputs @ TRUTH.T


def start():
    return Matrix(jnp.zeros((3, 4)))


def test_loss_falls():
    trained = train(start(), loss, batches, replace(SETTINGS, steps=150, learning_rate=0.1))
    assert np.isfinite(trained.losses).all()
    assert trained.losses[-10:].mean() < 0.02 * trained.losses[0]
    np.testing.assert_allclose(trained.module.weight, TRUTH, atol=0.2)


@pytest.fixture(scope="module")
def whole():
    """A run that nothing interrupts."""
    return train(start(), loss, batches, SETTINGS)


@pytest.mark.parametrize("step", [3, 12])
def test_a_killed_run_ends_in_the_same_weights(tmp_path, whole, step):
    checkpoint = tmp_path / "folder" / "run.safetensors"
    with pytest.raises(KeyboardInterrupt):
        train(start(), loss, batches, SETTINGS, checkpoint=checkpoint, track=killed_at(step))
    resumed = train(start(), loss, batches, SETTINGS, checkpoint=checkpoint)
    np.testing.assert_array_equal(resumed.module.weight, whole.module.weight)
    np.testing.assert_array_equal(resumed.losses, whole.losses)
    assert [path.name for path in checkpoint.parent.iterdir()] == ["run.safetensors"]


def test_other_settings_are_refused_but_checkpoints_may_come_more_often(tmp_path, whole):
    checkpoint = tmp_path / "run.safetensors"
    described = {"network": {"width": 4}}
    train(start(), loss, batches, SETTINGS, checkpoint=checkpoint, described=described)
    often = replace(SETTINGS, checkpoint_every=1)
    again = train(start(), loss, batches, often, checkpoint=checkpoint, described=described)
    np.testing.assert_array_equal(again.module.weight, whole.module.weight)
    with pytest.raises(ValueError, match=r"other settings \(training.steps 24, now 48\); remove it"):
        train(start(), loss, batches, replace(SETTINGS, steps=48), checkpoint=checkpoint, described=described)
    with pytest.raises(ValueError, match=r"\(network.width 4, now 5\)"):
        train(start(), loss, batches, SETTINGS, checkpoint=checkpoint, described={"network": {"width": 5}})


def test_throughput_counts_the_states_and_the_operations(whole):
    found = whole.throughput
    per_state = found.flops_per_second / found.states_per_second
    # Forward, and the gradient with respect to the matrix: each two operations an entry; the rest is small.
    assert 4 * 12 <= per_state < 2.5 * 4 * 12
    assert found.share == pytest.approx(found.flops_per_second / found.matmul_flops_per_second)
    assert f"{found.share:.0%}" in str(found)
    assert found.to_dict()["devices"].startswith("1 x ")


def test_a_finished_run_is_not_run_again(tmp_path):
    checkpoint = tmp_path / "run.safetensors"
    first = train(start(), loss, batches, SETTINGS, checkpoint=checkpoint)
    again = train(start(), loss, batches, SETTINGS, checkpoint=checkpoint, track=killed_at(SETTINGS.steps - 1))
    np.testing.assert_array_equal(again.module.weight, first.module.weight)


def test_a_loss_that_is_not_finite_stops_the_run_and_keeps_the_checkpoint(tmp_path, whole):
    checkpoint = tmp_path / "run.safetensors"

    def poisoned(step):
        inputs, outputs = batches(step)
        return inputs, np.full_like(outputs, np.nan) if step == 7 else outputs

    with pytest.raises(FloatingPointError, match="nan at step 7; lower the learning rate"):
        train(start(), loss, poisoned, SETTINGS, checkpoint=checkpoint)
    resumed = train(start(), loss, batches, SETTINGS, checkpoint=checkpoint)
    np.testing.assert_array_equal(resumed.module.weight, whole.module.weight)


def test_it_trains_alone_with_its_checkpoint(tmp_path):
    def watched(iterable, description, total):
        assert is_held(tmp_path / ".run.safetensors.lock")
        return iterable

    checkpoint = tmp_path / "run.safetensors"
    train(start(), loss, batches, replace(SETTINGS, steps=2), checkpoint=checkpoint, track=watched)
    assert [path.name for path in tmp_path.iterdir()] == ["run.safetensors"]


def test_foreign_checkpoints_are_refused(tmp_path):
    checkpoint = tmp_path / "run.safetensors"
    train(start(), loss, batches, SETTINGS, checkpoint=checkpoint)
    with pytest.raises(ValueError, match="of another network"):
        # Same settings, other shape.
        train(Matrix(jnp.zeros((3, 5))), loss, batches, SETTINGS, checkpoint=checkpoint)
    checkpoint.write_bytes(checkpoint.read_bytes()[:-8])
    with pytest.raises(ValueError, match="no checkpoint of a training"):
        train(start(), loss, batches, SETTINGS, checkpoint=checkpoint)


class Everything(eqx.Module):
    """One parameter of each kind."""

    layers: tuple
    embedding: jax.Array
    start: jax.Array

    def __init__(self, key):
        self.layers = (
            eqx.nn.Linear(4, 4, key=key),
            eqx.nn.LayerNorm(4),
            eqx.nn.Linear(4, 3, use_bias=False, key=key),
            eqx.nn.Conv2d(1, 1, 2, key=key),
        )
        self.embedding, self.start = jnp.ones((3, 4)), jnp.ones((4, 3))


def test_matrices_of_layers_decay_and_nothing_else():
    module = Everything(jax.random.key(0))
    still = lambda module, batch: 0.0 * sum(jnp.sum(w) for w in jax.tree.leaves(eqx.filter(module, eqx.is_array)))  # noqa: E731
    settings = replace(SETTINGS, weight_decay=0.5, learning_rate=0.1)
    trained = train(module, still, batches, settings).module
    for k in (0, 2, 3):
        shrunk = np.abs(trained.layers[k].weight) / np.abs(module.layers[k].weight)
        assert (shrunk < 0.9).all()
    for get in (
        lambda m: m.layers[0].bias,
        lambda m: m.layers[1].weight,
        lambda m: m.layers[1].bias,
        lambda m: m.layers[3].bias,
        lambda m: m.embedding,
        lambda m: m.start,
    ):
        np.testing.assert_array_equal(get(trained), get(module))


def test_of_the_networks_the_start_norms_biases_and_positions_stay():
    settings = AutoencoderSettings(patch=2, latent=3, width=8, heads=2, blocks=1)
    code = PatchAutoencoder(empty_code((2, 4, 6), settings), settings, jax.random.key(0))
    marked = named_arrays(jax.tree.map(jnp.asarray, decaying(eqx.filter(code, eqx.is_inexact_array))))
    found = {name for name, mark in marked.items() if mark}
    assert {name for name in marked if "norm" in name or "bias" in name or "position" in name}.isdisjoint(found)
    assert {name for name in marked if name.startswith((".linear", "linear"))}.isdisjoint(found)
    assert len(found) == 2 * (2 + 4)
