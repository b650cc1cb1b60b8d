"""From a nature run to background errors: pairs, their covariances in both spaces, and what methods read of them."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latentda.cycling import Cycle
from latentda.experiments import statistics
from latentda.experiments.twin.pairs import (
    climatological_pairs,
    cycling_pairs,
    make_background_errors,
    make_standardizer,
    nature_pairs,
    verification_pairs,
)
from latentda.experiments.twin.truth import StoredTruth
from latentda.fields import FieldsError, StateWriter
from latentda.forecast import Persistence
from latentda.grid import datetime_of_hours
from latentda.networks import AutoencoderSettings, LinearPatchCode, PatchAutoencoder, write_autoencoder
from latentda.operators import ZonalBlocks
from latentda.priors import BalancedCovariance, errors_from_pairs, read_background_error, read_pairs
from latentda.user_error import UserError
from latentda.world import Assets
from tests.worlds import SIZE, TYPICAL, sigma_layout, sizes_of, states_of

LAYOUT = sigma_layout()
FIRST = 262_800
INTERVAL = 12
COUNT = 80
STATES = states_of(LAYOUT, COUNT)
HOURS = FIRST + INTERVAL * np.arange(COUNT)
TIMES = datetime_of_hours(FIRST) + (HOURS - FIRST) * np.timedelta64(1, "h")


@pytest.fixture(autouse=True)
def persistence(monkeypatch):
    """Of two forecasts by persistence the errors are known: they are the states they started from."""
    monkeypatch.setattr(statistics, "jcm_model", lambda **_: Persistence(LAYOUT))


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    path = tmp_path_factory.mktemp("nature") / "nature.zarr"
    StateWriter(path, LAYOUT, compact=False).append(STATES, TIMES)
    return path


@pytest.fixture(scope="module")
def assets(tmp_path_factory):
    """Scales of a year of noise that meets all times of the day, and a code that nobody has trained."""
    folder = tmp_path_factory.mktemp("assets")
    noise = np.random.default_rng(1).normal(size=(450, *LAYOUT.shape))
    times = TIMES[0] + 21 * np.arange(450) * np.timedelta64(1, "h")
    states = (sizes_of(LAYOUT, TYPICAL) + sizes_of(LAYOUT, SIZE) * noise).astype(np.float32)
    StateWriter(folder / "year.zarr", LAYOUT, compact=False).append(states, times)
    make_standardizer(folder / "year.zarr", LAYOUT, None, None, folder / "standardizer.safetensors")
    settings = AutoencoderSettings(patch=4, latent=6, width=8, heads=2, blocks=1, mlp_ratio=2)
    features = LAYOUT.shape[0] * settings.patch**2
    components = np.linalg.qr(np.random.default_rng(0).normal(size=(features, settings.latent)))[0]
    start = LinearPatchCode(
        jnp.asarray(components, jnp.float32), jnp.ones(settings.latent), settings.patch, LAYOUT.shape
    )
    write_autoencoder(PatchAutoencoder(start, settings, jax.random.key(0)), folder / "autoencoder.safetensors")
    return Assets(folder)


def test_scales_are_those_of_the_states(assets):
    sizes = sizes_of(LAYOUT, SIZE)[:, 0, 0]
    np.testing.assert_allclose(assets.standardizer.scale, sizes, rtol=0.05)


def anomalies(assets, state, hours):
    return np.asarray(assets.standardizer.to_anomaly(jnp.asarray(state), np.int32(hours)))


def test_a_stored_truth_gives_the_states_of_its_times(store):
    truth = StoredTruth(store, LAYOUT)
    np.testing.assert_array_equal(truth.at(int(HOURS[7])), STATES[7])
    with pytest.raises(FieldsError, match="lacks"):
        truth.at(int(HOURS[7]) + 6)


def test_pairs_of_a_nature_run_are_valid_at_one_time_whatever_its_interval(store, assets, tmp_path):
    pairs = read_pairs(nature_pairs(store, assets, 5, tmp_path / "pairs.safetensors", seed=3))
    starts = np.sort(np.random.default_rng(3).choice(HOURS[: -48 // INTERVAL], 5, replace=False))
    assert pairs.shape == (5, 2, *LAYOUT.shape)
    for (short, long), hours in zip(pairs, starts, strict=True):
        i = (hours - FIRST) // INTERVAL
        np.testing.assert_allclose(long, anomalies(assets, STATES[i], hours + 72), atol=2e-3)
        np.testing.assert_allclose(short, anomalies(assets, STATES[i + 48 // INTERVAL], hours + 72), atol=2e-3)


def test_more_pairs_than_a_nature_run_holds_are_refused(store, assets, tmp_path):
    with pytest.raises(UserError, match=r"77 pairs were wanted.*76 states"):
        nature_pairs(store, assets, 77, tmp_path / "pairs.safetensors")


def cycles():
    return [Cycle(int(h), b, x, {}) for h, b, x in zip(HOURS, STATES[::-1], STATES, strict=True)]


def test_pairs_of_a_cycling_run_start_from_its_analyses(assets, tmp_path):
    pairs = read_pairs(cycling_pairs(cycles()[:5], assets, tmp_path / "pairs.safetensors"))
    assert len(pairs) == 3
    for (short, long), k in zip(pairs, range(3), strict=True):
        valid = int(HOURS[k]) + 48
        np.testing.assert_allclose(long, anomalies(assets, STATES[k], valid), atol=2e-3)
        np.testing.assert_allclose(short, anomalies(assets, STATES[k + 2], valid), atol=2e-3)


def test_pairs_of_verification_are_truth_and_background(store, assets, tmp_path):
    pairs = read_pairs(verification_pairs(store, cycles()[:2], assets, tmp_path / "pairs.safetensors"))
    for (true, background), k in zip(pairs, range(2), strict=True):
        np.testing.assert_allclose(true, anomalies(assets, STATES[k], HOURS[k]), atol=2e-3)
        np.testing.assert_allclose(background, anomalies(assets, STATES[-1 - k], HOURS[k]), atol=2e-3)


def test_climatological_pairs_are_five_days_apart(store, assets, tmp_path):
    pairs = read_pairs(climatological_pairs(store, assets, None, None, tmp_path / "pairs.safetensors"))
    assert len(pairs) == COUNT * INTERVAL // 120
    np.testing.assert_array_equal(pairs[:, 0], 0.0)
    np.testing.assert_allclose(pairs[1, 1], anomalies(assets, STATES[10], HOURS[10]), atol=2e-3)


@pytest.fixture(scope="module")
def estimated(assets, store, tmp_path_factory):
    """Pairs of cycles, and the background errors made of them."""
    file = tmp_path_factory.mktemp("pairs") / "pairs.safetensors"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(statistics, "jcm_model", lambda **_: Persistence(LAYOUT))
        cycling_pairs(cycles(), assets, file)
    return read_pairs(file), make_background_errors(file, assets)


def test_background_errors_of_both_spaces_are_written_and_read(assets, estimated):
    names = {path.stem for path in estimated[1]}
    assert names == {"model", "latent", "latent_diagonal", "unrepresented", "divergent_wind"}
    assert all(path.parent == assets.error_folder for path in estimated[1])
    assert isinstance(assets.model_space_error, BalancedCovariance)
    assert isinstance(assets.latent_error, ZonalBlocks)
    assert assets.latent_error.sd.shape == assets.latent_diagonal.sd.shape == assets.autoencoder.latent_shape


def test_variances_are_those_of_the_pairs(assets, estimated):
    errors = errors_from_pairs(estimated[0])
    keys = jax.random.split(jax.random.key(0), 200)
    sample = eqx.filter_jit(lambda covariance, keys: jax.vmap(covariance.sample)(keys))
    drawn = np.asarray(sample(assets.model_space_error, keys))
    weights = np.asarray(LAYOUT.grid.area_weights)
    found, wanted = (np.sqrt((x**2 * weights).mean(axis=(0, 2, 3))) for x in (drawn, errors))
    np.testing.assert_allclose(found, wanted, rtol=0.15)
    codes = np.asarray(jax.vmap(jax.vmap(assets.autoencoder.encode))(jnp.asarray(estimated[0], jnp.float32)))
    np.testing.assert_allclose(assets.latent_diagonal.sd, (codes[:, 1] - codes[:, 0]).std(axis=0, ddof=1), rtol=1e-3)


def test_what_the_code_leaves_and_increments_with_their_wind_are_fields(assets, estimated):
    increment = assets.increment_code.decode(assets.latent_error.sample(jax.random.key(1)))
    assert increment.shape == assets.unrepresented_error.sample(jax.random.key(2)).shape == LAYOUT.shape
    assert np.isfinite(increment).all()


def test_one_pair_is_too_few(assets, tmp_path):
    file = cycling_pairs(cycles()[:3], assets, tmp_path / "pairs.safetensors")
    with pytest.raises(ValueError, match="at least two pairs"):
        make_background_errors(file, Assets(assets.folder, "climatology"))
    assert not (assets.folder / "climatology" / "model.safetensors").exists()


def test_a_file_that_is_no_background_error_is_named(assets):
    with pytest.raises(ValueError, match="standardizer"):
        read_background_error(assets.folder / "standardizer.safetensors")
