import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latentda.grid import NoLevels, build_layout, regional_grid
from latentda.priors import climate_error
from tests.worlds import sigma_layout

LAYOUT = sigma_layout()


def draws(covariance, count=400):
    return np.stack([np.asarray(covariance.sample(jax.random.key(k))) for k in range(count)])


def test_it_is_the_same_at_all_longitudes_and_of_the_size_asked_for():
    found = draws(climate_error(LAYOUT, 0.7))
    np.testing.assert_allclose(found, found[..., :1] + 0.0 * found, atol=1e-6)
    weight = np.asarray(LAYOUT.grid.area_weights)
    size = np.sqrt((found**2 * weight).mean(axis=(0, 2, 3)) / weight.mean())
    np.testing.assert_allclose(size, 0.7, rtol=0.15)


def test_levels_of_a_variable_go_together_and_variables_apart():
    found = draws(climate_error(LAYOUT, 1.0, depth=2.0))[..., 0].transpose(1, 0, 2).reshape(len(LAYOUT.channels), -1)
    correlation = np.corrcoef(found)
    names = np.asarray([c.short for c in LAYOUT.channels])
    same = names[:, None] == names
    assert np.abs(correlation[~same]).max() < 0.25
    assert correlation[same].min() > 0.3


def test_other_variables_can_be_left_alone():
    found = draws(climate_error(LAYOUT, variables=("t",)), 3)
    is_t = np.asarray([c.short == "t" for c in LAYOUT.channels])
    assert np.abs(found[:, is_t]).min() > 0.0
    np.testing.assert_array_equal(found[:, ~is_t], 0.0)


def test_what_cannot_be_is_refused():
    region = build_layout(regional_grid([10.0, 20.0], [0.0, 10.0]), NoLevels(), {}, ("sp",))
    with pytest.raises(ValueError, match="around the globe"):
        climate_error(region)
    with pytest.raises(ValueError, match="must be positive"):
        climate_error(LAYOUT, 0.0)
    assert jnp.isfinite(climate_error(LAYOUT).root(climate_error(LAYOUT).zero_control())).all()
