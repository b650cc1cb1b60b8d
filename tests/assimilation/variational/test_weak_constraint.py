"""The weak constraint: the strong one at zero, the best linear estimate of a linear problem, and worth its controls."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from latentda.assimilation import CostFunction, GaussNewton, StrongConstraint, WeakConstraint, posterior
from latentda.fields import unit_standardizer
from latentda.forecast import Lorenz96, Persistence
from latentda.operators import Diagonal
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
from tests.worlds import check_linearisation

pytestmark = pytest.mark.usefixtures("float64")

SLOTS = (0, 6, 12)


def model_error():
    return background_error(seed=5)


def weak(model=MODEL, root=None, slots=SLOTS):
    return WeakConstraint(model, slots, ModelSpacePrior(root or model_error()), unit_standardizer(model.layout))


def terms_of(errors=(0.5, 0.4, 0.3)):
    return tuple(
        term_of(index, e, seed=k) for k, (index, e) in enumerate(zip([(0, 3), (1, 4, 7), (2, 6)], errors, strict=True))
    )


def cost_of(window):
    prior = ModelSpacePrior(background_error())
    return CostFunction(prior, prior.anchor(state_of()), window, terms_of(), unit_standardizer(MODEL.layout), 0)


def test_without_model_error_it_is_the_strong_constraint():
    window = weak()
    strong = StrongConstraint(MODEL, SLOTS).trajectory(state_of(), 0)
    for control in (None, window.zero_control()):
        np.testing.assert_allclose(window.trajectory(state_of(), 0, control), strong, rtol=1e-12)
    assert [leaf.shape for leaf in jax.tree.leaves(window.zero_control())] == [(2, POINTS)]


def test_the_forcing_of_a_slot_moves_it_and_what_follows_only():
    window = weak()
    strong = window.trajectory(state_of(), 0)
    moved = window.trajectory(state_of(), 0, window.zero_control().at[1].set(1.0))
    np.testing.assert_array_equal(moved[:2], strong[:2])
    shift = (model_error().matrix @ jnp.ones(POINTS)).reshape(SHAPE)
    np.testing.assert_allclose(moved[2] - strong[2], shift, rtol=1e-12)


def test_the_gradient_of_its_cost():
    cost = cost_of(weak())
    zero, unflatten = ravel_pytree(cost.zero_control())
    control, direction = np.random.default_rng(8).normal(size=(2, zero.size))
    check_linearisation(lambda v: cost(unflatten(v)), control, direction)


def dense_problem(term_errors):
    """Mean and covariance of (x_0, x_1, x_2) of a model that stays, and the same with the data."""
    B, Q = (np.asarray(root.matrix @ root.matrix.T) for root in (background_error(), model_error()))
    P = np.block([[B + min(j, k) * Q for k in range(3)] for j in range(3)])
    mean = np.tile(np.asarray(state_of()).ravel(), 3)
    rows, values, variances = [], [], []
    for k, term in enumerate(terms_of(term_errors)):
        valid = np.asarray(term.valid)
        rows += [k * POINTS + i for i in np.asarray(term.operator.index)[valid]]
        values += list(np.asarray(term.value)[valid])
        variances += list(np.asarray(term.error)[valid] ** 2)
    gain = P[:, rows] @ np.linalg.inv(P[np.ix_(rows, rows)] + np.diag(variances))
    return mean + gain @ (np.array(values) - mean[rows]), P - gain @ P[rows]


@pytest.mark.parametrize("errors", [(0.5, 0.4, 0.3), (0.01, 2.0, 0.01)])
def test_a_linear_problem_has_the_best_linear_estimate_of_all_slots(errors):
    method = variational(window=weak(Persistence(MODEL.layout)), minimiser=GaussNewton(60, tolerance=1e-10))
    terms = terms_of(errors)
    found = method.solve(state_of(), terms, 0)
    expected, covariance = dense_problem(errors)
    np.testing.assert_allclose(np.asarray(found.trajectory).ravel(), expected, atol=1e-6)
    known = posterior(method, found, terms, 0, pairs=3 * POINTS)
    white = jnp.eye(3 * POINTS)
    columns = jax.vmap(known.perturbed)(white).reshape(3 * POINTS, -1) - found.state.ravel()
    np.testing.assert_allclose(columns.T @ columns, covariance[:POINTS, :POINTS], atol=1e-6)


def test_a_model_that_errs_is_corrected_by_data_within_the_window():
    """A truth of another forcing: the weak constraint ends nearer to it, for every draw of errors."""
    true_model, small = Lorenz96(points=POINTS, forcing=11.0), Diagonal(0.15 * jnp.ones(SHAPE))
    slots = tuple(range(0, 37, 6))
    errors = []
    for seed in range(3):
        truth = true_model.propagate(state_of(seed), 0, (240,))[0]
        exact = np.asarray(true_model.propagate(truth, 0, slots)).reshape(len(slots), -1)
        noise = np.random.default_rng(seed).normal(size=(len(slots) + 1, POINTS))
        terms = []
        for k in range(len(slots)):
            term = term_of(range(POINTS), 0.2)
            terms.append(type(term)(term.operator, exact[k] + 0.2 * noise[k], term.error, term.valid))
        background = truth + 0.3 * noise[-1].reshape(SHAPE)
        prior = ModelSpacePrior(Diagonal(0.3 * jnp.ones(SHAPE)))
        ends = []
        for window in (StrongConstraint(MODEL, slots), weak(MODEL, small, slots)):
            method = variational(prior, window=window, minimiser=GaussNewton(200, outer_loops=4, tolerance=1e-8))
            found = method.solve(background, tuple(terms), 0)
            ends.append(float(np.sqrt(np.mean((np.asarray(found.trajectory[-1]).ravel() - exact[-1]) ** 2))))
        errors.append(ends)
    assert all(w < s for s, w in errors), errors
    assert np.mean(errors, axis=0)[1] < 0.8 * np.mean(errors, axis=0)[0], errors


@pytest.mark.parametrize("slots", [(0,), (6, 12), (0, 6, 18)])
def test_slots_that_are_not_evenly_spaced_from_the_start_are_refused(slots):
    with pytest.raises(ValueError, match="evenly spaced slots from 0 h"):
        weak(slots=slots)
