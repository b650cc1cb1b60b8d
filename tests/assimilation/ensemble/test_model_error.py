import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latentda.assimilation.ensemble import (
    add_isotropic_model_error,
    add_model_error,
    covariance_root,
    estimated_model_error,
)
from tests.assimilation.ensemble.conftest import MEMBERS, POINTS, covariance, members_of

pytestmark = pytest.mark.usefixtures("float64")
KEY = jax.random.key(2)


def test_the_estimate_of_known_noise_is_that_noise_within_sampling_error():
    L = np.tril(0.3 + np.random.default_rng(1).normal(size=(5, 5)))
    Q, count = L @ L.T, 20_000
    errors = np.random.default_rng(2).normal(size=(count, 5)) @ L.T
    root = np.asarray(estimated_model_error(jnp.asarray(errors)))
    # The standard deviation of a sample covariance's element is ((Q_ij^2 + Q_ii Q_jj) / n)^(1/2).
    sampling = np.sqrt((Q**2 + np.outer(np.diag(Q), np.diag(Q))) / count)
    assert np.abs((root.T @ root - Q) / sampling).max() < 4.5


def test_a_bias_counts_as_error():
    root = np.asarray(estimated_model_error(jnp.full((10, 3), 2.0)))
    np.testing.assert_allclose(root.T @ root, 4.0, rtol=1e-12)


def test_the_root_has_the_largest_column_first_and_squares_to_the_covariance():
    root = np.random.default_rng(3).normal(size=(4, 6))
    found = np.asarray(covariance_root(jnp.asarray(root.T @ root)))
    np.testing.assert_allclose(found.T @ found, root.T @ root, atol=1e-12)
    sizes = np.sum(found**2, axis=1)
    assert np.all(np.diff(sizes) <= 1e-12)
    np.testing.assert_allclose(covariance_root(jnp.asarray(root.T @ root), 2), found[:2], atol=1e-12)


@pytest.mark.parametrize("count", [MEMBERS, 2 * POINTS])
def test_an_isotropic_model_error_is_the_one_with_all_its_columns(count):
    x = members_of(count)
    all_columns = jnp.sqrt(0.3) * jnp.eye(POINTS).reshape(POINTS, 1, 1, POINTS)
    short, long = add_isotropic_model_error(x, 0.3, KEY), add_model_error(x, all_columns, KEY)
    np.testing.assert_allclose(covariance(short), covariance(long), atol=1e-12)
    np.testing.assert_allclose(short.mean(axis=0), x.mean(axis=0), atol=1e-12)


def test_members_without_spread_stay_so_for_an_isotropic_model_error():
    x = jnp.ones((4, 1, 1, POINTS))
    np.testing.assert_allclose(add_isotropic_model_error(x, 0.3), x, atol=1e-12)
    np.testing.assert_allclose(add_isotropic_model_error(x[:1], 0.3), x[:1], atol=1e-12)
