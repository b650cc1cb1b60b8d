import jax.numpy as jnp
import numpy as np
import pytest

from latentda.assimilation import CostFunction, Instant, StrongConstraint
from latentda.fields import unit_standardizer
from latentda.forecast import Persistence
from latentda.priors import ModelSpacePrior
from tests.assimilation.variational.conftest import MODEL, POINTS, background_error, state_of, term_of, variational
from tests.worlds import check_linearisation

pytestmark = pytest.mark.usefixtures("float64")

WINDOW = StrongConstraint(MODEL, (6, 12))


def cost_of(window=WINDOW, terms=None):
    prior = ModelSpacePrior(background_error())
    terms = terms or (term_of(seed=6), term_of((1, 4, 7), seed=7))
    return CostFunction(prior, prior.anchor(state_of()), window, terms, unit_standardizer(MODEL.layout), 0)


def test_trajectories_are_forecasts():
    state = state_of()
    np.testing.assert_array_equal(Instant().trajectory(state, 0), state[None])
    for model in (Persistence(MODEL.layout), MODEL):
        np.testing.assert_array_equal(StrongConstraint(model, (0,)).trajectory(state, 0), state[None])
    np.testing.assert_allclose(WINDOW.trajectory(state, 0), MODEL.propagate(state, 0, (6, 12)))


def test_the_gradient_of_the_four_dimensional_cost():
    cost = cost_of()
    control, direction = np.random.default_rng(8).normal(size=(2, POINTS))
    check_linearisation(lambda v: cost(v), control, direction)


def test_the_cost_by_hand():
    cost = cost_of()
    control = jnp.asarray(np.random.default_rng(9).normal(size=POINTS))
    state = np.asarray(state_of()).reshape(-1) + np.asarray(background_error().matrix @ control)
    later = np.asarray(MODEL.propagate(state.reshape(1, 1, -1), 0, (6, 12))).reshape(2, -1)
    expected = [0.5 * float(control @ control), 0.0]
    for x, term in zip(later, cost.terms, strict=True):
        rows = np.flatnonzero(term.valid)
        d = x[np.asarray(term.operator.index)[rows]] - np.asarray(term.value)[rows]
        expected[1] += 0.5 * np.sum((d / np.asarray(term.error)[rows]) ** 2)
    parts = cost.parts(control)
    assert [float(p) for p in parts] == pytest.approx(expected, rel=1e-10)
    assert float(cost(control)) == pytest.approx(sum(expected), rel=1e-10)


def test_later_observations_correct_the_start(background):
    truth = background + background_error().root(0.5 * jnp.ones(POINTS))
    later = MODEL.propagate(truth, 0, (6, 12)).reshape(2, -1)
    terms = []
    for x in later:
        term = term_of(range(POINTS), 0.01)
        terms.append(type(term)(term.operator, x, term.error, term.valid))
    found = variational(window=WINDOW).solve(background, tuple(terms), 0)
    before, after = (float(jnp.abs(x - truth).max()) for x in (background, found.state))
    assert after < 0.05 * before


@pytest.mark.parametrize(("window", "count"), [(Instant(), 2), (WINDOW, 1), (WINDOW, 3)])
def test_slots_and_observations_must_match(background, window, count):
    with pytest.raises(ValueError, match=f"slots, but there are observations for {count}"):
        variational(window=window).solve(background, (term_of(),) * count, 0)
