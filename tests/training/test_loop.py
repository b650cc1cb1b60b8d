from dataclasses import replace

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latentda.training import TrainingSettings, train
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
