"""Parseval: spectra sum to area means; single harmonics stand alone."""

import jax
import numpy as np
import pytest

from latentda.grid import gaussian_grid, lat_lon_grid, regional_grid
from latentda.operators import SphericalTransform
from latentda.verification import kinetic_energy_spectrum, variance_spectrum
from tests.worlds import north_first

GRID = gaussian_grid(12, 24)


def winds(grid, *, rotational=True, divergent=True):
    """Random winds within the truncation, on three levels."""
    with jax.enable_x64(True):
        transform = SphericalTransform(grid)
        shape = (2, 3, *transform.spectral_shape)
        psi, chi = np.random.default_rng(2).normal(size=shape) * transform.mask
        return [np.asarray(part) for part in transform.winds(rotational * psi, divergent * chi)]


def area_mean(field, grid):
    return (field * grid.area_weights).mean((-2, -1))


@pytest.mark.parametrize("grid", [GRID, north_first(GRID)])
def test_kinetic_energy_sums_to_its_area_mean(grid):
    u, v = winds(grid)
    spectrum = kinetic_energy_spectrum(u, v, grid)
    np.testing.assert_allclose(spectrum.total.sum(-1), area_mean(0.5 * (u**2 + v**2), grid), rtol=1e-10)
    assert spectrum.total.shape == (3, SphericalTransform(grid).truncation + 1)


def test_rotation_and_divergence_are_told_apart():
    turning = kinetic_energy_spectrum(*winds(GRID, divergent=False), GRID)
    assert turning.divergent.sum() < 1e-12 * turning.rotational.sum()
    spreading = kinetic_energy_spectrum(*winds(GRID, rotational=False), GRID)
    assert spreading.rotational.sum() < 1e-12 * spreading.divergent.sum()


def test_solid_rotation_has_wavenumber_one():
    u = 10.0 * np.cos(np.deg2rad(GRID.latitude))[:, None] * np.ones(24)
    total = kinetic_energy_spectrum(u, np.zeros(GRID.shape), GRID).total
    assert total[1] == pytest.approx(100.0 / 3.0)
    assert total.sum() == pytest.approx(total[1])


def test_variance_sums_to_the_mean_square():
    field = winds(GRID)[0] + 3.0
    # Winds carry one wavenumber more than scalars; leave it out of both sides.
    with jax.enable_x64(True):
        transform = SphericalTransform(GRID)
        field = np.asarray(transform.to_grid(transform.to_spectral(field) * transform.mask))
    np.testing.assert_allclose(variance_spectrum(field, GRID).sum(-1), area_mean(field**2, GRID), rtol=1e-10)
    assert variance_spectrum(np.full(GRID.shape, 3.0), GRID)[0] == pytest.approx(9.0)


def test_grids_without_harmonics_are_refused():
    grid = regional_grid([0.0, 1.0], [0.0, 1.0])
    with pytest.raises(ValueError, match="Spherical harmonics need"):
        variance_spectrum(np.zeros(grid.shape), grid)


def test_rows_may_stand_on_the_poles():
    grid = lat_lon_grid(13, 24, poles=True)
    spectrum = kinetic_energy_spectrum(*(part[0] for part in winds(grid)), grid)
    on_gauss = kinetic_energy_spectrum(*(part[0] for part in winds(gaussian_grid(7, 24))), gaussian_grid(7, 24))
    np.testing.assert_allclose(spectrum.total, on_gauss.total, rtol=1e-10)
