"""Steps rolled out: those that are wanted, each decoded once."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latentda.fields import unit_standardizer
from latentda.forecast import SurrogateModel, roll_out
from latentda.grid import NoLevels, build_layout, lat_lon_grid

STARTS = jnp.asarray(np.random.default_rng(0).normal(size=(2, 2, 3, 4)))


class Halving:
    """f(a) = a / 2."""

    step_hours = 6

    def __call__(self, field):
        return 0.5 * field


class Counting:
    """A code of the first channel that counts what it encodes and decodes when it runs."""

    def __init__(self):
        self.encoded, self.decoded = [], []

    def encode(self, anomaly):
        jax.debug.callback(lambda _: self.encoded.append(1), anomaly)
        return 2.0 * anomaly[:1]

    def decode(self, latent):
        jax.debug.callback(lambda _: self.decoded.append(1), latent)
        return jnp.concatenate([0.5 * latent, jnp.zeros_like(latent)])


@pytest.mark.parametrize("steps", [(1, 2, 3), (3,), (0, 2), (0,), (2, 5), range(4)])
def test_the_steps_that_are_wanted(steps):
    found = roll_out(Halving(), STARTS, steps)
    assert found.shape == (2, len(steps), 2, 3, 4)
    for k, step in enumerate(steps):
        np.testing.assert_array_equal(found[:, k], 0.5**step * STARTS)


@pytest.mark.parametrize("steps", [(1, 2, 3), (3,), (0, 2), (0,), (2, 5)])
def test_of_codes_they_are_those_of_all_steps(steps):
    """What the code cannot carry persists."""
    every = np.asarray(roll_out(Halving(), STARTS, range(6), Counting()))
    np.testing.assert_array_equal(roll_out(Halving(), STARTS, steps, Counting()), every[:, list(steps)])
    np.testing.assert_allclose(every[:, 5, 0], STARTS[:, 0] / 32.0)
    np.testing.assert_allclose(every[:, 5, 1], STARTS[:, 1])


@pytest.mark.parametrize(("leads", "decodes"), [((48,), 2), ((6, 48), 3), ((0, 48), 2), ((0,), 0)])
def test_a_forecast_decodes_the_states_that_are_asked_for_and_its_start(leads, decodes):
    layout = build_layout(lat_lon_grid(3, 4), NoLevels(), {}, ("sp", "t2m"))
    code = Counting()
    SurrogateModel(Halving(), unit_standardizer(layout), code).propagate(STARTS[0], 0, leads)
    jax.effects_barrier()
    assert (len(code.encoded), len(code.decoded)) == (min(decodes, 1), decodes)
