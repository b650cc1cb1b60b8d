"""The surrogate: it starts from persistence, serves any grid, and comes back from disk as it was."""

import pickle

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from safetensors.numpy import load_file

from latentda.files import read_arrays, write_arrays
from latentda.networks import Surrogate, SurrogateSettings, named_arrays, read_about, read_surrogate, write_surrogate
from latentda.networks.surrogate import SURROGATE

run = eqx.filter_jit(lambda network, state: network(state))  # a network is compiled whole or operation by operation
SETTINGS = SurrogateSettings(patch=3, width=16, heads=2, blocks=1, overlap=1)
SHAPE = (2, 7, 13)


def asleep(shape=SHAPE, settings=SETTINGS, **options):
    return Surrogate(shape, 24, settings, jax.random.key(0), **options)


def awake(**options):
    network = asleep(**options)
    weight = network.change.out.weight
    drawn = 0.1 * jax.random.normal(jax.random.key(1), weight.shape)
    return eqx.tree_at(lambda n: n.change.out.weight, network, drawn)


def state(shape=SHAPE):
    return jnp.asarray(np.random.default_rng(0).normal(size=shape), jnp.float32)


@pytest.mark.parametrize("periodic", [True, False])
@pytest.mark.parametrize("overlap", [0, 1, 3])
def test_zero_weights_are_persistence(periodic, overlap):
    settings = SurrogateSettings(patch=3, width=16, heads=2, blocks=1, overlap=overlap)
    network = asleep(settings=settings, periodic=periodic)
    np.testing.assert_array_equal(run(network, state()), state())


@pytest.mark.parametrize("shape", [(1, 4, 8), (3, 21, 24), (2, 5, 5)])
def test_any_grid_will_do(shape):
    made = run(awake(shape=shape, periodic=False), state(shape))
    assert made.shape == shape
    assert float(jnp.abs(made - state(shape)).max()) > 1e-3


def test_every_point_hears_of_every_other():
    network = awake(periodic=False)
    touched = jax.jit(jax.grad(lambda a: network(a)[0, 0, 0]))(state())
    assert float(jnp.abs(touched).min()) > 0.0


@pytest.fixture
def stored(tmp_path):
    path = tmp_path / "surrogate.safetensors"
    write_surrogate(awake(periodic=False), path, about={"command": "train"})
    return path


def test_round_trip(stored):
    found = read_surrogate(stored)
    assert (found.settings, found.state_shape, found.step_hours, found.periodic) == (SETTINGS, SHAPE, 24, False)
    for name, array in named_arrays(awake(periodic=False)).items():
        np.testing.assert_array_equal(named_arrays(found)[name], array)
    np.testing.assert_array_equal(run(found, state()), run(awake(periodic=False), state()))


def test_what_is_written(stored):
    assert sorted(p.name for p in stored.parent.iterdir()) == ["surrogate.safetensors"]
    assert read_about(stored, SURROGATE) == {"command": "train"}
    assert "change.blocks[0].up.weight" in load_file(stored)


def test_a_pickle_is_not_run(stored, tmp_path):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "sprung"), "w"))

    stored.write_bytes(pickle.dumps(Trap()))
    with pytest.raises(ValueError, match="holds no surrogate"):
        read_surrogate(stored)
    assert not (tmp_path / "sprung").exists()


def test_another_shape_is_refused(stored):
    arrays, described = read_arrays(stored, SURROGATE)
    described["settings"]["blocks"] = 2
    write_arrays(stored, SURROGATE, arrays, described)
    with pytest.raises(ValueError, match="do not fit the network described"):
        read_surrogate(stored)


def test_impossible_shapes_are_refused():
    with pytest.raises(ValueError, match="10 cannot be shared by 4"):
        SurrogateSettings(width=10, heads=4)
