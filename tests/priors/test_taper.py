"""Roots of tapers: they square to the taper, with ones on its diagonal, on any grid."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latentda.grid import NoLevels, build_layout, gaussian_grid, great_circle_km, lat_lon_grid, line_grid, regional_grid
from latentda.operators import Dense, gaspari_cohn
from latentda.priors import ZonalTaper, horizontal_taper, vertical_taper
from latentda.priors.taper import taper_matrix, taper_root
from tests.worlds import pressure_layout, sigma_layout

T31 = gaussian_grid(48, 96)
REGION = regional_grid([60.0, 54.0, 48.0, 42.0], [-12.0, -3.0, 6.0, 15.0, 24.0])


def places(grid):
    return np.asarray(grid.latitude), np.asarray(grid.longitude)


def squared(covariance):
    """L L^T."""
    zero = covariance.zero_control()
    units = np.eye(zero.size, dtype=np.float32).reshape(-1, *zero.shape)
    columns = np.asarray(jax.jit(jax.vmap(covariance.root))(units), np.float64).reshape(zero.size, -1)
    return columns.T @ columns


@pytest.mark.parametrize(
    ("grid", "radius"),
    [
        (gaussian_grid(12, 24), 2500.0),
        (lat_lon_grid(13, 25, poles=True), 4000.0),
        (lat_lon_grid(13, 25, poles=True), 30_000.0),
        (line_grid(40), 6000.0),
    ],
)
def test_on_even_longitudes_waves_carry_the_taper(grid, radius):
    found = horizontal_taper(*places(grid), radius)
    assert isinstance(found, ZonalTaper)
    product = squared(found)
    np.testing.assert_allclose(np.diag(product), 1.0, atol=1e-6)
    np.testing.assert_allclose(product, taper_matrix(*places(grid), radius), atol=0.02)


@pytest.mark.parametrize("radius", [1000.0, 2000.0, 4000.0])
def test_a_global_grid_of_moderate_size_needs_few_numbers(radius):
    found = horizontal_taper(*places(T31), radius)
    # Smooth weights: the control vector is as long as the taper is wide, not as the grid is fine.
    assert found.zero_control().size <= 96 * 48 * min(1.0, 1500.0 / radius)
    phi, lam = np.meshgrid(*places(T31), indexing="ij")
    for place in [(0, 0), (9, 50), (23, 95)]:
        column = eqx.filter_jit(found.apply)(jnp.zeros(T31.shape).at[place].set(1.0))
        wanted = gaspari_cohn(great_circle_km(phi, lam, phi[place], lam[place]), radius)
        np.testing.assert_allclose(column, wanted, atol=0.015)


@pytest.mark.parametrize("radius", [1000.0, 2500.0, 6000.0])
def test_in_a_region_nodes_carry_the_taper(radius):
    found = horizontal_taper(*places(REGION), radius)
    assert isinstance(found, Dense)
    product = squared(found)
    np.testing.assert_allclose(np.diag(product), 1.0, atol=1e-6)
    np.testing.assert_allclose(product, taper_matrix(*places(REGION), radius), atol=0.02)


@pytest.mark.parametrize("radius", [5000.0, 8000.0])
def test_nodes_carry_the_taper_around_the_globe_and_over_the_poles(radius):
    grid = lat_lon_grid(19, 36, poles=True)
    root = taper_root(*places(grid), radius)
    assert root.shape[-1] < 0.6 * root.shape[0] * root.shape[1]
    flat = root.reshape(-1, root.shape[-1])
    np.testing.assert_allclose(np.sum(flat**2, axis=1), 1.0, rtol=1e-5)
    np.testing.assert_allclose(flat @ flat.T, taper_matrix(*places(grid), radius), atol=0.02)


def test_an_infinite_radius_tapers_nothing():
    for grid in (REGION, gaussian_grid(4, 8)):
        np.testing.assert_array_equal(squared(horizontal_taper(*places(grid), np.inf)), 1.0)
    np.testing.assert_array_equal(vertical_taper(sigma_layout(), np.inf), 1.0)


def heights(layout):
    ground = {"sigma": 1.0, "hPa": 1000.0}[layout.vertical.units]
    return np.log([ground if channel.level is None else channel.level for channel in layout.channels])


@pytest.mark.parametrize("layout", [sigma_layout(levels=(0.1, 0.3, 0.5, 0.7, 0.9)), pressure_layout()])
@pytest.mark.parametrize("radius", [0.05, 0.7, 2.0])
def test_levels_are_tapered_in_the_logarithm_of_pressure(layout, radius):
    root = np.asarray(vertical_taper(layout, radius), np.float64)
    z = heights(layout)
    np.testing.assert_allclose(root @ root.T, gaspari_cohn(z[:, None] - z, radius), atol=0.015)
    np.testing.assert_allclose(np.sum(root**2, axis=1), 1.0, atol=1e-6)


def test_without_levels_all_stands_at_the_ground():
    layout = build_layout(line_grid(8), NoLevels(), {}, ("u", "t2m"))
    root = np.asarray(vertical_taper(layout, 1.0))
    np.testing.assert_allclose(root @ root.T, 1.0, atol=1e-6)


@pytest.mark.parametrize("radius", [0.0, -1.0, np.nan])
def test_a_radius_is_positive(radius):
    with pytest.raises(ValueError, match="radius of localisation is positive"):
        horizontal_taper(*places(REGION), radius)
    with pytest.raises(ValueError, match="radius of localisation is positive"):
        vertical_taper(sigma_layout(), radius)
