"""The impact of data on a forecast: its sum is the change of the error, and a datum's part is what it did."""

import jax.numpy as jnp
import numpy as np
import pytest

from latentda.assimilation import GaussNewton, impact
from latentda.forecast import Persistence
from latentda.priors import ModelSpacePrior
from tests.assimilation.variational.conftest import (
    MODEL,
    POINTS,
    SHAPE,
    background_error,
    state_of,
    term_of,
    variational,
)

pytestmark = pytest.mark.usefixtures("float64")

WEIGHT = np.ones(SHAPE)


def told(terms, model, lead=6, truth=None):
    truth = np.asarray(MODEL.propagate(state_of(11), 0, (lead,))[0]) if truth is None else truth
    method = variational(ModelSpacePrior(background_error()), minimiser=GaussNewton(iterations=30, tolerance=1e-10))
    analysis = method.solve(state_of(), terms, 0)
    return impact(method, analysis, terms, 0, model=model, lead_hours=lead, truth=np.asarray(truth), weight=WEIGHT)


def test_the_sum_is_exact_where_everything_is_linear():
    found = told((term_of((0, 3, 4, 6)),), Persistence(MODEL.layout))
    assert found.explained == pytest.approx(1.0, rel=1e-6)


def test_the_sum_is_close_for_a_model_that_is_not_linear():
    # Data near the background, so that increments are small.
    near = term_of((0, 3, 4, 6))
    value = near.operator(state_of()) + 0.05 * jnp.asarray(np.random.default_rng(3).normal(size=near.value.size))
    found = told((type(near)(near.operator, value, near.error, near.valid),), MODEL)
    assert found.explained == pytest.approx(1.0, abs=0.02)


def test_one_datum_s_impact_is_what_it_did():
    found = told((term_of((2,)),), Persistence(MODEL.layout))
    change = found.analysis_error - found.background_error
    assert found.data[0][0] == pytest.approx(change, rel=1e-6)
    assert not found.data[0][1:].any()


def test_a_perfect_datum_makes_a_forecast_by_persistence_better():
    truth = state_of(11)
    term = term_of((2,), error=0.01)
    exact = jnp.where(term.valid, truth.reshape(-1)[2], 0.0)
    found = told((type(term)(term.operator, exact, term.error, term.valid),), Persistence(MODEL.layout), truth=truth)
    assert float(np.asarray(truth).ravel()[2]) != float(np.asarray(state_of()).ravel()[2])
    own = (np.asarray(state_of()) - np.asarray(truth)).ravel()
    B = np.asarray(background_error().matrix) @ np.asarray(background_error().matrix).T
    after = own - B[:, 2] * own[2] / (B[2, 2] + 0.01**2)
    assert found.data[0][0] == pytest.approx(np.sum(after**2) - np.sum(own**2), rel=1e-6)


def test_parts_of_correlated_errors_are_not_told_apart():
    term = term_of()
    robust = type(term)(term.operator, term.value, term.error, term.valid, None, 3.0)
    with pytest.raises(ValueError, match="independent Gaussian"):
        told((robust,), MODEL)
    assert term.value.size == POINTS
