"""Localised sample covariance: its diagonal is the samples', far correlations vanish, near ones stay."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latentda.grid import great_circle_km, regional_grid
from latentda.operators import Dense
from latentda.priors import LocalizedSamples, estimate_localized, localized, token_places

GRID = regional_grid([60.0, 54.0, 48.0, 42.0], [-12.0, -3.0, 6.0, 15.0, 24.0])
LATITUDE, LONGITUDE = np.asarray(GRID.latitude), np.asarray(GRID.longitude)
SHAPE = (2, *GRID.shape)


def samples(count=40):
    random = np.random.default_rng(0)
    common = random.normal(size=(count, 1, 1, 1))
    drawn = common + random.normal(size=(count, *SHAPE))
    drawn *= np.linspace(1.0, 3.0, GRID.shape[1])
    return drawn - drawn.mean(axis=0)


def matrix(radius):
    found = estimate_localized(samples(), LATITUDE, LONGITUDE, localization_radius_km=radius)
    assert found.shape == SHAPE
    root = np.asarray(found.matrix, np.float64)
    return root @ root.T


def distance():
    phi, lam = (a.reshape(-1) for a in np.meshgrid(LATITUDE, LONGITUDE, indexing="ij"))
    single = great_circle_km(phi[:, None], lam[:, None], phi[None], lam[None])
    return np.tile(single, (2, 2))


def plain():
    flat = samples().reshape(40, -1)
    return flat.T @ flat / 40


def test_variances_are_the_samples():
    np.testing.assert_allclose(np.diag(matrix(2000.0)), np.diag(plain()), rtol=1e-5)


def test_beyond_the_radius_nothing_is_correlated():
    found = matrix(1500.0)
    assert np.abs(found[distance() > 1500.0]).max() < 1e-5


def test_channels_of_a_place_keep_their_covariance():
    here = distance() == 0.0
    np.testing.assert_allclose(matrix(1500.0)[here], plain()[here], rtol=1e-3)


def test_a_huge_radius_changes_nothing():
    np.testing.assert_allclose(matrix(1e7), plain(), rtol=1e-2, atol=2e-3)


def test_one_sample_is_too_few():
    with pytest.raises(ValueError, match="at least two samples"):
        estimate_localized(samples()[:1], LATITUDE, LONGITUDE, localization_radius_km=1e3)


def test_what_never_varies_is_refused():
    still = samples()
    still[:, 0] = 0.0
    with pytest.raises(ValueError, match="never varies"):
        estimate_localized(still, LATITUDE, LONGITUDE, localization_radius_km=1e3)


def test_a_place_without_variance_gets_no_increment():
    still = samples()
    still[:, 0, 0, 0] = 0.0
    found = estimate_localized(still, LATITUDE, LONGITUDE, localization_radius_km=1e3)
    draw = np.asarray(found.root(jnp.ones_like(found.zero_control())))
    assert np.isfinite(draw).all()
    assert draw[0, 0, 0] == 0.0
    assert (draw[1:] != 0.0).all()


def test_tokens_stand_in_the_middle_of_their_patches():
    rows, columns = token_places(GRID, 3)
    np.testing.assert_allclose(rows, [54.0, 42.0])
    np.testing.assert_allclose(columns, [-3.0, 19.5])


@pytest.fixture
def factored(monkeypatch):
    """Every field is too large for a dense root."""
    monkeypatch.setattr(localized, "LARGEST_DENSE", 0)


def operator(covariance, shape=SHAPE):
    units = np.eye(int(np.prod(shape)), dtype=np.float32).reshape(-1, *shape)
    adjoint = jax.jit(jax.vmap(covariance.adjoint))
    roots = np.asarray(adjoint(units)).reshape(len(units), -1)
    return roots @ roots.T


@pytest.mark.parametrize("radius", [1000.0, 2500.0, 6000.0])
def test_both_forms_of_the_root_are_of_one_covariance(monkeypatch, radius):
    sd = np.sqrt(np.diag(plain()))
    wanted = matrix(radius) / np.outer(sd, sd)
    monkeypatch.setattr(localized, "LARGEST_DENSE", 0)
    found = estimate_localized(samples(), LATITUDE, LONGITUDE, localization_radius_km=radius)
    assert isinstance(found, LocalizedSamples)
    np.testing.assert_allclose(operator(found) / np.outer(sd, sd), wanted, atol=0.02)


def test_variances_are_those_of_the_samples_in_either_form(factored):
    found = estimate_localized(samples(), LATITUDE, LONGITUDE, localization_radius_km=2000.0)
    np.testing.assert_allclose(np.diag(operator(found)), np.diag(plain()), rtol=1e-4)


@pytest.mark.parametrize("size", [0, 10_000])
def test_variances_may_be_smoothed_along_latitudes(monkeypatch, size):
    monkeypatch.setattr(localized, "LARGEST_DENSE", size)
    found = estimate_localized(samples(), LATITUDE, LONGITUDE, localization_radius_km=2000.0, smooth_sd=1.0)
    assert isinstance(found, Dense if size else LocalizedSamples)
    variance = np.mean(samples() ** 2, axis=0)
    wanted = np.broadcast_to(variance.mean(-1, keepdims=True), variance.shape)
    np.testing.assert_allclose(np.diag(operator(found)), wanted.reshape(-1), rtol=1e-3)


def test_samples_too_large_for_the_machine_are_refused_with_their_size(factored, monkeypatch):
    monkeypatch.setattr("latentda.operators.samples.machine_memory", lambda: 16_000)
    with pytest.raises(ValueError, match=r"40 samples of 40 numbers each would take 5.96e-06 GiB, more than 25% of"):
        estimate_localized(samples(), LATITUDE, LONGITUDE, localization_radius_km=2000.0)
