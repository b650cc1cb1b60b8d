import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest

from latentda.assimilation import GaussNewton, Result
from latentda.networks import IdentityCode
from latentda.priors import LatentPrior, ModelSpacePrior
from tests.assimilation.variational.conftest import SHAPE, THOROUGH, background_error, term_of, variational

pytestmark = pytest.mark.usefixtures("float64")

minimise = eqx.filter_jit(lambda minimiser, cost, start: minimiser.minimise(cost, start))


class Squares(eqx.Module):
    """J = 1/2 |r|^2 of any residual."""

    of: object = eqx.field(static=True)

    def residual(self, control):
        return self.of(control)

    def __call__(self, control):
        return 0.5 * jnp.sum(self.residual(control) ** 2)


CURVES = jnp.asarray(np.sqrt(np.linspace(1.0, 30.0, 6)))
QUADRATIC = Squares(lambda v: CURVES * (v - jnp.arange(1.0, 7.0)))
ROSENBROCK = Squares(lambda v: jnp.stack([np.sqrt(200.0) * (v[1] - v[0] ** 2), np.sqrt(2.0) * (1.0 - v[0])]))


def test_a_quadratic_in_n_unknowns_needs_n_iterations():
    found = minimise(GaussNewton(tolerance=1e-10), QUADRATIC, jnp.zeros(6))
    np.testing.assert_allclose(found.control, np.arange(1.0, 7.0), atol=1e-8)
    assert Result(int(found.result)) is Result.CONVERGED
    assert int(found.iterations) == 6
    # One linearisation, one product an iteration, one value at the end.
    np.testing.assert_array_equal(found.evaluations[:8], [1, 2, 3, 4, 5, 6, 8, 8])
    assert float(found.cost[-1]) == pytest.approx(0.0, abs=1e-12)


def test_the_linear_problem_s_cost_is_the_cost():
    found = minimise(GaussNewton(iterations=3, tolerance=1e-10), QUADRATIC, jnp.zeros(6))
    assert float(QUADRATIC(found.control)) == pytest.approx(float(found.cost[3]))
    assert float(found.cost[2]) > float(found.cost[3])
    assert Result(int(found.result)) is Result.ITERATIONS_SPENT


def test_outer_loops_follow_a_curved_valley():
    one, many = (
        minimise(GaussNewton(iterations=60, outer_loops=n, tolerance=1e-8), ROSENBROCK, jnp.asarray([-1.2, 1.0]))
        for n in (1, 20)
    )
    assert float(ROSENBROCK(one.control)) <= float(one.cost[0])
    np.testing.assert_allclose(many.control, [1.0, 1.0], atol=1e-6)


def test_a_step_never_raises_the_cost():
    steep = Squares(lambda v: jnp.stack([10.0 * jnp.arctan(3.0 * v[0] - 6.0), 0.01 * v[0]]))
    found = minimise(GaussNewton(iterations=4, tolerance=1e-8), steep, jnp.zeros(1))
    assert float(steep(found.control)) < float(found.cost[0])


def test_nothing_to_do():
    found = minimise(GaussNewton(), QUADRATIC, jnp.arange(1.0, 7.0))
    assert (int(found.iterations), Result(int(found.result))) == (0, Result.CONVERGED)
    np.testing.assert_array_equal(found.control, np.arange(1.0, 7.0))


def test_a_cost_that_is_not_finite_is_told():
    found = minimise(GaussNewton(), Squares(lambda v: v / 0.0), jnp.ones(3))
    assert Result(int(found.result)) is Result.NOT_FINITE


@pytest.mark.parametrize("prior", [ModelSpacePrior, lambda B: LatentPrior(IdentityCode(SHAPE), B)])
def test_the_analysis_is_that_of_l_bfgs(prior, background):
    minimisers = (THOROUGH, GaussNewton(iterations=60, tolerance=1e-9))
    one, other = (
        variational(prior(background_error()), minimiser=m).solve(background, (term_of(),), 0) for m in minimisers
    )
    np.testing.assert_allclose(other.state, one.state, atol=1e-6)
    assert int(other.minimum.iterations) <= int(one.minimum.iterations)


def test_the_length_of_the_control_is_told():
    found = minimise(GaussNewton(tolerance=1e-10), QUADRATIC, jnp.zeros(6))
    assert float(found.control_norm[0]) == 0.0
    assert float(found.control_norm[-1]) == pytest.approx(np.linalg.norm(np.arange(1.0, 7.0)))
    assert (np.diff(found.control_norm[:7]) > 0.0).all()
