import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latentda.grid import Grid, gaussian_grid, lat_lon_grid, line_grid, regional_grid
from latentda.operators import (
    SphericalBlocks,
    SphericalTransform,
    estimate_spherical_blocks,
)
from tests.worlds import north_first

DATE_LINE = Grid(
    gaussian_grid(8, 16).latitude,
    tuple((np.arange(16) * 22.5 - 180.0 + 7.5).tolist()),
    kind="gaussian",
)
GRIDS = {
    "gaussian": gaussian_grid(8, 16),
    "north first": north_first(gaussian_grid(8, 16)),
    "from the date line": DATE_LINE,
    "lat-lon": lat_lon_grid(12, 24),
    "few rows": gaussian_grid(6, 24),
}

winds = eqx.filter_jit(lambda transform, psi, chi: transform.winds(psi, chi))
potentials = eqx.filter_jit(lambda transform, u, v: transform.potentials(u, v))
to_spectral = eqx.filter_jit(lambda transform, field: transform.to_spectral(field))
to_grid = eqx.filter_jit(lambda transform, spectral: transform.to_grid(spectral))


@pytest.fixture(params=GRIDS.values(), ids=GRIDS.keys())
def transform(request):
    return SphericalTransform(request.param)


def coefficients(transform, count=2, seed=0):
    """Random harmonics without a global mean, which potentials do not have."""
    shape = (count, *transform.spectral_shape)
    spectral = np.random.default_rng(seed).normal(size=shape) * transform.mask
    spectral[..., 0] = 0.0
    return spectral.astype(np.float32)


def mesh(grid):
    """Latitude and longitude in radians of every grid point."""
    return np.deg2rad(np.meshgrid(grid.latitude, grid.longitude, indexing="ij"))


def test_round_trip(transform):
    spectral = coefficients(transform)
    field = to_grid(transform, spectral)
    assert field.shape == (2, *transform.grid.shape)
    np.testing.assert_allclose(to_spectral(transform, field), spectral, atol=3e-6)


def test_harmonics_are_orthonormal_on_the_unit_sphere(transform):
    spectral = coefficients(transform, 1)
    field = np.asarray(to_grid(transform, spectral)[0], float)
    mean_square = np.mean(field**2 * transform.grid.area_weights)
    # Lat-lon weights are the cells' areas, a rougher quadrature than the transform's.
    close = 1e-5 if transform.grid.kind == "gaussian" else 2e-2
    assert 4 * np.pi * mean_square == pytest.approx(np.sum(spectral.astype(float) ** 2), rel=close)


def test_solid_body_rotation(transform):
    latitude, _ = mesh(transform.grid)
    psi = to_spectral(transform, (-30.0 * np.sin(latitude)).astype(np.float32))
    u, v = winds(transform, psi, 0.0 * psi)
    np.testing.assert_allclose(u, 30.0 * np.cos(latitude), atol=30.0 * 1e-5)
    np.testing.assert_allclose(v, 0.0, atol=30.0 * 1e-5)


def test_winds_by_hand(transform):
    phi, lam = mesh(transform.grid)
    psi = to_spectral(transform, (5.0 * np.cos(phi) * np.sin(lam)).astype(np.float32))
    chi = to_spectral(transform, (3.0 * np.cos(phi) * np.cos(lam)).astype(np.float32))
    u, v = winds(transform, psi, chi)
    np.testing.assert_allclose(u, 5.0 * np.sin(phi) * np.sin(lam) - 3.0 * np.sin(lam), atol=1e-4)
    np.testing.assert_allclose(v, 5.0 * np.cos(lam) - 3.0 * np.sin(phi) * np.cos(lam), atol=1e-4)


def test_potentials_undo_winds(transform):
    psi, chi = coefficients(transform)
    found = potentials(transform, *winds(transform, psi, chi))
    np.testing.assert_allclose(found[0], psi, atol=1e-5)
    np.testing.assert_allclose(found[1], chi, atol=1e-5)


def test_north_first_is_the_flipped_result():
    south = SphericalTransform(GRIDS["gaussian"])
    north = SphericalTransform(GRIDS["north first"])
    psi, chi = coefficients(south)
    np.testing.assert_array_equal(to_grid(north, psi), to_grid(south, psi)[::-1])
    for first, second in zip(winds(north, psi, chi), winds(south, psi, chi), strict=True):
        np.testing.assert_array_equal(first, second[::-1])
    field = np.asarray(to_grid(south, psi))
    np.testing.assert_array_equal(to_spectral(north, field[::-1]), to_spectral(south, field))


