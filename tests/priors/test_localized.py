"""Localised sample covariance: its diagonal is the samples', far correlations vanish, near ones stay."""

import numpy as np
import pytest

from latentda.grid import great_circle_km, regional_grid
from latentda.priors import estimate_localized, token_places

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
    still[:, 0, 0, 0] = 0.0
    with pytest.raises(ValueError, match="never varies"):
        estimate_localized(still, LATITUDE, LONGITUDE, localization_radius_km=1e3)


def test_tokens_stand_in_the_middle_of_their_patches():
    rows, columns = token_places(GRID, 3)
    np.testing.assert_allclose(rows, [54.0, 42.0])
    np.testing.assert_allclose(columns, [-3.0, 19.5])
