"""The surrogate as a forecast model: anomalies go on, in the climatology of the time they reach."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latentda.fields import Climatology, Standardizer
from latentda.forecast import ForecastModel, SurrogateModel
from latentda.grid import NoLevels, build_layout, hours_since_1970, lat_lon_grid
from latentda.networks import IdentityCode
from tests.worlds import check_linearisation

LAYOUT = build_layout(lat_lon_grid(3, 4), NoLevels(), {}, ("sp", "t2m"))
START = hours_since_1970("2000-03-01T12")
STATES = np.random.default_rng(0).normal(size=(3, *LAYOUT.shape)).astype(np.float32)


class Damping:
    """F(a) = factor * a."""

    def __init__(self, factor, step_hours=24):
        self.factor, self.step_hours = factor, step_hours

    def __call__(self, anomaly):
        return self.factor * anomaly


def seasons():
    coefficients = np.random.default_rng(1).normal(size=(3, *LAYOUT.shape)).astype(np.float32)
    return Standardizer(Climatology(jnp.asarray(coefficients), 1, 0), jnp.asarray([2.0, 0.5]), LAYOUT)


def test_it_is_a_forecast_model():
    model = SurrogateModel(Damping(1.0, 6), seasons())
    assert isinstance(model, ForecastModel)
    assert (model.layout, model.step_hours) == (LAYOUT, 6)


def test_an_idle_network_is_persistence_of_anomalies():
    model, scale = SurrogateModel(Damping(1.0), seasons()), seasons()
    found = model.propagate(STATES[0], START, (0, 24, 2400))
    np.testing.assert_allclose(found[0], STATES[0], atol=1e-5)
    for state, lead in zip(found, (0, 24, 2400), strict=True):
        before, after = scale.to_anomaly(STATES[0], START), scale.to_anomaly(state, START + lead)
        np.testing.assert_allclose(after, before, atol=1e-5)
    assert float(jnp.abs(found[2] - STATES[0]).max()) > 0.1


def test_k_steps_are_k_applications():
    scale = seasons()
    found = SurrogateModel(Damping(0.5), scale).propagate(STATES[0], START, (24, 72))
    expected = scale.to_physical(0.125 * scale.to_anomaly(STATES[0], START), START + 72)
    np.testing.assert_allclose(found[1], expected, atol=1e-5)


def test_two_legs_are_one_forecast():
    model = SurrogateModel(Damping(0.7), seasons())
    half = model.propagate(STATES[0], START, (24,))[0]
    np.testing.assert_allclose(
        model.propagate(half, START + 24, (24,))[0], model.propagate(STATES[0], START, (48,))[0], atol=1e-5
    )


def test_members_equal_single_runs():
    model = SurrogateModel(Damping(0.5), seasons())
    together = model.propagate_members(STATES, START, (24, 48))
    alone = np.stack([model.propagate(state, START, (24, 48)) for state in STATES])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_leads_off_the_step_are_refused():
    with pytest.raises(ValueError, match="multiples of 24 h"):
        SurrogateModel(Damping(1.0), seasons()).propagate(STATES[0], START, (36,))


def test_tangent_and_adjoint(float64):
    class Bend(Damping):
        def __call__(self, anomaly):
            return anomaly + self.factor * jnp.tanh(anomaly)

    model = SurrogateModel(Bend(0.3), jax.tree.map(lambda leaf: leaf.astype(jnp.float64), seasons()))
    point, direction = STATES[:2].astype(np.float64)
    check_linearisation(lambda x: model.propagate(x, START, (24, 48)), point, direction)


class Halves:
    """A code of the first of two channels, doubled."""

    def encode(self, anomaly):
        return 2.0 * anomaly[:1]

    def decode(self, latent):
        return jnp.concatenate([0.5 * latent, jnp.zeros_like(latent)])


def test_a_step_of_codes_moves_what_the_code_carries_and_the_rest_persists():
    scale = seasons()
    found = SurrogateModel(Damping(0.5), scale, Halves()).propagate(STATES[0], START, (0, 24, 72))
    start = scale.to_anomaly(STATES[0], START)
    for state, lead, factor in zip(found, (0, 24, 72), (1.0, 0.5, 0.125), strict=True):
        anomaly = scale.to_anomaly(state, START + lead)
        np.testing.assert_allclose(anomaly[0], factor * start[0], atol=1e-5)
        np.testing.assert_allclose(anomaly[1], start[1], atol=1e-5)


def test_an_identity_code_changes_nothing():
    plain, coded = (SurrogateModel(Damping(0.6), seasons(), code) for code in (None, IdentityCode(LAYOUT.shape)))
    found = [model.propagate_members(STATES, START, (24, 48)) for model in (plain, coded)]
    np.testing.assert_allclose(found[0], found[1], atol=1e-5)
