"""Windows of models that JAX cannot see into: the analyses are those of the same model in JAX."""

import jax.numpy as jnp
import numpy as np
import pytest

from latentda import UserError
from latentda.assimilation import GaussNewton, Lbfgs, StrongConstraint, WeakConstraint, impact
from latentda.fields import unit_standardizer
from latentda.forecast import JaxModel, NumpyModel, OnnxModel, TorchModel
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

pytestmark = pytest.mark.usefixtures("float64")

MIXING = np.eye(POINTS) + 0.3 * np.random.default_rng(5).normal(size=(POINTS, POINTS))
BENT = 0.1
TERMS = (term_of(), term_of((1, 5), seed=4), term_of((2, 7), seed=5))


def in_jax(field, hours):
    return (MIXING @ field.ravel() + BENT * jnp.sin(field.ravel())).reshape(SHAPE)


def step(field, hours):
    return (MIXING @ field.ravel() + BENT * np.sin(field.ravel())).reshape(SHAPE)


def tangent(field, hours, direction):
    return (MIXING @ direction.ravel() + BENT * np.cos(field.ravel()) * direction.ravel()).reshape(SHAPE)


def adjoint(field, hours, weight):
    return (MIXING.T @ weight.ravel() + BENT * np.cos(field.ravel()) * weight.ravel()).reshape(SHAPE)


def host_model(function=step):
    return NumpyModel(function, layout=MODEL.layout, step_hours=6, tangent=tangent, adjoint=adjoint)


def torch_model():
    torch = pytest.importorskip("torch")

    class Bent(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.mixing = torch.nn.Parameter(torch.as_tensor(MIXING))

        def forward(self, batch):
            flat = batch.reshape(len(batch), -1)
            return (flat @ self.mixing.T + BENT * torch.sin(flat)).reshape(batch.shape)

    return TorchModel(Bent(), layout=MODEL.layout, step_hours=6)


IN_JAX = JaxModel(in_jax, layout=MODEL.layout, step_hours=6)


def strong(model):
    return StrongConstraint(model, (0, 6, 18))


def weak(model):
    return WeakConstraint(model, (0, 6, 12), ModelSpacePrior(background_error(1)), unit_standardizer(MODEL.layout))


def analysis(model, window, minimiser):
    return variational(window=window(model), minimiser=minimiser).solve(state_of(), TERMS, 0)


@pytest.mark.parametrize("build", [host_model, torch_model])
@pytest.mark.parametrize("minimiser", [GaussNewton(30, outer_loops=2, tolerance=1e-8), Lbfgs(60, tolerance=1e-8)])
def test_the_analysis_is_that_of_the_model_in_jax(build, minimiser):
    found, expected = (analysis(model, strong, minimiser) for model in (build(), IN_JAX))
    np.testing.assert_allclose(found.trajectory, expected.trajectory, rtol=1e-6, atol=1e-6)
    assert found.facts["cost_analysis"] < 0.5 * found.facts["cost_background"]


def test_a_model_that_errs_may_be_on_the_host():
    found, expected = (analysis(model, weak, GaussNewton(30)) for model in (host_model(), IN_JAX))
    np.testing.assert_allclose(found.trajectory, expected.trajectory, rtol=1e-6, atol=1e-6)


def told(model):
    method = variational(minimiser=GaussNewton(20))
    settings = {"lead_hours": 12, "truth": state_of(3), "weight": jnp.ones(SHAPE)}
    return impact(method, method.solve(state_of(), TERMS[:1], 0), TERMS[:1], 0, model=model, **settings)


@pytest.mark.parametrize("build", [host_model, torch_model])
def test_the_impact_of_data_is_that_of_the_model_in_jax(build):
    np.testing.assert_allclose(told(build()).data, told(IN_JAX).data, rtol=1e-6)


def failing(field, hours):
    raise OverflowError("too warm")


def test_a_model_that_fails_within_a_window_says_so():
    words = "The model failed. It raised OverflowError: too warm"
    with pytest.raises(UserError, match=words):
        analysis(host_model(failing), strong, GaussNewton(3))
    with pytest.raises(UserError, match=words):
        told(host_model(failing))


def test_a_network_of_onnx_has_no_derivative():
    pytest.importorskip("onnxruntime")
    with pytest.raises(UserError, match="OnnxModel has no derivative"):
        strong(object.__new__(OnnxModel))
