import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latentda.forecast import ForecastModel, JcmModel, forecast, jcm_layout, jcm_model
from latentda.grid import hours_since_1970

LEADS = (0, 6)
"""One pair of leads in every test, so that the model is compiled once."""


@pytest.fixture(scope="module")
def start(initial):
    return hours_since_1970(initial[1])


@pytest.fixture(scope="module")
def states(world, initial):
    """The state and its 6 h forecast."""
    return forecast(world, initial[0], initial[1], LEADS)


def channel_rms(layout, difference):
    return np.sqrt((difference**2 * layout.grid.area_weights).mean((-2, -1)))


def test_models_of_equal_settings_are_one_to_the_compiler():
    one, equal, other = JcmModel(), JcmModel(), jcm_model(imperfect=True)
    assert jax.tree.leaves(one) == []
    assert jax.tree.structure(one) == jax.tree.structure(equal) != jax.tree.structure(other)
    assert jax.tree.unflatten(jax.tree.structure(one), []) is one


def test_it_is_a_forecast_model(world):
    assert isinstance(world, ForecastModel)
    assert world.layout == jcm_layout()
    assert world.layout.shape == (31, 48, 96)
    assert world.surface_geopotential.shape == (48, 96)
    assert 2e4 < world.surface_geopotential.max() < 7e4


def test_lead_zero_returns_the_state(states, initial):
    np.testing.assert_array_equal(states[0], initial[0])


def test_six_hours_change_the_weather_a_little(world, states):
    assert np.isfinite(states).all()
    layout = world.layout
    change = channel_rms(layout, states[1] - states[0])
    assert 0.3 < change[layout.index("u@0.51")] < 10.0
    assert 0.1 < change[layout.index("t@0.51")] < 3.0
    assert 20.0 < change[layout.index("sp")] < 500.0
    humidity = states[:, layout.indices("q")]
    assert -1e-3 < humidity.min() < humidity.max() < 0.04


def test_another_date_compiles_nothing_but_changes_the_forecast(world, initial, states, start):
    compiled = JcmModel._propagate._cache_size()
    summer = np.asarray(world.propagate(initial[0], start + 24 * 182, LEADS))
    assert JcmModel._propagate._cache_size() == compiled
    assert channel_rms(world.layout, summer[1] - states[1]).max() > 1e-3
    np.testing.assert_array_equal(world.propagate(initial[0], start, LEADS), states)


def test_members_know_nothing_of_each_other(world, initial, states, start):
    """In another order they are the same to the last bit, and alone what a forecast is but for rounding.

    Rounding alone lets moist physics switch single columns the other way, hence the bound.
    """
    members = np.stack([initial[0], initial[0]])
    members[1, world.layout.indices("t")] += 0.5
    together = np.asarray(world.propagate_members(members, start, LEADS))
    turned = np.asarray(world.propagate_members(members[::-1], start, LEADS))
    np.testing.assert_array_equal(turned[::-1], together)
    error = channel_rms(world.layout, together[0, 1] - states[1])
    assert (error < 0.1 * channel_rms(world.layout, states[1] - states[0])).all()


def test_changed_physics_change_the_forecast(world, initial, states, start):
    imperfect = jcm_model(imperfect=True)
    assert imperfect != world
    other = np.asarray(imperfect.propagate(initial[0], start, LEADS))
    layout = world.layout
    change = channel_rms(layout, states[1] - states[0])
    error = channel_rms(layout, other[1] - states[1])
    assert np.isfinite(other).all()
    humidity = layout.index("q@0.95")
    assert 0.01 * change[humidity] < error[humidity] < 2.0 * change[humidity]


@pytest.mark.parametrize("name", ["convection.nothing", "nothing.trcnv", "trcnv"])
def test_an_unknown_parameter_is_refused(initial, name):
    with pytest.raises(ValueError, match=f"SPEEDY has no parameter '{name}'"):
        JcmModel(((name, 1.0),)).propagate(initial[0], 0, LEADS)


def test_leads_off_the_step_are_refused(world, initial):
    with pytest.raises(ValueError, match="multiples of 6 h"):
        world.propagate(initial[0], 0, (3,))


def test_surface_pressure_has_every_step_and_the_start(world, initial):
    # Shapes only: compiling the model once more would take longer than all other tests here.
    pressure = jax.eval_shape(lambda state: world.surface_pressure(state, 0, 12, 0.5), initial[0])
    assert pressure.shape == (25, 48, 96)


@pytest.mark.parametrize(("hours", "every"), [(12, 0.4), (12, 5.0), (0, 0.5)])
def test_surface_pressure_off_the_step_is_refused(world, initial, hours, every):
    with pytest.raises(ValueError, match=r"multiples of 0\.5 h"):
        world.surface_pressure(initial[0], 0, hours, every)


@pytest.fixture(scope="module")
def derivatives(world, start):
    """(x, u, w) -> (M u, M^T w), M the tangent linear of the 6 h forecast at x; compiled once for all laws."""

    def both(state, direction, cotangent):
        _, tangent = jax.linearize(lambda x: world.propagate(x, start, LEADS)[1], state)
        return tangent(direction), jax.linear_transpose(tangent, state)(cotangent)[0]

    compiled = jax.jit(both)
    return lambda *arguments: [np.float64(found) for found in compiled(*map(jnp.float32, arguments))]


def test_gradient_agrees_with_finite_differences(world, initial, start, derivatives):
    """J = <p, M(x)> and dJ/dh of x + h p, p a zonal wind of all levels that fades to the poles.

    2 %: the model computes in float32 and passes gradients straight through some of its limiters.
    """
    layout = world.layout
    direction = np.zeros(layout.shape, np.float32)
    direction[layout.indices("u")] = np.cos(np.deg2rad(layout.grid.latitude))[:, None] ** 3
    weights = layout.grid.area_weights * direction
    weights = np.float32(weights / (weights * direction).sum())
    image, gradient = derivatives(initial[0], direction, weights)
    step = 0.3
    ends = [np.float64(world.propagate(initial[0] + h * direction, start, LEADS)[1]) for h in (step, -step)]
    difference = (weights * (ends[0] - ends[1])).sum() / (2 * step)
    assert difference == pytest.approx((gradient * direction).sum(), rel=0.02)
    assert difference == pytest.approx((weights * image).sum(), rel=0.02)


def test_the_adjoint_is_that_of_the_tangent_linear_far_from_balance_too(initial, states, derivatives):
    """<M u, w> = <u, M^T w> to single precision, at a state whose noise makes some humidity negative."""
    random = np.random.default_rng(0)
    scale = (states[1] - states[0]).std((-2, -1), keepdims=True)
    noise, u, w = random.standard_normal((3, *initial[0].shape))
    disturbed = initial[0] + scale * noise
    assert (disturbed < 0)[-7:-1].any()
    image, gradient = derivatives(disturbed, scale * u, w / scale)
    assert np.isfinite(image).all()
    assert np.isfinite(gradient).all()
    norms = np.linalg.norm(image / scale) * np.linalg.norm(w)
    assert abs((image * w / scale).sum() - (u * scale * gradient).sum()) < 1e-4 * norms
