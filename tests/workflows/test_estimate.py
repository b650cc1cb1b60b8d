"""From states to scales and from pairs to background errors of both spaces, and what methods read of them."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latentda.fields import StateWriter, read_standardizer
from latentda.networks import write_autoencoder
from latentda.operators import ZonalBlocks
from latentda.priors import BalancedCovariance, errors_from_pairs, read_background_error, read_pairs, write_pairs
from latentda.workflows.estimate import make_background_errors, make_standardizer
from latentda.world import WorldFolder
from tests.experiments.worlds import untrained_code, write_world
from tests.worlds import SIZE, TYPICAL, sigma_layout, sizes_of, states_of

LAYOUT = sigma_layout()
PAIRS = states_of(LAYOUT, 80)
BEGIN = np.datetime64("2000-01-01T00", "s")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Scales of a year of noise that meets all times of the day, and a code that nobody has trained."""
    folder = tmp_path_factory.mktemp("world")
    noise = np.random.default_rng(1).normal(size=(450, *LAYOUT.shape))
    times = BEGIN + 21 * np.arange(450) * np.timedelta64(1, "h")
    states = (sizes_of(LAYOUT, TYPICAL) + sizes_of(LAYOUT, SIZE) * noise).astype(np.float32)
    StateWriter(folder / "year.zarr", LAYOUT, compact=False).append(states, times)
    file = make_standardizer(folder / "year.zarr", LAYOUT, None, None, folder / "standardizer.safetensors")
    world = write_world(folder, read_standardizer(file), "persistence")
    with (folder / "world.yaml").open("a") as settings:
        settings.write("code: {band_limit: true, divergent_wind: true}\n")
    write_autoencoder(untrained_code(LAYOUT), world.file("autoencoder"))
    return world


def pairs_file(world, count, path):
    """Pairs of states that have nothing to do with each other, valid at one time."""
    states = [np.asarray(world.standardizer.to_anomaly(jnp.asarray(x), np.int32(262_800))) for x in PAIRS[: 2 * count]]
    return write_pairs(zip(states[::2], states[1::2], strict=True), path)


@pytest.fixture(scope="module")
def estimated(world, tmp_path_factory):
    """Pairs, and the background errors made of them."""
    file = pairs_file(world, 40, tmp_path_factory.mktemp("pairs") / "pairs.safetensors")
    return read_pairs(file), make_background_errors(file, world)


def test_scales_are_those_of_the_states(world):
    np.testing.assert_allclose(world.standardizer.scale, sizes_of(LAYOUT, SIZE)[:, 0, 0], rtol=0.05)


def test_background_errors_of_both_spaces_are_written_and_read(world, estimated):
    names = {path.stem for path in estimated[1].paths}
    assert names == {"model", "latent", "latent_diagonal", "unrepresented", "divergent_wind"}
    assert all(path.parent == world.folder / "forecast" for path in estimated[1].paths)
    assert estimated[1].notes == ()
    assert estimated[1].pairs == 40
    assert isinstance(world.error("model"), BalancedCovariance)
    assert isinstance(world.error("latent"), ZonalBlocks)
    assert world.error("latent").sd.shape == world.error("latent_diagonal").sd.shape == world.autoencoder.latent_shape


def test_variances_are_those_of_the_pairs(world, estimated):
    errors = errors_from_pairs(estimated[0])
    keys = jax.random.split(jax.random.key(0), 200)
    sample = eqx.filter_jit(lambda covariance, keys: jax.vmap(covariance.sample)(keys))
    drawn = np.asarray(sample(world.error("model"), keys))
    weights = np.asarray(LAYOUT.grid.area_weights)
    found, wanted = (np.sqrt((x**2 * weights).mean(axis=(0, 2, 3))) for x in (drawn, errors))
    np.testing.assert_allclose(found, wanted, rtol=0.15)
    codes = np.asarray(jax.vmap(jax.vmap(world.autoencoder.encode))(jnp.asarray(estimated[0], jnp.float32)))
    wanted = (codes[:, 1] - codes[:, 0]).std(axis=0, ddof=1)
    np.testing.assert_allclose(world.error("latent_diagonal").sd, wanted, rtol=1e-3)


def test_what_the_code_leaves_and_increments_with_their_wind_are_fields(world, estimated):
    assert world.increment_code is not world.code
    increment = world.increment_code.decode(world.error("latent").sample(jax.random.key(1)))
    assert increment.shape == world.error("unrepresented").sample(jax.random.key(2)).shape == LAYOUT.shape
    assert np.isfinite(increment).all()


def test_one_pair_is_too_few(world, tmp_path):
    file = pairs_file(world, 1, tmp_path / "pairs.safetensors")
    with pytest.raises(ValueError, match="at least two pairs"):
        make_background_errors(file, WorldFolder(world.folder, "climatology"))
    assert not (world.folder / "climatology" / "model.safetensors").exists()


def test_a_file_that_is_no_background_error_is_named(world):
    with pytest.raises(ValueError, match="standardizer"):
        read_background_error(world.file("standardizer"))
