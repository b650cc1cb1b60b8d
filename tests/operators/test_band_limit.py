import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest

from latentda.grid import EARTH_RADIUS, gaussian_grid, lat_lon_grid, regional_grid
from latentda.operators import BandLimit
from tests.worlds import pressure_layout, sigma_layout

LAYOUT = sigma_layout(lat_lon_grid(12, 24))
SCALE = np.random.default_rng(0).uniform(0.5, 3.0, len(LAYOUT.channels)).astype(np.float32)
NOISE = np.random.default_rng(1).normal(size=LAYOUT.shape).astype(np.float32)


@pytest.fixture(scope="module")
def band_limit():
    return BandLimit(LAYOUT, SCALE)


project = eqx.filter_jit(lambda limit, a: limit(a))
divergence = eqx.filter_jit(lambda limit, a: limit.divergence(a))


def test_it_is_a_linear_projection(band_limit):
    once = project(band_limit, NOISE)
    assert np.std(NOISE - once) > 0.3
    np.testing.assert_allclose(project(band_limit, once), once, atol=2e-5)
    twice = project(band_limit, 2.0 * NOISE + NOISE[::-1])
    np.testing.assert_allclose(twice, 2.0 * once + project(band_limit, NOISE[::-1]), atol=1e-4)


def test_what_lies_within_the_band_stays(band_limit):
    transform = band_limit.transform
    smooth = jnp.zeros((2, *transform.spectral_shape)).at[:, 3, 4].set(1.0)
    u, v = transform.winds(smooth, 0.3 * smooth)
    state = jnp.zeros(LAYOUT.shape).at[LAYOUT.indices("u")].set(u).at[LAYOUT.indices("v")].set(v)
    state = state.at[LAYOUT.indices("t")].set(transform.to_grid(smooth)) / SCALE[:, None, None]
    np.testing.assert_allclose(project(band_limit, state), state, atol=1e-5)


def test_divergence_is_that_of_the_potential_alone(band_limit):
    transform = band_limit.transform
    rotating = jnp.zeros(transform.spectral_shape).at[2, 3].set(1.0)
    diverging = jnp.zeros(transform.spectral_shape).at[3, 4].set(1.0)
    u, v = transform.winds(rotating, diverging)
    state = jnp.zeros(LAYOUT.shape).at[LAYOUT.indices("u")].set(u).at[LAYOUT.indices("v")].set(v)
    found = divergence(band_limit, state / SCALE[:, None, None])
    expected = -4 * 5 * transform.to_grid(diverging) / EARTH_RADIUS
    np.testing.assert_allclose(found, np.broadcast_to(expected, found.shape), atol=1e-5 * np.abs(expected).max())


def test_layouts_it_cannot_serve_are_refused():
    with pytest.raises(ValueError, match="both wind components"):
        BandLimit(sigma_layout(names="utq"), np.ones(7))
    with pytest.raises(ValueError, match="global grid"):
        BandLimit(pressure_layout(regional_grid(np.arange(30.0, 60.0, 2.0), np.arange(0.0, 40.0, 2.0))), np.ones(13))
    assert BandLimit(sigma_layout(gaussian_grid(8, 16)), np.ones(9)).transform.truncation == 5
