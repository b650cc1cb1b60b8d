import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latentda.assimilation import CostFunction, GaussNewton, Instant
from latentda.assimilation.ensemble import (
    ETKF,
    EnKF,
    ensemble_transform,
    local_analysis,
    mean_free_basis,
    periodic_taper,
    rotate,
    rotation,
    support_radius,
)
from latentda.fields import unit_standardizer
from latentda.operators import Ensemble
from latentda.priors import ModelSpacePrior
from tests.assimilation.ensemble.conftest import MEMBERS, POINTS, covariance, departures_of, kalman, members_of
from tests.assimilation.variational.conftest import MODEL, term_of

pytestmark = pytest.mark.usefixtures("float64")

INDEX = (0, 3, 4)
KEY = jax.random.key(5)

etkf = jax.jit(ETKF())


def data():
    """A term with padding, the departures of the members from it, and its values."""
    term = term_of(INDEX)
    x = members_of()
    return x, term, jax.vmap(term.departure)(x), np.asarray(term.value)[: len(INDEX)]


def test_mean_and_covariance_are_those_of_the_kalman_filter():
    x, _, d, y = data()
    mean, P = kalman(np.asarray(x.mean(axis=0)).ravel(), covariance(x), y, INDEX, 0.5**2)
    analysed = etkf(x, d)
    np.testing.assert_allclose(analysed.mean(axis=0).ravel(), mean, atol=1e-12)
    np.testing.assert_allclose(covariance(analysed), P, atol=1e-12)


def test_the_mean_is_the_ensemble_variational_minimum():
    x, term, d, _ = data()
    prior = ModelSpacePrior(Ensemble(x - x.mean(axis=0)))
    cost = CostFunction(prior, prior.anchor(x.mean(axis=0)), Instant(), (term,), unit_standardizer(MODEL.layout), 0)
    minimum = eqx.filter_jit(GaussNewton(20, 1, 1e-12).minimise)(cost, cost.zero_control())
    np.testing.assert_allclose(etkf(x, d).mean(axis=0), cost.state(minimum.control), atol=1e-10)


def test_the_transform_keeps_the_sum_of_perturbations_at_zero():
    transform = ensemble_transform(departures_of(members_of()))
    np.testing.assert_allclose(transform.perturbations @ jnp.ones(MEMBERS), 1.0, atol=1e-12)
    np.testing.assert_allclose(transform.mean.sum(), 0.0, atol=1e-12)
    np.testing.assert_array_equal(transform.perturbations, transform.perturbations.T)


def test_no_member_moves_more_than_it_must():
    x, _, d, _ = data()
    turned = rotate(etkf(x, d), KEY)
    stays, moves = (jnp.sum((found - found.mean(axis=0) - x + x.mean(axis=0)) ** 2) for found in (etkf(x, d), turned))
    assert stays < moves


def test_a_taper_divides_the_variance_of_the_errors():
    d = departures_of(members_of())
    tapered = ensemble_transform(d, jnp.full(POINTS, 0.25))
    wider = ensemble_transform(0.5 * d)
    np.testing.assert_allclose(tapered.weights, wider.weights, atol=1e-12)


def test_local_analyses_that_see_all_data_are_the_global_one():
    x, _, d, _ = data()
    local = local_analysis(x.reshape(MEMBERS, POINTS), d, jnp.ones((POINTS, d.shape[1])))
    np.testing.assert_allclose(local, etkf(x, d).reshape(MEMBERS, POINTS), atol=1e-12)


def test_points_without_data_about_them_stay():
    x = members_of()
    taper = jnp.asarray(periodic_taper(POINTS, 2.0))
    local = local_analysis(x.reshape(MEMBERS, POINTS), departures_of(x, (0,)), taper)
    change = np.abs(local - x.reshape(MEMBERS, POINTS)).max(axis=0)
    np.testing.assert_array_equal(change > 1e-9, np.isin(np.arange(POINTS), (7, 0, 1)))


def test_the_taper_is_even_periodic_and_ends_at_its_radius():
    taper = periodic_taper(40, support_radius(4.0))
    np.testing.assert_array_equal(taper, taper.T)
    np.testing.assert_array_equal(taper[0], np.roll(taper[11], -11))
    assert taper[0, 0] == 1.0
    assert taper[0, 4] == pytest.approx(np.exp(-0.5), abs=0.03)
    assert taper[0, 14] > 0.0
    assert taper[0, 15] == taper[0, 25] == 0.0


@pytest.mark.parametrize("count", [2, MEMBERS])
def test_the_basis_is_orthonormal_and_sums_to_zero(count):
    U = mean_free_basis(count)
    np.testing.assert_allclose(U.T @ U, np.eye(count - 1), atol=1e-14)
    np.testing.assert_allclose(U.sum(axis=0), 0.0, atol=1e-14)


@pytest.mark.parametrize("count", [1, 2, MEMBERS])
def test_rotations_are_orthogonal_and_keep_the_mean(count):
    turn = rotation(KEY, count)
    np.testing.assert_allclose(turn @ turn.T, np.eye(count), atol=1e-12)
    np.testing.assert_allclose(turn.sum(axis=0), 1.0, atol=1e-12)


def test_rotated_members_have_the_same_mean_and_covariance():
    x = members_of()
    turned = rotate(x, KEY)
    np.testing.assert_allclose(turned.mean(axis=0), x.mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(covariance(turned), covariance(x), atol=1e-12)
    assert jnp.abs(turned - x).max() > 0.1


def test_perturbed_observations_have_the_mean_of_the_kalman_filter_and_averaged_over_draws_its_covariance():
    x, _, d, y = data()
    mean, P = kalman(np.asarray(x.mean(axis=0)).ravel(), covariance(x), y, INDEX, 0.5**2)
    drawn = jax.jit(jax.vmap(EnKF(), (None, None, 0)))(x, d, jax.random.split(KEY, 4000))
    np.testing.assert_allclose(drawn.mean(axis=1).reshape(-1, POINTS), np.tile(mean, (4000, 1)), atol=1e-12)
    found = np.mean([covariance(one) for one in np.asarray(drawn)], axis=0)
    np.testing.assert_allclose(found, P, atol=0.03 * np.abs(P).max())
    assert np.abs(covariance(drawn[0]) - P).max() > 0.05 * np.abs(P).max()


def test_perturbed_observations_of_many_members_are_the_kalman_filter():
    term, x = term_of(INDEX), members_of(300)
    mean, P = np.asarray(x.mean(axis=0)).ravel(), covariance(x)
    analysed = EnKF()(x, jax.vmap(term.departure)(x), KEY)
    _, P = kalman(mean, P, np.asarray(term.value)[: len(INDEX)], INDEX, 0.5**2)
    np.testing.assert_allclose(covariance(analysed), P, atol=0.1 * np.abs(P).max())
