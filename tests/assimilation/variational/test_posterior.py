"""The posterior against the Gaussian theory it must be, in a world small enough for matrices."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latentda.assimilation import (
    GaussNewton,
    StrongConstraint,
    WeakConstraint,
    degrees_of_freedom,
    perturbed_analyses,
    posterior,
)
from latentda.assimilation.variational.hessian import eigenpairs
from latentda.fields import unit_standardizer
from latentda.priors import ModelSpacePrior
from latentda.user_error import UserError
from tests.assimilation.variational.conftest import MODEL, POINTS, background_error, state_of, term_of, variational

pytestmark = pytest.mark.usefixtures("float64")

MINIMISER = GaussNewton(iterations=30, tolerance=1e-10)
INDEX = (0, 3, 4)


def analysed(window=None, terms=None):
    settings = {"window": window} if window else {}
    method = variational(ModelSpacePrior(background_error()), minimiser=MINIMISER, **settings)
    terms = terms or (term_of(INDEX),)
    return method, method.solve(state_of(), terms, 0), terms


def exact_covariance():
    """(B^-1 + H^T R^-1 H)^-1."""
    B = np.asarray(background_error().matrix) @ np.asarray(background_error().matrix).T
    H = np.eye(POINTS)[list(INDEX)]
    return np.linalg.inv(np.linalg.inv(B) + H.T @ H / 0.5**2), B


def spd(size, seed=0):
    root = np.random.default_rng(seed).normal(size=(size, 3))
    return jnp.asarray(np.eye(size) + root @ root.T)


def test_eigenpairs_are_those_of_the_matrix():
    matrix = spd(12)
    found = jax.jit(lambda m: eigenpairs(lambda v: m @ v, 12, 8, jax.random.key(0), jnp.float64))(matrix)
    expected = np.linalg.eigvalsh(matrix)[::-1]
    np.testing.assert_allclose(found.value[:4], expected[:4], rtol=1e-8)
    # Three eigenvalues exceed 1 and the recurrence ends after four products: the rest of the pairs say nothing.
    np.testing.assert_allclose(found.value[4:], 1.0)
    residual = matrix @ found.vector[:3].T - found.value[:3] * found.vector[:3].T
    assert float(jnp.abs(residual).max()) < 1e-7


def test_eigenvalues_of_too_few_steps_are_never_too_large():
    matrix = jnp.asarray(np.diag(np.linspace(1.0, 50.0, 40)))
    few = eigenpairs(lambda v: matrix @ v, 40, 6, jax.random.key(1), jnp.float64)
    assert float(few.value[0]) <= 50.0 + 1e-9
    exact = jnp.linalg.norm(matrix @ few.vector.T - few.value * few.vector.T, axis=0)
    np.testing.assert_allclose(few.error, exact, atol=1e-6)


def test_all_degrees_of_freedom_are_known_without_their_pairs():
    method, analysis, terms = analysed()
    exact = float(posterior(method, analysis, terms, 0, pairs=POINTS).degrees_of_freedom)
    few = posterior(method, analysis, terms, 0, pairs=1)
    found, uncertain = degrees_of_freedom(few, jax.random.key(0), probes=400)
    assert 0.0 < uncertain < 0.1 * exact
    assert abs(found - exact) < 4.0 * uncertain
    assert float(few.degrees_of_freedom) < 0.7 * exact


def test_the_posterior_of_a_linear_gaussian_problem_is_the_kalman_one():
    method, analysis, terms = analysed()
    found = posterior(method, analysis, terms, 0, pairs=POINTS)
    exact, B = exact_covariance()
    trace = POINTS - np.trace(np.linalg.solve(B, exact))
    assert float(found.degrees_of_freedom) == pytest.approx(trace, rel=1e-8)
    draws = np.asarray(found.samples(jax.random.key(2), 20000)).reshape(20000, -1)
    np.testing.assert_allclose(draws.mean(0), np.asarray(analysis.state).ravel(), atol=0.04)
    np.testing.assert_allclose(np.cov(draws.T), exact, atol=0.05)


def test_the_spread_is_the_root_of_the_diagonal():
    method, analysis, terms = analysed()
    found = posterior(method, analysis, terms, 0, pairs=POINTS)
    spread = np.asarray(found.spread(jax.random.key(3), 20000)).ravel()
    np.testing.assert_allclose(spread, np.sqrt(np.diag(exact_covariance()[0])), rtol=0.03)


def test_no_pairs_worth_the_name_leave_the_background_s_spread():
    method = variational(ModelSpacePrior(background_error()), minimiser=MINIMISER)
    nothing = (term_of((0,), error=1e6),)
    found = posterior(method, method.solve(state_of(), nothing, 0), nothing, 0, pairs=4)
    assert float(found.degrees_of_freedom) == pytest.approx(0.0, abs=1e-6)


def test_perturbed_analyses_have_the_posterior_s_covariance():
    """The ensemble of analyses with perturbed background and data is the cross-check that needs no Hessian."""
    method, analysis, terms = analysed()
    members = perturbed_analyses(method, analysis.background, terms, 0, jax.random.key(5), 400)
    found = posterior(method, analysis, terms, 0, pairs=POINTS).spread(jax.random.key(6), 5000)
    np.testing.assert_allclose(np.std(members, axis=0), found, rtol=0.15)
    np.testing.assert_allclose(np.mean(members, axis=0), analysis.state, atol=0.2)


def test_perturbed_analyses_of_a_model_that_errs_are_refused():
    prior = ModelSpacePrior(background_error())
    window = WeakConstraint(MODEL, (0, 6), prior, unit_standardizer(MODEL.layout))
    method, terms = variational(prior, window=window), (term_of(), term_of())
    with pytest.raises(ValueError, match="leave out correlations and the weak constraint"):
        perturbed_analyses(method, state_of(), terms, 0, jax.random.key(0), 2)


def test_perturbed_analyses_of_data_that_are_doubted_are_refused():
    """Noise of the errors' size is not that of a Huber norm: the members would have another covariance."""
    term = term_of()
    doubted = type(term)(term.operator, term.value, term.error, term.valid, huber_limit=2.0)
    assert term.independent_and_gaussian
    assert not doubted.independent_and_gaussian
    method = variational(ModelSpacePrior(background_error()))
    with pytest.raises(UserError, match="independent Gaussian errors of observations"):
        perturbed_analyses(method, state_of(), (term, doubted), 0, jax.random.key(0), 2)


def test_later_data_of_a_window_sharpen_the_start():
    window = StrongConstraint(MODEL, (0, 6))
    early, late = term_of(INDEX), term_of((1, 5), seed=9)
    none = term_of((1, 5), error=1e6, seed=9)
    with_both = posterior(*analysed(window, (early, late)), 0, pairs=POINTS)
    with_one = posterior(*analysed(window, (early, none)), 0, pairs=POINTS)
    assert float(with_both.degrees_of_freedom) > float(with_one.degrees_of_freedom) + 0.5
