import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latentda.assimilation import Adam, Lbfgs, Result

pytestmark = pytest.mark.usefixtures("float64")

minimise = eqx.filter_jit(lambda minimiser, cost, start: minimiser.minimise(cost, start))

THOROUGH = Lbfgs(tolerance=1e-10)


def quadratic(v):
    """A bowl with curvatures 1 to 30 about (1, 2, ..., 6)."""
    return 0.5 * jnp.sum(jnp.linspace(1.0, 30.0, 6) * (v - jnp.arange(1.0, 7.0)) ** 2)


def rosenbrock(v):
    return 100.0 * (v[1] - v[0] ** 2) ** 2 + (1.0 - v[0]) ** 2


def result_of(minimum):
    return Result(int(minimum.result))


def test_the_minimum_of_a_quadratic():
    found = minimise(THOROUGH, quadratic, jnp.zeros(6))
    np.testing.assert_allclose(found.control, np.arange(1.0, 7.0), atol=1e-8)
    assert result_of(found) is Result.CONVERGED
    assert int(found.iterations) < 40


def test_the_best_iterate_is_returned():
    iterations = 4
    start = jnp.asarray([-1.2, 1.0])
    found = minimise(Lbfgs(iterations=iterations, tolerance=1e-9), rosenbrock, start)
    assert float(rosenbrock(found.control)) == pytest.approx(float(found.cost.min()), rel=1e-10)
    assert float(found.cost[0]) == pytest.approx(float(rosenbrock(start)))
    assert int(found.iterations) == iterations
    assert found.cost.shape == found.gradient_norm.shape == (iterations + 1,)
    assert result_of(found) is Result.ITERATIONS_SPENT
    assert "allow more iterations" in result_of(found).advice


def test_nothing_to_do():
    found = minimise(THOROUGH, quadratic, jnp.arange(1.0, 7.0))
    assert (int(found.iterations), result_of(found)) == (0, Result.CONVERGED)
    assert result_of(found).advice == "converged"
    np.testing.assert_array_equal(found.cost, 0.0)


def test_what_is_not_reached_repeats_the_last():
    found = minimise(THOROUGH, quadratic, jnp.zeros(6))
    done = int(found.iterations)
    assert done < THOROUGH.iterations
    np.testing.assert_array_equal(found.cost[done:], found.cost[done])
    assert float(found.gradient_norm[-1]) <= THOROUGH.tolerance * float(found.gradient_norm[0])


@pytest.mark.parametrize(("cost", "start"), [(quadratic, np.zeros(6)), (rosenbrock, np.array([-1.2, 1.0]))])
def test_every_iteration_evaluates_the_cost_at_least_once(cost, start):
    found = minimise(THOROUGH, cost, jnp.asarray(start))
    done = int(found.iterations)
    spent = np.diff(found.evaluations)
    assert found.evaluations[0] == 1
    assert (spent[:done] >= 1).all()
    assert not spent[done:].any()
    # The valley of Rosenbrock needs shorter steps than the first try now and then.
    assert (int(found.evaluations[-1]) > done + 1) == (cost is rosenbrock)


@jax.custom_jvp
def flat(v):
    """Finite, with a gradient that is not a number."""
    return jnp.sum(v)


flat.defjvp(lambda primals, tangents: (flat(*primals), jnp.nan * jnp.sum(tangents[0])))


class Plane(eqx.Module):
    """A plane of some height."""

    height: jax.Array

    def __call__(self, v):
        return self.height + jnp.sum(v)


@pytest.mark.parametrize("cost", [Plane(np.nan), Plane(np.inf), flat], ids=["nan", "inf", "gradient"])
def test_a_cost_that_is_not_finite(cost):
    cost = jax.tree.map(jnp.asarray, cost) if isinstance(cost, Plane) else cost
    found = minimise(THOROUGH, cost, jnp.ones(3))
    assert result_of(found) is Result.NOT_FINITE
    assert "check the observations and the background" in result_of(found).advice
    np.testing.assert_array_equal(found.control, 1.0)


def test_adam_comes_to_the_same_minimum_and_tells_every_evaluation():
    found = minimise(Adam(iterations=400), quadratic, jnp.zeros(6))
    np.testing.assert_allclose(found.control, np.arange(1.0, 7.0), atol=1e-3)
    assert result_of(found) is Result.CONVERGED
    np.testing.assert_array_equal(found.evaluations, np.arange(1, 402))


def test_adam_returns_the_best_iterate_however_wildly_it_steps():
    found = minimise(Adam(iterations=5, rate=50.0), quadratic, jnp.zeros(6))
    assert float(quadratic(found.control)) == pytest.approx(float(found.cost.min()))
    assert float(found.cost[-1]) > float(found.cost.min())


@pytest.mark.parametrize("minimiser", [THOROUGH, Adam(30)])
def test_the_length_of_the_control_is_told(minimiser):
    found = minimise(minimiser, quadratic, jnp.full(6, 2.0))
    assert float(found.control_norm[0]) == pytest.approx(np.sqrt(24.0))
    assert found.control_norm.shape == found.cost.shape
    if minimiser is THOROUGH:
        assert float(found.control_norm[-1]) == pytest.approx(np.linalg.norm(np.arange(1.0, 7.0)), rel=1e-8)
