"""Derivatives of fields whose derivatives are known, on every kind of grid."""

import numpy as np
import pytest

from latentda.grid import EARTH_RADIUS, gaussian_grid, lat_lon_grid, regional_grid
from latentda.verification import horizontal_gradient, relative_vorticity
from tests.worlds import north_first

GAUSSIAN = gaussian_grid(16, 32)


def angles(grid):
    return np.meshgrid(np.deg2rad(grid.latitude), np.deg2rad(grid.longitude), indexing="ij")


def wave(grid):
    """cos phi cos lambda + sin phi, and its gradient on the unit sphere."""
    phi, lam = angles(grid)
    field = np.cos(phi) * np.cos(lam) + np.sin(phi)
    return field, -np.sin(lam), -np.sin(phi) * np.cos(lam) + np.cos(phi)


def gradient_error(grid):
    field, east, north = wave(grid)
    found = horizontal_gradient(field, grid)
    rows = np.abs(np.asarray(grid.latitude)) < 75.0
    return max(np.abs(EARTH_RADIUS * f - e)[rows].max() for f, e in zip(found, (east, north), strict=True))


@pytest.mark.parametrize("grid", [GAUSSIAN, north_first(GAUSSIAN)])
def test_harmonics_are_differentiated_exactly(grid):
    assert gradient_error(grid) < 1e-12


@pytest.mark.parametrize("build", [lat_lon_grid, lambda r, c: lat_lon_grid(r, c, poles=True)])
def test_differences_are_of_second_order(build):
    coarse, fine = gradient_error(build(25, 48)), gradient_error(build(49, 96))
    assert np.log2(coarse / fine) == pytest.approx(2.0, abs=0.3)
    assert gradient_error(north_first(build(25, 48))) == pytest.approx(coarse)


def test_a_region_is_not_closed_at_its_border():
    grid = regional_grid(np.linspace(30.0, 50.0, 11), np.linspace(-10.0, 20.0, 16))
    phi, lam = angles(grid)
    east, north = horizontal_gradient(3.0 * lam + 2.0 * phi, grid)
    np.testing.assert_allclose(EARTH_RADIUS * east, 3.0 / np.cos(phi))
    np.testing.assert_allclose(EARTH_RADIUS * north, 2.0)


@pytest.mark.parametrize(("grid", "tolerance"), [(GAUSSIAN, 1e-12), (lat_lon_grid(60, 40), 5e-3)])
def test_vorticity_of_solid_rotation(grid, tolerance):
    phi, _ = angles(grid)
    vorticity = relative_vorticity(20.0 * np.cos(phi), np.zeros(grid.shape), grid)
    error = np.abs(vorticity * EARTH_RADIUS / 40.0 - np.sin(phi))
    assert error[np.abs(phi) < np.deg2rad(85.0)].max() < tolerance


def test_a_gradient_has_no_vorticity():
    _, east, north = wave(GAUSSIAN)
    assert np.abs(relative_vorticity(east, north, GAUSSIAN)).max() * EARTH_RADIUS < 1e-12
