import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latentda.assimilation.ensemble import ETKF, add_model_error, mean_free_basis
from tests.assimilation.ensemble.conftest import MEMBERS, POINTS, covariance, departures_of, kalman, members_of

pytestmark = pytest.mark.usefixtures("float64")

INDEX, ERROR, ENOUGH = (0, 3, 4), 0.5, POINTS + 1
KEY = jax.random.key(1)

add = jax.jit(add_model_error)
etkf = jax.jit(ETKF())


def model_error(columns=POINTS, seed=4):
    """Columns of Q^(1/2), each a state."""
    return jnp.asarray(0.3 * np.random.default_rng(seed).normal(size=(columns, 1, 1, POINTS)))


def squared(root):
    flat = np.asarray(root).reshape(len(root), -1)
    return flat.T @ flat


def test_it_is_the_kalman_filter_where_the_members_span_the_state():
    M = np.eye(POINTS) + 0.3 * np.random.default_rng(2).normal(size=(POINTS, POINTS))
    root, x = model_error(), members_of(ENOUGH)
    mean, P = np.asarray(x.mean(axis=0)).ravel(), covariance(x)
    for cycle in range(4):
        x = add((x.reshape(ENOUGH, -1) @ M.T).reshape(x.shape), root, jax.random.fold_in(KEY, cycle))
        mean, P = M @ mean, M @ P @ M.T + squared(root)
        np.testing.assert_allclose(covariance(x), P, rtol=1e-10, atol=1e-10)
        y = np.random.default_rng(cycle).normal(size=POINTS)
        seen = np.isin(np.arange(POINTS), INDEX)
        x = etkf(x, jnp.where(seen, (x.reshape(ENOUGH, -1) - y) / ERROR, 0.0))
        mean, P = kalman(mean, P, y[list(INDEX)], INDEX, ERROR**2)
        np.testing.assert_allclose(x.mean(axis=0).ravel(), mean, rtol=1e-10, atol=1e-10)
        np.testing.assert_allclose(covariance(x), P, rtol=1e-10, atol=1e-10)


def test_fewer_members_keep_the_leading_eigenpairs():
    x, root = members_of(), model_error()
    values, vectors = np.linalg.eigh(covariance(x) + squared(root))
    kept = slice(-(MEMBERS - 1), None)
    leading = vectors[:, kept] * values[kept] @ vectors[:, kept].T
    found = add(x, root, KEY)
    np.testing.assert_allclose(covariance(found), leading, atol=1e-12)
    np.testing.assert_allclose(found.mean(axis=0), x.mean(axis=0), atol=1e-12)


def test_a_perfect_model_keeps_mean_and_covariance():
    x = members_of()
    found = add(x, 0.0 * model_error(2), KEY)
    np.testing.assert_allclose(found.mean(axis=0), x.mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(covariance(found), covariance(x), atol=1e-12)


def test_more_members_than_numbers_and_columns_together():
    x, root = members_of(2 * POINTS), model_error(2)
    np.testing.assert_allclose(covariance(add(x, root, KEY)), covariance(x) + squared(root), atol=1e-12)


def test_members_without_spread_get_that_of_the_model_error():
    x = jnp.broadcast_to(members_of()[:1], members_of().shape)
    root = model_error(3)
    np.testing.assert_allclose(covariance(add(x, root)), squared(root), atol=1e-12)


def test_an_ensemble_of_one_stays():
    x = members_of(1)
    np.testing.assert_allclose(add_model_error(x, model_error(2), KEY), x, atol=1e-12)


def test_the_analysis_in_the_columns_of_a_root_is_the_transform_of_the_members():
    x = members_of()
    d = np.asarray(departures_of(x))
    S = np.column_stack([np.full(MEMBERS, 1.0 / MEMBERS), mean_free_basis(MEMBERS) / np.sqrt(MEMBERS - 1.0)])
    E, Z = np.asarray(x).reshape(MEMBERS, -1).T @ S, d.T @ S
    values, vectors = np.linalg.eigh(np.eye(MEMBERS - 1) + Z[:, 1:].T @ Z[:, 1:])
    w = vectors / values @ vectors.T @ Z[:, 1:].T @ -Z[:, 0]
    D = E[:, 1:] @ (vectors / np.sqrt(values)) @ vectors.T
    analysed = np.column_stack([E[:, 0] + E[:, 1:] @ w, D]) @ np.linalg.inv(S)
    np.testing.assert_allclose(etkf(x, jnp.asarray(d)).reshape(MEMBERS, -1), analysed.T, atol=1e-10)
