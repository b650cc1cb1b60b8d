import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latentda.forecast import ForecastModel, Lorenz63
from latentda.forecast.lorenz import runge_kutta_step

MODEL = Lorenz63()
START = (1.509, -1.531, 25.46)
"""A point near the attractor."""
C = np.sqrt(8.0 / 3.0 * 27.0)


@pytest.fixture(autouse=True)
def double():
    with jax.enable_x64(True):
        yield


def state(x=START):
    return jnp.asarray(x, float).reshape(1, 1, 3)


def run(x, hours=25):
    return MODEL.propagate(x, 0, (hours,))[0]


def test_it_is_a_forecast_model():
    assert isinstance(MODEL, ForecastModel)
    assert MODEL.layout.shape == (1, 1, 3)


def test_tendency_by_hand():
    tendency = MODEL.tendency(jnp.array([2.0, 5.0, 3.0]))
    np.testing.assert_allclose(tendency, [10 * (5 - 2), 2 * (28 - 3) - 5, 2 * 5 - 8 / 3 * 3])


def test_half_a_turn_about_z_is_a_symmetry():
    turn = jnp.array([-1.0, -1.0, 1.0])
    np.testing.assert_allclose(run(turn * state()), turn * run(state()), rtol=1e-12)


@pytest.mark.parametrize("rest", [(0.0, 0.0, 0.0), (C, C, 27.0), (-C, -C, 27.0)])
def test_fixed_points(rest):
    np.testing.assert_allclose(MODEL.tendency(jnp.asarray(rest)), 0.0, atol=1e-12)
    np.testing.assert_allclose(run(state(rest)).ravel(), rest, atol=1e-12)


def test_the_convective_states_are_unstable_at_28_and_stable_at_20():
    def growth(model):
        c = np.sqrt(model.beta * (model.rho - 1.0))
        jacobian = jax.jacfwd(model.tendency)(jnp.array([c, c, model.rho - 1.0]))
        return np.linalg.eigvals(np.asarray(jacobian)).real.max()

    # The critical value is sigma (sigma + beta + 3) / (sigma - beta - 1) = 24.74.
    assert growth(Lorenz63(rho=20.0)) < 0.0 < growth(Lorenz63())


def test_volumes_shrink_at_the_known_rate():
    for x in (START, (3.0, -7.0, 40.0)):
        jacobian = jax.jacfwd(MODEL.tendency)(jnp.asarray(x))
        assert jnp.trace(jacobian) == pytest.approx(-(10.0 + 1.0 + 8.0 / 3.0), rel=1e-12)
    flow = jax.jacfwd(lambda x: run(x.reshape(1, 1, 3)).ravel())(jnp.asarray(START))
    assert jnp.log(jnp.linalg.det(flow)) == pytest.approx(-0.25 * (11.0 + 8.0 / 3.0), rel=1e-4)


def test_runge_kutta_is_of_fourth_order():
    def integrate(steps):
        body = lambda i, x: runge_kutta_step(MODEL.tendency, x, 0.2 / steps)  # noqa: E731
        return jax.lax.fori_loop(0, steps, body, jnp.asarray(START))

    exact = integrate(1024)
    errors = np.array([jnp.abs(integrate(n) - exact).max() for n in (16, 32, 64)])
    np.testing.assert_allclose(np.log2(errors[:-1] / errors[1:]), 4.0, atol=0.15)


def test_one_lead_is_one_step_of_a_hundredth():
    np.testing.assert_allclose(run(state(), 1), runge_kutta_step(MODEL.tendency, state(), 0.01), rtol=1e-12)


def test_the_climate_is_two_lobes_about_the_convective_states():
    states = MODEL.propagate(state(), 0, tuple(range(1000, 60_000)))[:, 0, 0]
    assert jnp.abs(states[:, 0]).max() < 22.0
    # The mean of dz/dt and of dx/dt vanishes in the long run: <x y> = beta <z> and <x> = <y>.
    assert jnp.mean(states[:, 0] * states[:, 1]) == pytest.approx(8.0 / 3.0 * float(jnp.mean(states[:, 2])), rel=1e-2)
    assert 0.4 < jnp.mean(states[:, 0] > 0.0) < 0.6


def test_tangent_linear_is_the_limit_of_finite_differences():
    direction = jax.random.normal(jax.random.key(1), (1, 1, 3))
    end, tangent = jax.jvp(run, (state(),), (direction,))
    steps = 10.0 ** -np.arange(2, 6)
    remainders = [jnp.linalg.norm(run(state() + h * direction) - end - h * tangent) for h in steps]
    np.testing.assert_allclose(-np.diff(np.log10(np.array(remainders))), 2.0, atol=0.05)


def test_adjoint_is_the_transpose_of_the_tangent_linear():
    d, w = jax.random.normal(jax.random.key(2), (2, 1, 1, 3))
    tangent = jax.jvp(run, (state(),), (d,))[1]
    adjoint = jax.vjp(run, state())[1](w)[0]
    assert float(jnp.vdot(tangent, w)) == pytest.approx(float(jnp.vdot(d, adjoint)), rel=1e-12)


def test_members_equal_single_runs():
    members = state() + jax.random.normal(jax.random.key(3), (4, 1, 1, 3))
    together = MODEL.propagate_members(members, 0, (0, 12))
    alone = jnp.stack([MODEL.propagate(member, 0, (0, 12)) for member in members])
    np.testing.assert_allclose(together, alone, rtol=1e-10)
