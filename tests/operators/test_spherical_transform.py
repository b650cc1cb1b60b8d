import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import sph_harm_y

from latentda.grid import Grid, gaussian_grid, lat_lon_grid, line_grid, meridian_quadrature, regional_grid
from latentda.operators import SphericalTransform
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
    "poles": lat_lon_grid(13, 24, poles=True),
    "north pole first": north_first(lat_lon_grid(12, 24, poles=True)),
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


def inner(transform, one, other):
    """Integral of a product over the unit sphere, by the grid's quadrature."""
    weights = meridian_quadrature(transform.grid).weights[:, None] * 2.0 * np.pi / transform.grid.shape[1]
    return float(np.sum(weights * np.asarray(one, float) * np.asarray(other, float)))


def test_harmonics_are_those_of_the_literature(transform):
    """Their order, norm and sign are those of stored background errors."""
    for m, n in ((0, 0), (0, 2), (1, 1), (-1, 2), (2, 3), (-3, 3)):
        spectral = np.zeros(transform.spectral_shape, np.float32)
        spectral[2 * abs(m) - (m > 0), n] = 1.0
        phi, lam = mesh(transform.grid)
        complex_one = sph_harm_y(n, abs(m), np.pi / 2 - phi, lam - lam[0, 0])
        expected = np.sqrt(1 + (m != 0)) * (complex_one.imag if m < 0 else complex_one.real)
        np.testing.assert_allclose(to_grid(transform, spectral), expected, atol=1e-6)


def test_parseval(transform):
    one, other = coefficients(transform)
    fields = to_grid(transform, np.stack([one, other]))
    assert inner(transform, fields[0], fields[1]) == pytest.approx(np.sum(one * other), abs=1e-4)


def test_analysis_is_the_transpose_of_synthesis(transform):
    """Also for fields that no truncation could hold."""
    field = np.random.default_rng(4).normal(size=transform.grid.shape).astype(np.float32)
    spectral = coefficients(transform, 1)[0]
    there = np.sum(np.asarray(to_spectral(transform, field)) * spectral)
    assert there == pytest.approx(inner(transform, field, to_grid(transform, spectral)), abs=1e-4)


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


def test_wind_across_the_poles():
    """Solid-body rotation about an axis in the equator blows over both poles."""
    transform = SphericalTransform(lat_lon_grid(13, 24, poles=True))
    phi, lam = mesh(transform.grid)
    psi = to_spectral(transform, (-20.0 * np.cos(phi) * np.cos(lam)).astype(np.float32))
    u, v = winds(transform, psi, 0.0 * psi)
    np.testing.assert_allclose(u, -20.0 * np.sin(phi) * np.cos(lam), atol=2e-4)
    np.testing.assert_allclose(v, 20.0 * np.sin(lam), atol=2e-4)


def test_what_has_no_wind_at_a_pole_stays_away():
    """A polar row that is not one wind only gives the part that is."""
    transform = SphericalTransform(lat_lon_grid(13, 24, poles=True))
    u, v = winds(transform, *coefficients(transform))
    shifted = np.asarray(u).copy()
    shifted[[0, -1]] += 5.0
    np.testing.assert_allclose(potentials(transform, shifted, v)[0], potentials(transform, u, v)[0], atol=1e-5)


@pytest.mark.parametrize(("rows", "columns", "truncation"), [(121, 240, 59), (721, 1440, 359), (720, 1440, 358)])
def test_truncation_of_usual_grids(rows, columns, truncation):
    assert SphericalTransform(lat_lon_grid(rows, columns, poles=rows % 2 == 1)).truncation == truncation


def test_winds_of_a_large_grid_with_poles():
    transform = SphericalTransform(lat_lon_grid(121, 240, poles=True))
    psi, chi = coefficients(transform) / (1.0 + np.arange(transform.spectral_shape[1])).astype(np.float32)
    found = potentials(transform, *winds(transform, psi, chi))
    np.testing.assert_allclose(found[0], psi, atol=1e-5)
    np.testing.assert_allclose(found[1], chi, atol=1e-5)


def test_north_first_is_the_flipped_result():
    south = SphericalTransform(GRIDS["gaussian"])
    north = SphericalTransform(GRIDS["north first"])
    psi, chi = coefficients(south)
    np.testing.assert_allclose(to_grid(north, psi), to_grid(south, psi)[::-1], atol=1e-6)
    for first, second in zip(winds(north, psi, chi), winds(south, psi, chi), strict=True):
        np.testing.assert_allclose(first, second[::-1], atol=1e-5)
    field = np.asarray(to_grid(south, psi))
    np.testing.assert_allclose(to_spectral(north, field[::-1]), to_spectral(south, field), atol=1e-6)


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
        Grid((-60.0, -10.0, 10.0, 60.0), tuple(range(0, 360, 45))),
    ],
    ids=["regional", "line", "uneven"],
)
def test_grids_without_a_quadrature_are_refused(grid):
    with pytest.raises(ValueError, match="Spherical harmonics need"):
        SphericalTransform(grid)
