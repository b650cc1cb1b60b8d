import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latentda.forecast import ForecastModel, Lorenz96, forecast
from latentda.forecast.lorenz import runge_kutta_step


@pytest.fixture
def double():
    with jax.enable_x64(True):
        yield


def on_the_attractor(points=40):
    state = 8.0 + 0.5 * jnp.cos(0.7 * jnp.arange(points) ** 1.5)
    return Lorenz96(points).propagate(state[None, None], 0, (240,))[0]


def test_it_is_a_forecast_model():
    model = Lorenz96(points=12)
    assert isinstance(model, ForecastModel)
    assert model.layout.shape == (1, 1, 12)
    assert model.layout.names == ("x",)
    assert model.layout.grid.periodic


def test_tendency_by_hand():
    x = jnp.array([1.0, 2.0, 3.0, 4.0, 5.0])
    # Point 0: (x_1 - x_3) x_4 - x_0 + F.
    expected = [(2 - 4) * 5 - 1 + 8, (3 - 5) * 1 - 2 + 8, (4 - 1) * 2 - 3 + 8]
    expected += [(5 - 2) * 3 - 4 + 8, (1 - 3) * 4 - 5 + 8]
    np.testing.assert_allclose(Lorenz96(points=5).tendency(x), expected)


@pytest.mark.usefixtures("double")
def test_advection_conserves_energy():
    x = jax.random.normal(jax.random.key(0), (40,))
    advection = Lorenz96(forcing=0.0).tendency(x) + x
    assert abs(float(x @ advection)) < 1e-12


@pytest.mark.parametrize("forcing", [8.0, -2.5])
def test_rest_is_a_fixed_point(forcing):
    model = Lorenz96(forcing=forcing)
    rest = np.full(model.layout.shape, forcing, np.float32)
    np.testing.assert_allclose(model.propagate(rest, 0, (6,))[0], rest, rtol=1e-6)


@pytest.mark.usefixtures("double")
def test_runge_kutta_is_of_fourth_order():
    start = on_the_attractor()[0, 0]

    def integrate(steps):
        body = lambda i, x: runge_kutta_step(Lorenz96().tendency, x, 0.2 / steps)  # noqa: E731
        return jax.lax.fori_loop(0, steps, body, start)

    exact = integrate(512)
    errors = np.array([jnp.abs(integrate(n) - exact).max() for n in (8, 16, 32)])
    np.testing.assert_allclose(np.log2(errors[:-1] / errors[1:]), 4.0, atol=0.15)


def test_one_lead_is_one_step_of_a_twentieth():
    state = on_the_attractor()
    once = runge_kutta_step(Lorenz96().tendency, state, 0.05)
    np.testing.assert_allclose(Lorenz96().propagate(state, 0, (6,))[0], once, rtol=1e-6)


def test_leads_lie_on_one_trajectory():
    model, state = Lorenz96(), on_the_attractor()
    states = model.propagate(state, 123, (0, 6, 24))
    np.testing.assert_array_equal(states[0], state)
    once = model.propagate(state, 0, (6,))[0]
    np.testing.assert_allclose(states[1], once, rtol=1e-6)
    np.testing.assert_allclose(states[2], model.propagate(once, 6, (18,))[0], rtol=1e-4)


def test_the_climate_at_f_8():
    # Lorenz and Emanuel (1998): mean 2.3, standard deviation 3.6.
    states = Lorenz96().propagate(on_the_attractor(), 0, tuple(range(6, 6 * 2001, 6)))
    assert states.mean() == pytest.approx(2.34, abs=0.1)
    assert states.std() == pytest.approx(3.64, abs=0.1)


@pytest.mark.usefixtures("double")
def test_tangent_linear_is_the_limit_of_finite_differences():
    state = on_the_attractor()
    direction = jax.random.normal(jax.random.key(1), state.shape)
    run = lambda x: Lorenz96().propagate(x, 0, (24,))[0]  # noqa: E731
    end, tangent = jax.jvp(run, (state,), (direction,))
    steps = 10.0 ** -np.arange(2, 6)
    remainders = [jnp.linalg.norm(run(state + h * direction) - end - h * tangent) for h in steps]
    slopes = -np.diff(np.log10(np.array(remainders)))
    np.testing.assert_allclose(slopes, 2.0, atol=0.05)


@pytest.mark.usefixtures("double")
def test_adjoint_is_the_transpose_of_the_tangent_linear():
    state = on_the_attractor()
    run = lambda x: Lorenz96().propagate(x, 0, (24,))[0]  # noqa: E731
    d, w = jax.random.normal(jax.random.key(2), (2, *state.shape))
    tangent = jax.jvp(run, (state,), (d,))[1]
    adjoint = jax.vjp(run, state)[1](w)[0]
    assert float(jnp.vdot(tangent, w)) == pytest.approx(float(jnp.vdot(d, adjoint)), rel=1e-12)


def test_members_equal_single_runs():
    model = Lorenz96()
    members = on_the_attractor() + jax.random.normal(jax.random.key(3), (3, 1, 1, 40))
    together = model.propagate_members(members, 0, (0, 12))
    assert together.shape == (3, 2, 1, 1, 40)
    alone = jnp.stack([model.propagate(member, 0, (0, 12)) for member in members])
    np.testing.assert_allclose(together, alone, rtol=1e-5, atol=1e-5)


def test_forecast_checks_the_state():
    model = Lorenz96(points=5)
    assert forecast(model, np.ones((2, 1, 1, 5)), "2000-01-01", [6, 12]).shape == (2, 2, 1, 1, 5)
    with pytest.raises(ValueError, match=r"shape \(1, 1, 5\) was wanted; got \(1, 1, 6\)"):
        forecast(model, np.ones((1, 1, 6)), "2000-01-01", [6])
    with pytest.raises(ValueError, match="holds NaN or infinity"):
        forecast(model, np.full((1, 1, 5), np.nan), "2000-01-01", [6])


def test_too_short_a_line_is_refused():
    with pytest.raises(ValueError, match="at least 4 points; got 3"):
        Lorenz96(points=3)


def test_importing_forecasts_does_not_import_the_embedded_world():
    code = "import sys, latentda.forecast as f; assert 'jcm' not in sys.modules; f.JcmModel"
    subprocess.run([sys.executable, "-c", code], check=True)
