import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest

from latentda.grid import gaussian_grid, mass_shares
from latentda.networks import IdentityCode
from latentda.training import Objective, ObjectiveSettings
from latentda.training.objective import column_divergence
from tests.worlds import sigma_layout

GRID = gaussian_grid(4, 6)
SHAPE = (2, *GRID.shape)
BATCH = np.random.default_rng(0).normal(size=(3, 2, *SHAPE)).astype(np.float32)
VARIANCE = np.random.default_rng(1).uniform(0.5, 2.0, size=SHAPE[:2])


class Affine(eqx.Module):
    """D(E(a)) = f a + c."""

    factor: float
    offset: float
    latent_shape: tuple = SHAPE

    def encode(self, anomaly):
        return self.factor * anomaly + self.offset

    def decode(self, latent):
        return latent


def objective(**settings):
    weights = jnp.asarray(GRID.latitude_weights, jnp.float32)
    return Objective(weights, jnp.asarray(1.0 / VARIANCE, jnp.float32), ObjectiveSettings(**settings))


def test_the_equation():
    area, s2 = GRID.area_weights, VARIANCE[..., None]
    states = np.mean((0.3 * BATCH - 0.1) ** 2 * area)
    change = BATCH[:, 1] - BATCH[:, 0]
    differences = np.mean((0.3 * change) ** 2 * area / s2)
    found = float(objective(reconstruction=0.7, difference=0.2)(Affine(1.3, -0.1), BATCH))
    assert found == pytest.approx(0.7 * states + 0.2 * differences, rel=1e-5)


def test_without_differences_single_states_are_enough():
    alone = objective(reconstruction=1.0, difference=0.0)
    assert float(alone(Affine(0.0, 0.0), BATCH[:, :1])) == pytest.approx(
        np.mean(BATCH[:, 0] ** 2 * GRID.area_weights), rel=1e-5
    )


def test_what_cancels_in_an_increment_costs_no_difference():
    shifted = Affine(1.0, 5.0)
    assert float(objective(reconstruction=0.0, difference=1.0)(shifted, BATCH)) == pytest.approx(0.0, abs=1e-9)
    assert float(objective(reconstruction=1.0, difference=0.0)(shifted, BATCH)) == pytest.approx(25.0, rel=1e-4)


def test_the_identity_is_perfect():
    assert float(objective()(IdentityCode(SHAPE), BATCH)) == 0.0


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"difference": -1.0}, "must not be negative"),
        ({"reconstruction": 0.0, "difference": 0.0}, "one of them must be positive"),
        ({"lag_hours": 0}, "lag_hours is 0"),
    ],
)
def test_wrong_settings_are_named(settings, words):
    with pytest.raises(ValueError, match=words):
        ObjectiveSettings(**settings)


LAYOUT = sigma_layout()
WINDY = np.random.default_rng(3).normal(size=(4, 2, *LAYOUT.shape)).astype(np.float32)
SCALE = np.linspace(1.0, 3.0, len(LAYOUT.channels))


def balanced(weight):
    weights = jnp.asarray(LAYOUT.grid.latitude_weights, jnp.float32)
    settings = ObjectiveSettings(reconstruction=0.0, difference=1e-9, divergence=weight)
    term = column_divergence([WINDY[:2], WINDY[2:]], LAYOUT, SCALE)
    return Objective(weights, jnp.ones(LAYOUT.shape[:2]), settings, term)


def test_a_code_that_loses_all_divergence_loses_its_whole_weight():
    """Both parts of the term are shares of variance, so nothing explained costs b."""
    nothing = Affine(0.0, 0.0, LAYOUT.shape)
    assert float(balanced(0.4)(nothing, WINDY)) == pytest.approx(0.4, rel=1e-4)
    assert float(balanced(0.4)(Affine(0.5, 0.0, LAYOUT.shape), WINDY)) == pytest.approx(0.1, rel=1e-4)


def test_the_mean_of_a_column_weighs_its_levels_by_mass():
    term = column_divergence([WINDY], LAYOUT, SCALE)
    found = term(jnp.asarray(WINDY[0, 1] - WINDY[0, 0]))
    shares = mass_shares(LAYOUT.vertical, LAYOUT.levels_of("u"))
    np.testing.assert_allclose(found[-1], np.tensordot(shares, found[:-1], 1), atol=1e-9)


def test_divergence_without_differences_is_refused():
    with pytest.raises(ValueError, match="divergence is that of differences"):
        ObjectiveSettings(reconstruction=1.0, difference=0.0, divergence=0.1)
