"""Models on the host: called as they are, and as callbacks of compiled code with both kinds of derivative."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latentda import UserError
from latentda.forecast import JaxModel, NumpyModel, host_failures_told
from latentda.grid import NoLevels, build_layout, lat_lon_grid

LAYOUT = build_layout(lat_lon_grid(3, 4), NoLevels(), {}, ("sp", "t2m"))
STATES = np.random.default_rng(0).normal(size=(3, *LAYOUT.shape)).astype(np.float32)
MIXING = np.random.default_rng(1).normal(size=(LAYOUT.shape[0] * 12,) * 2).astype(np.float32) / 24.0


def mixed(matrix, field):
    return (matrix @ field.reshape(-1)).reshape(field.shape)


def step(field, hours):
    return np.sin(mixed(MIXING, field))


def tangent(field, hours, direction):
    return np.cos(mixed(MIXING, field)) * mixed(MIXING, direction)


def adjoint(field, hours, weight):
    return mixed(MIXING.T, np.cos(mixed(MIXING, field)) * weight)


def on_host(function=step, **derivative):
    return NumpyModel(function, layout=LAYOUT, step_hours=6, **derivative)


HOST = on_host(tangent=tangent, adjoint=adjoint)
IN_JAX = JaxModel(lambda field, hours: jnp.sin(mixed(MIXING, field)), layout=LAYOUT, step_hours=6)


def residual(model):
    return lambda x: model.propagate(x, 0, (6, 18))


def test_host_and_jax_make_the_same_forecast():
    np.testing.assert_allclose(
        HOST.propagate_members(STATES, 0, (0, 6, 18)), IN_JAX.propagate_members(STATES, 0, (0, 6, 18)), atol=1e-6
    )


def test_a_forecast_is_the_same_within_compiled_code():
    compiled = jax.jit(lambda x: HOST.propagate_members(x, 0, (6, 18)))(STATES)
    np.testing.assert_array_equal(compiled, HOST.propagate_members(STATES, 0, (6, 18)))


def test_forward_and_reverse_mode_are_those_of_jax():
    point, direction = STATES[:2]
    pushed, pulled = [], []
    for model in (HOST, IN_JAX):
        pushed.append(jax.jit(lambda x, d, m=model: jax.jvp(residual(m), (x,), (d,))[1])(point, direction))
        pulled.append(jax.jit(jax.grad(lambda x, m=model: jnp.sum(residual(m)(x) ** 2)))(point))
    np.testing.assert_allclose(*pushed, atol=1e-6)
    np.testing.assert_allclose(*pulled, atol=1e-6)


def test_a_linearisation_has_a_transpose():
    _, push = jax.linearize(residual(HOST), jnp.asarray(STATES[0]))
    weight = jnp.asarray(np.random.default_rng(2).normal(size=(2, *LAYOUT.shape)), jnp.float32)
    (pulled,) = jax.linear_transpose(push, STATES[1])(weight)
    assert float(jnp.vdot(push(STATES[1]), weight)) == pytest.approx(float(jnp.vdot(STATES[1], pulled)), rel=1e-5)


def test_a_function_may_change_the_field_it_is_given():
    def in_place(field, hours):
        field += 1.0
        return field

    before = STATES[0].copy()
    np.testing.assert_allclose(on_host(in_place).propagate(STATES[0], 0, (0, 12)), [before, before + 2.0], rtol=1e-6)
    np.testing.assert_array_equal(STATES[0], before)


def test_the_function_is_told_the_time():
    model = on_host(lambda field, hours: np.full_like(field, hours))
    assert np.asarray(model.propagate(STATES[0], 100, (6, 18)))[:, 0, 0, 0].tolist() == [100.0, 112.0]


def test_double_precision_is_taken_in_the_state_s():
    found = on_host(lambda field, hours: field.astype(np.float64)).propagate(STATES[0], 0, (6,))
    assert found.dtype == np.float32


def test_a_derivative_that_is_not_there_is_refused_in_a_sentence():
    with pytest.raises(UserError, match="NumpyModel has no derivative: use 3D-Var or an ensemble method, or give"):
        jax.grad(lambda x: jnp.sum(residual(on_host())(x)))(STATES[0])


def test_tangent_and_adjoint_come_together():
    with pytest.raises(UserError, match="both a tangent and an adjoint"):
        on_host(tangent=tangent)


def failing(field, hours):
    raise KeyError("ice")


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (failing, "raised KeyError: 'ice'"),
        (lambda field, hours: field[0], r"has the shape \(3, 4\), and \(2, 3, 4\) was wanted"),
        (lambda field, hours: None, r"has the shape \(\), and \(2, 3, 4\) was wanted"),
        (lambda field, hours: field > 0, "of type bool, and float32 was wanted"),
    ],
)
def test_what_fails_is_a_sentence_outside_and_within_compiled_code(function, words):
    model = on_host(function)
    with pytest.raises(UserError, match=words):
        model.propagate(STATES[0], 0, (6,))
    with pytest.raises(UserError, match=words), host_failures_told():
        jax.jit(lambda x: model.propagate(x, 0, (6,)))(STATES[0]).block_until_ready()


def test_other_errors_of_jax_stay_what_they_are():
    def boom(x):
        raise RuntimeError("not a model")

    shape = jax.ShapeDtypeStruct((), jnp.float32)
    with pytest.raises(jax.errors.JaxRuntimeError), host_failures_told():
        jax.jit(lambda x: jax.pure_callback(boom, shape, x))(1.0).block_until_ready()


@pytest.mark.parametrize("hours", [0, -6])
def test_a_step_has_a_length(hours):
    with pytest.raises(UserError, match="a step of at least 1 h"):
        NumpyModel(step, layout=LAYOUT, step_hours=hours)
