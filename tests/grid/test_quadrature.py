import numpy as np
import pytest

from latentda.grid import Grid, gaussian_grid, lat_lon_grid, line_grid, meridian_quadrature, regional_grid
from tests.worlds import north_first

GRIDS = {
    "gaussian": gaussian_grid(8, 16),
    "even": lat_lon_grid(12, 24),
    "even, odd number": lat_lon_grid(13, 24),
    "on the poles": lat_lon_grid(12, 24, poles=True),
    "on the poles and the equator": lat_lon_grid(13, 24, poles=True),
    "north first": north_first(lat_lon_grid(12, 24, poles=True)),
    "WeatherBench": lat_lon_grid(121, 240, poles=True),
    "two rows": lat_lon_grid(2, 4, poles=True),
}


@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS.keys())
def test_polynomials_are_integrated_exactly(grid):
    rows = meridian_quadrature(grid)
    for n in range(rows.degree + 1):
        legendre = np.polynomial.legendre.legval(rows.sine, np.eye(n + 1)[n])
        assert rows.weights @ legendre == pytest.approx(2.0 * (n == 0), abs=1e-14)
    assert (rows.weights > 0.0).all()


@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS.keys())
def test_nodes_are_the_rows(grid):
    rows = meridian_quadrature(grid)
    latitude = np.deg2rad(grid.latitude)
    np.testing.assert_allclose(rows.sine, np.sin(latitude), atol=1e-14)
    np.testing.assert_allclose(rows.cosine, np.cos(latitude), atol=1e-14)
    assert (rows.cosine == 0.0).sum() == np.sum(np.abs(grid.latitude) == 90.0)


def test_stored_latitudes_may_be_rounded():
    exact = lat_lon_grid(12, 24, poles=True)
    rounded = Grid(tuple(np.round(exact.latitude, 2)), exact.longitude)
    np.testing.assert_array_equal(meridian_quadrature(rounded).weights, meridian_quadrature(exact).weights)


@pytest.mark.parametrize(
    "grid",
    [
        regional_grid([40.0, 50.0], [0.0, 10.0, 20.0]),
        line_grid(12),
        Grid((-60.0, -10.0, 10.0, 60.0), tuple(range(0, 360, 45))),
        Grid(tuple(lat_lon_grid(9, 16, poles=True).latitude[1:]), lat_lon_grid(9, 16).longitude),
    ],
    ids=["regional", "line", "uneven", "one pole"],
)
def test_other_rows_are_refused(grid):
    with pytest.raises(ValueError, match="Spherical harmonics need"):
        meridian_quadrature(grid)
