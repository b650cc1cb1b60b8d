import pickle

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from latentda.files import read_arrays, read_header, write_arrays
from latentda.networks import (
    PatchAutoencoder,
    empty_code,
    named_arrays,
    read_about,
    read_autoencoder,
    with_arrays,
    write_autoencoder,
)
from latentda.networks.weights import AUTOENCODER
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
    assert sorted(p.name for p in stored.parent.iterdir()) == ["code.safetensors"]
    described = read_header(stored, AUTOENCODER)
    assert described["about"] == read_about(stored) == {"command": "train", "loss": 0.25}
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
    arrays, described = read_arrays(stored, AUTOENCODER)
    del described["periodic"]
    write_arrays(stored, AUTOENCODER, arrays, described)
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
        save_file(load_file(path), path)
    elif how == "no JSON":
        save_file(load_file(path), path, {"header": "{"})
    elif how == "another thing":
        write_arrays(path, "something", load_file(path))
    elif how == "no settings":
        write_arrays(path, AUTOENCODER, load_file(path))


@pytest.mark.parametrize(
    "how", ["cut", "empty", "no weights", "no description", "no JSON", "another thing", "no settings"]
)
def test_damaged_files_are_refused_in_one_sentence(stored, how):
    damage(stored, how)
    with pytest.raises(ValueError, match="holds no autoencoder") as caught:
        read_autoencoder(stored)
    assert str(stored) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_weights_of_another_network_are_refused(stored):
    arrays, described = read_arrays(stored, AUTOENCODER)
    described["settings"]["blocks"] = 2
    write_arrays(stored, AUTOENCODER, arrays, described)
    with pytest.raises(ValueError, match="do not fit the network described"):
        read_autoencoder(stored)


def test_missing_arrays_are_refused(network, stored):
    arrays, described = read_arrays(stored, AUTOENCODER)
    del arrays["linear_encoder"]
    write_arrays(stored, AUTOENCODER, arrays, described)
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
    with pytest.raises(ValueError, match="holds no autoencoder"):
        read_autoencoder(stored)
    assert not sprung.exists()


def test_the_description_has_a_name_for_every_array(network):
    leaves = [leaf for leaf in jax.tree.leaves(network) if isinstance(leaf, jax.Array)]
    assert len(named_arrays(network)) == len(leaves)
