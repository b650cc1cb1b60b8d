import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latentda.assimilation import GaussNewton, huber_residual, huber_weight
from tests.assimilation.variational.conftest import THOROUGH, term_of, variational

pytestmark = pytest.mark.usefixtures("float64")

LIMIT = 1.7
DEPARTURES = np.linspace(-6.0, 6.0, 121)


def test_half_the_square_is_the_huber_norm():
    size = jnp.abs(DEPARTURES)
    norm = jnp.where(size <= LIMIT, 0.5 * size**2, LIMIT * size - 0.5 * LIMIT**2)
    np.testing.assert_allclose(0.5 * huber_residual(DEPARTURES, LIMIT) ** 2, norm, atol=1e-12)


def test_the_pull_is_that_of_the_weight():
    pull = jax.vmap(jax.grad(lambda d: 0.5 * huber_residual(d, LIMIT) ** 2))(DEPARTURES)
    np.testing.assert_allclose(pull, huber_weight(DEPARTURES, LIMIT) * DEPARTURES, atol=1e-12)
    assert float(jnp.abs(pull).max()) == pytest.approx(LIMIT)


def test_without_a_limit_nothing_changes():
    np.testing.assert_array_equal(huber_residual(DEPARTURES, jnp.inf), DEPARTURES)
    np.testing.assert_array_equal(huber_weight(DEPARTURES, jnp.inf), 1.0)


@pytest.mark.parametrize("minimiser", [THOROUGH, GaussNewton(iterations=200, outer_loops=20, tolerance=1e-9)])
def test_a_gross_error_bends_the_analysis_no_further_than_the_limit(minimiser, background):
    def analysis(excess, limit):
        term = term_of()
        term = eqx.tree_at(lambda t: t.value, term, term.value.at[0].add(excess))
        term = type(term)(term.operator, term.value, term.error, term.valid, huber_limit=limit)
        return variational(minimiser=minimiser).solve(background, (term,), 0).state

    clean = analysis(0.0, np.inf)
    plain, robust, further = analysis(100.0, np.inf), analysis(100.0, 2.0), analysis(300.0, 2.0)
    assert float(jnp.abs(robust - clean).max()) < 0.2 * float(jnp.abs(plain - clean).max())
    # Beyond the limit a datum pulls with one force, however wrong it is.
    np.testing.assert_allclose(further, robust, atol=1e-5)


def test_a_limit_that_no_datum_reaches_is_none(background):
    term = term_of()
    loose = type(term)(term.operator, term.value, term.error, term.valid, huber_limit=100.0)
    found, expected = (variational().solve(background, (t,), 0) for t in (loose, term))
    np.testing.assert_allclose(found.state, expected.state, atol=1e-9)
