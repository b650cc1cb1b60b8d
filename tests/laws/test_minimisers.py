"""What every minimiser must obey."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latentda.assimilation import Adam, CostFunction, GaussNewton, Instant, Lbfgs, Result
from latentda.fields import unit_standardizer
from latentda.priors import ModelSpacePrior
from tests.assimilation.variational.conftest import MODEL, POINTS, background_error, state_of, term_of

pytestmark = pytest.mark.usefixtures("float64")

ALL = (GaussNewton(tolerance=1e-9), GaussNewton(40, 3, 1e-9), Lbfgs(60, 1e-9), Adam(1200, 0.05, 1e-6))
DESCENDING = ALL[:3]
NAMES = ("gauss-newton", "three outer loops", "l-bfgs", "adam")
NEAR = {GaussNewton: 1e-8, Lbfgs: 1e-8, Adam: 1e-5}

minimise = eqx.filter_jit(lambda minimiser, cost, start: minimiser.minimise(cost, start))


def problem(index=(0, 3, 4), **settings):
    """A linear Gaussian analysis of a few data."""
    prior = ModelSpacePrior(background_error())
    term = term_of(index, **settings)
    return CostFunction(prior, prior.anchor(state_of()), Instant(), (term,), unit_standardizer(MODEL.layout), 0)


def blue(cost):
    """x_b + B H^T (H B H^T + R)^(-1) (y - H x_b)."""
    term, root = cost.terms[0], np.asarray(background_error().matrix)
    rows = np.flatnonzero(term.valid)
    H = np.eye(POINTS)[np.asarray(term.operator.index)[rows]]
    B, R, x = root @ root.T, np.diag(np.asarray(term.error)[rows] ** 2), np.asarray(state_of()).ravel()
    return x + B @ H.T @ np.linalg.solve(H @ B @ H.T + R, np.asarray(term.value)[rows] - H @ x)


@pytest.fixture(params=ALL, ids=NAMES)
def minimiser(request):
    return request.param


@pytest.fixture(params=DESCENDING, ids=NAMES[:3])
def descending(request):
    return request.param


def test_it_finds_the_best_linear_unbiased_estimate(minimiser):
    cost = problem()
    found = minimise(minimiser, cost, cost.zero_control())
    np.testing.assert_allclose(cost.state(found.control).ravel(), blue(cost), atol=NEAR[type(minimiser)])
    assert Result(int(found.result)) is Result.CONVERGED
    assert float(found.gradient_norm[-1]) <= minimiser.tolerance * float(found.gradient_norm[0])


def test_it_comes_there_from_elsewhere(minimiser):
    cost = problem()
    found = minimise(minimiser, cost, jnp.linspace(-1.0, 1.0, POINTS))
    np.testing.assert_allclose(cost.state(found.control).ravel(), blue(cost), atol=10 * NEAR[type(minimiser)])


def test_no_observation_leaves_no_control(minimiser):
    cost = problem(())
    found = minimise(minimiser, cost, cost.zero_control())
    np.testing.assert_array_equal(found.control, 0.0)
    np.testing.assert_array_equal(found.cost, 0.0)
    assert Result(int(found.result)) is Result.CONVERGED


def test_the_control_is_that_of_the_lowest_cost_told(minimiser):
    cost = problem()
    found = minimise(minimiser, cost, cost.zero_control())
    assert float(found.cost[0]) == pytest.approx(float(cost(cost.zero_control())), rel=1e-12)
    assert float(cost(found.control)) == pytest.approx(float(found.cost.min()), rel=1e-9)


def test_the_cost_falls_from_iteration_to_iteration(descending):
    cost = problem()
    told = np.asarray(minimise(descending, cost, cost.zero_control()).cost)
    assert told[-1] < told[0]
    assert (np.diff(told) <= 1e-12 * told[0]).all()


def test_histories_are_of_one_length_and_repeat_their_last(minimiser):
    cost = problem()
    found = minimise(minimiser, cost, cost.zero_control())
    done = int(found.iterations)
    for told in (found.cost, found.gradient_norm, found.control_norm, found.evaluations):
        assert told.shape == (minimiser.iterations + 1,)
        np.testing.assert_array_equal(told[done:], told[done])
    assert float(found.control_norm[0]) == 0.0
    assert (np.diff(found.evaluations) >= 0).all()
    assert int(found.evaluations[0]) == 1


@pytest.mark.parametrize(
    "few", [GaussNewton(2, 1, 1e-9), Lbfgs(2, 1e-9), Adam(2, tolerance=1e-9)], ids=lambda m: type(m).__name__
)
def test_iterations_that_do_not_suffice_are_told(few):
    cost = problem(range(POINTS))
    found = minimise(few, cost, cost.zero_control())
    assert Result(int(found.result)) is Result.ITERATIONS_SPENT
    assert int(found.iterations) == 2
    assert float(cost(found.control)) < float(found.cost[0])


def test_a_cost_that_is_not_finite_is_told(minimiser):
    cost = problem()
    broken = eqx.tree_at(lambda c: c.terms[0].value, cost, cost.terms[0].value.at[0].set(jnp.nan))
    assert Result(int(minimise(minimiser, broken, broken.zero_control()).result)) is Result.NOT_FINITE


def test_it_hands_on_nothing_unless_asked(minimiser):
    cost = problem()
    assert minimise(minimiser, cost, cost.zero_control()).preconditioner is None


def test_other_data_of_the_same_shape_compile_nothing(minimiser):
    first, second = problem(), problem((1, 2, 6), seed=9)
    zero = first.zero_control()
    traces = []

    @eqx.filter_jit
    def run(minimiser, cost):
        traces.append(1)
        return minimiser.minimise(cost, zero).control

    one, other = (run(minimiser, cost) for cost in (first, second))
    assert len(traces) == 1
    assert float(jnp.abs(one - other).max()) > 0.0
    assert all(isinstance(leaf, jax.Array) for leaf in (one, other))
