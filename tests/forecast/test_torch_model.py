"""A network of PyTorch as a model: its forecast and both kinds of derivative."""

import jax
import numpy as np
import pytest

from latentda.fields import unit_standardizer
from latentda.forecast import TorchModel
from latentda.grid import NoLevels, build_layout, lat_lon_grid
from latentda.runs.identity import digest
from tests.worlds import check_linearisation

torch = pytest.importorskip("torch")

LAYOUT = build_layout(lat_lon_grid(4, 6), NoLevels(), {}, ("sp", "t2m"))
STATES = np.random.default_rng(0).normal(size=(2, *LAYOUT.shape))


def network(dtype=torch.float64, seed=0):
    torch.manual_seed(seed)
    around = {"padding": 1, "padding_mode": "circular"}
    layers = (
        torch.nn.Conv2d(2, 5, 3, **around),
        torch.nn.Tanh(),
        torch.nn.Dropout(0.5),
        torch.nn.Conv2d(5, 2, 3, **around),
    )
    return torch.nn.Sequential(*layers).to(dtype)


def model(**settings):
    return TorchModel(network(**settings), layout=LAYOUT, step_hours=6)


def test_a_forecast_is_the_network_s_again_and_again(float64):
    net = network().eval()
    once = net(torch.as_tensor(STATES[:1]))
    found = model().propagate(STATES[0], 0, (6, 12))
    np.testing.assert_allclose(found, torch.cat([once, net(once)]).detach().numpy(), rtol=1e-12)


def test_members_are_single_forecasts(float64):
    together = model().propagate_members(STATES, 0, (6, 12))
    np.testing.assert_allclose(together, [model().propagate(state, 0, (6, 12)) for state in STATES], rtol=1e-12)


@pytest.mark.parametrize("standardizer", [None, unit_standardizer(LAYOUT)])
def test_tangent_and_adjoint(float64, standardizer):
    one = TorchModel(network(), layout=LAYOUT, step_hours=6, standardizer=standardizer)
    check_linearisation(lambda x: one.propagate(x, 0, (6, 18)), *STATES)


def test_single_precision_stays():
    found = jax.jit(lambda x: model(dtype=torch.float32).propagate(x, 0, (6,)))(STATES[0].astype(np.float32))
    assert found.dtype == np.float32


def test_weights_tell_one_network_from_another():
    assert digest(model()) == digest(model())
    assert digest(model()) != digest(model(seed=1))
