"""Two ways to the same analysis."""

import jax.numpy as jnp
import numpy as np
import pytest

from latentda.assimilation import ObservationTerm, StrongConstraint
from latentda.experiments.lorenz96.optimal_interpolation import gain
from latentda.fields import Climatology, Standardizer
from latentda.forecast import Persistence
from latentda.networks import IdentityCode
from latentda.operators import Ensemble, GridPoints
from latentda.priors import HybridPrior, LatentPrior, ModelSpacePrior
from tests.assimilation.variational.conftest import (
    MODEL,
    POINTS,
    SHAPE,
    THOROUGH,
    background_error,
    term_of,
    variational,
)

pytestmark = pytest.mark.usefixtures("float64")


def matrix(covariance):
    return np.stack([np.asarray(covariance.apply(u.reshape(SHAPE))).reshape(-1) for u in jnp.eye(POINTS)])


def best_linear_unbiased_estimate(B, background, term):
    rows = np.flatnonzero(term.valid)
    H = np.eye(POINTS)[np.asarray(term.operator.index)[rows]]
    R = np.diag(np.asarray(term.error)[rows] ** 2)
    x = np.asarray(background).reshape(-1)
    K = np.asarray(gain(jnp.asarray(B), jnp.asarray(H), jnp.asarray(R)))
    return (x + K @ (np.asarray(term.value)[rows] - H @ x)).reshape(SHAPE)


def hybrid():
    members = np.random.default_rng(5).normal(size=(4, *SHAPE))
    ensemble = Ensemble(jnp.asarray(members - members.mean(axis=0)))
    return 0.6 * background_error() + 0.4 * ensemble


@pytest.mark.parametrize("build", [background_error, hybrid])
def test_linear_gaussian_3d_var_is_the_best_linear_unbiased_estimate(build, background):
    term, B = term_of(), build()
    found = variational(ModelSpacePrior(B)).solve(background, (term,), 0)
    expected = best_linear_unbiased_estimate(matrix(B), background, term)
    np.testing.assert_allclose(found.state, expected, atol=1e-6)
    assert np.abs(found.increment).max() > 0.1


def test_the_cost_at_the_minimum_is_that_of_the_innovations(background):
    # J_min = 1/2 d^T (H B H^T + R)^-1 d.
    term, B = term_of(), background_error()
    found = variational().solve(background, (term,), 0)
    valid = np.flatnonzero(term.valid)
    rows = np.asarray(term.operator.index)[valid]
    d = np.asarray(term.value)[valid] - np.asarray(background).reshape(-1)[rows]
    S = matrix(B)[np.ix_(rows, rows)] + np.diag(np.asarray(term.error)[valid] ** 2)
    assert float(found.minimum.cost[-1]) == pytest.approx(0.5 * d @ np.linalg.solve(S, d), rel=1e-8)


@pytest.mark.parametrize("form", ["increment", "published"])
def test_identity_code_makes_latent_space_model_space(form, background):
    latent = LatentPrior(IdentityCode(SHAPE), background_error(), form=form)
    found = variational(latent).solve(background, (term_of(),), 0)
    expected = variational().solve(background, (term_of(),), 0)
    np.testing.assert_allclose(found.state, expected.state, atol=1e-9)


def test_a_window_of_one_slot_at_its_start_is_three_dimensional(background):
    window = StrongConstraint(MODEL, (0,))
    found = variational(window=window).solve(background, (term_of(),), 0)
    expected = variational().solve(background, (term_of(),), 0)
    np.testing.assert_allclose(found.state, expected.state, atol=1e-9)


def test_slots_of_a_model_that_changes_nothing_are_one_slot(background):
    first, second = term_of(seed=6, size=4), term_of((1, 4, 7), 0.8, seed=7, size=4)
    window = StrongConstraint(Persistence(MODEL.layout), (0, 12))
    found = variational(window=window).solve(background, (first, second), 0)
    both = ObservationTerm(
        GridPoints(jnp.concatenate([first.operator.index, second.operator.index])),
        *(jnp.concatenate([getattr(t, name) for t in (first, second)]) for name in ("value", "error", "valid")),
    )
    expected = variational().solve(background, (both,), 0)
    np.testing.assert_allclose(found.state, expected.state, atol=1e-6)


def test_standardised_anomalies_change_the_units_only(background):
    # x = c + s a: with B in units of a the physical analysis is the same.
    mean, scale = 3.0, 2.5
    climatology = Climatology(jnp.full((1, *SHAPE), mean, float), 0, 0)
    standardizer = Standardizer(climatology, jnp.asarray([scale]), MODEL.layout)
    method = variational(ModelSpacePrior(scale**-2 * background_error()))
    method = type(method)(method.prior, standardizer, minimiser=THOROUGH)
    found = method.solve((background - mean) / scale, (term_of(),), 0)
    expected = variational().solve(background, (term_of(),), 0)
    np.testing.assert_allclose(mean + scale * found.state, expected.state, atol=1e-6)


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_parts_of_one_covariance_make_the_analysis_of_the_whole(share, background):
    term = term_of()
    parts = (
        ModelSpacePrior(share * background_error()),
        LatentPrior(IdentityCode(SHAPE), (1.0 - share) * background_error()),
    )
    found = variational(HybridPrior(parts)).solve(background, (term,), 0)
    whole = variational().solve(background, (term,), 0)
    np.testing.assert_allclose(found.state, whole.state, atol=1e-7)
    np.testing.assert_allclose(found.minimum.cost[-1], whole.minimum.cost[-1], rtol=1e-9)
