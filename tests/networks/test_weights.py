import json
import pickle

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from latentda.networks import (
    PatchAutoencoder,
    empty_code,
    named_arrays,
    read_autoencoder,
    with_arrays,
    write_autoencoder,
)
from tests.networks.conftest import SETTINGS


@pytest.fixture
def stored(awake, tmp_path):
    path = tmp_path / "code.safetensors"
    write_autoencoder(awake, path, about={"command": "train", "loss": 0.25})
    return path


def test_round_trip(awake, anomaly, stored):
    found = read_autoencoder(stored)
    for name, array in named_arrays(awake).items():
        np.testing.assert_array_equal(named_arrays(found)[name], array)
    assert found.settings == awake.settings
    assert found.latent_shape == awake.latent_shape
    np.testing.assert_array_equal(found.encode(anomaly), awake.encode(anomaly))


def test_what_is_written(awake, stored):
    assert sorted(p.name for p in stored.parent.iterdir()) == ["code.json", "code.safetensors"]
    described = json.loads(stored.with_suffix(".json").read_text())
    assert described["about"] == {"command": "train", "loss": 0.25}
    assert described["state_shape"] == list(awake.state_shape)
    assert described["periodic"] is True
    assert "decoder.blocks[0].up.weight" in load_file(stored)


def test_a_region_stays_one(tmp_path):
    start = empty_code((2, 7, 13), SETTINGS, periodic=False)
    write_autoencoder(PatchAutoencoder(start, SETTINGS, jax.random.key(0)), tmp_path / "region")
    found = read_autoencoder(tmp_path / "region")
    assert not found.periodic
    assert found.latent_shape == (4, 2, 4)


def test_descriptions_that_say_nothing_of_the_columns_mean_a_globe(stored):
    beside = stored.with_suffix(".json")
    described = json.loads(beside.read_text())
    del described["periodic"]
    beside.write_text(json.dumps(described))
    assert read_autoencoder(stored).periodic


def test_half_precision_ships_small(awake, tmp_path):
    path = tmp_path / "small"
    write_autoencoder(awake, path, dtype=np.float16)
    found = named_arrays(read_autoencoder(path))
    for name, array in named_arrays(awake).items():
        assert found[name].dtype == jnp.float32
        np.testing.assert_allclose(found[name], array, rtol=2.0**-11, atol=1e-7)


def damage(path, how):
    if how == "cut":
        path.write_bytes(path.read_bytes()[:-100])
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "no weights":
        path.unlink()
    elif how == "no description":
        path.with_suffix(".json").unlink()
    elif how == "no JSON":
        path.with_suffix(".json").write_text("{")
    elif how == "another thing":
        path.with_suffix(".json").write_text('{"kind": "something"}')


@pytest.mark.parametrize("how", ["cut", "empty", "no weights", "no description", "no JSON", "another thing"])
def test_damaged_files_are_refused_in_one_sentence(stored, how):
    damage(stored, how)
    with pytest.raises(ValueError, match="hold no autoencoder") as caught:
        read_autoencoder(stored)
    assert str(stored) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_weights_of_another_network_are_refused(stored):
    beside = stored.with_suffix(".json")
    described = json.loads(beside.read_text())
    described["settings"]["blocks"] = 2
    beside.write_text(json.dumps(described))
    with pytest.raises(ValueError, match="do not fit the network described"):
        read_autoencoder(stored)


def test_missing_arrays_are_refused(network, stored):
    arrays = load_file(stored)
    del arrays["linear_encoder"]
    save_file(arrays, stored)
    with pytest.raises(ValueError, match="linear_encoder"):
        read_autoencoder(stored)
    with pytest.raises(ValueError, match="linear_encoder"):
        with_arrays(network, arrays)


class Trap:
    """Unpickling it creates a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def test_a_pickle_is_not_run(stored, tmp_path):
    sprung = tmp_path / "sprung"
    stored.write_bytes(pickle.dumps(Trap(sprung)))
    with pytest.raises(ValueError, match="hold no autoencoder"):
        read_autoencoder(stored)
    assert not sprung.exists()


def test_the_description_has_a_name_for_every_array(network):
    leaves = [leaf for leaf in jax.tree.leaves(network) if isinstance(leaf, jax.Array)]
    assert len(named_arrays(network)) == len(leaves)