def test_one_process_may_change_its_precision():
    transform = SphericalTransform(gaussian_grid(6, 12))
    spectral = coefficients(transform)

    def round_trip():
        psi = jnp.asarray(spectral, float)
        u, v = transform.winds(psi[0], psi[1])
        return transform.to_spectral(transform.to_grid(psi)), transform.potentials(u, v)

    for double in (False, True, False):
        with jax.enable_x64(double):
            error = [np.abs(a - b).max() for a, b in zip(round_trip(), (spectral,) * 2, strict=True)]
            assert max(error) < (1e-13 if double else 1e-5)


@pytest.mark.parametrize(
    "grid",
    [
        regional_grid([40.0, 50.0], [0.0, 10.0, 20.0]),
        line_grid(12),
        lat_lon_grid(9, 16, poles=True),
        Grid((-60.0, -10.0, 10.0, 60.0), tuple(range(0, 360, 45))),
    ],
    ids=["regional", "line", "poles", "uneven"],
)
def test_grids_without_a_quadrature_are_refused(grid):
    with pytest.raises(ValueError, match="Spherical harmonics need"):
        SphericalTransform(grid)


def isotropic(transform):
    """A known covariance across two channels: correlated, of falling variance."""
    n = np.arange(transform.spectral_shape[1])
    power = np.where(n > 0, 1.0, 0.3) / (1.0 + n) ** 3
    variance = np.sum((2 * n + 1) * power * (n <= transform.truncation)) / (4 * np.pi)
    root = np.sqrt(power / variance)[:, None, None] * np.array([[1.0, 0.0], [0.6, 0.8]])
    sd = np.array([2.0, 0.5])[:, None, None] * np.ones((1, transform.grid.shape[0], 1))
    return SphericalBlocks(jnp.asarray(root, jnp.float32), jnp.asarray(sd, jnp.float32), transform)


def covariance_with(covariance, channel, row, column):
    unit = np.zeros((2, *covariance.transform.grid.shape), np.float32)
    unit[channel, row, column] = 1.0
    return np.asarray(covariance.apply(unit))


def test_isotropic_covariance_by_hand():
    transform = SphericalTransform(gaussian_grid(8, 16))
    covariance = isotropic(transform)
    found = covariance_with(covariance, 1, 5, 3)
    assert found[1, 5, 3] == pytest.approx(0.25, rel=1e-4)
    assert found[0, 5, 3] == pytest.approx(0.6 * 2.0 * 0.5, rel=1e-4)
    # The addition theorem: correlations depend on the distance alone.
    phi, lam = mesh(transform.grid)
    cosine = np.sin(phi) * np.sin(phi[5, 3])
    cosine += np.cos(phi) * np.cos(phi[5, 3]) * np.cos(lam - lam[5, 3])
    power = np.asarray(covariance.blocks[:, 0, 0], float) ** 2
    n = np.arange(transform.truncation + 1)
    series = (2 * n + 1) * power[: n.size] / (4 * np.pi)
    expected = np.polynomial.legendre.legval(cosine, series)
    np.testing.assert_allclose(found[1] / 0.25, expected, atol=1e-5)


def test_estimate_recovers_an_isotropic_covariance():
    transform, count = SphericalTransform(gaussian_grid(8, 16)), 1000
    truth = isotropic(transform)
    white = np.random.default_rng(3).normal(size=(count, 2, *transform.spectral_shape))
    samples = np.asarray(jax.vmap(truth.root)(jnp.asarray(white, jnp.float32)))
    found = estimate_spherical_blocks(samples, transform)
    sd = np.array([2.0, 0.5])[:, None, None]
    for at in [(0, 1, 0), (1, 5, 7)]:
        error = covariance_with(found, *at) - covariance_with(truth, *at)
        assert np.abs(error / sd / sd[at[0]]).max() < 5.0 * np.sqrt(2.0 / count)


def test_a_channel_that_never_varies_is_refused():
    samples = np.random.default_rng(0).normal(size=(5, 2, 8, 16))
    samples[:, 0] = 0.0
    with pytest.raises(ValueError, match="never varies"):
        estimate_spherical_blocks(samples, SphericalTransform(gaussian_grid(8, 16)))
