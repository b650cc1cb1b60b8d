import numpy as np
import pytest

from latentda.grid import (
    EARTH_RADIUS,
    Grid,
    gaussian_grid,
    great_circle_km,
    grid_from_coordinates,
    lat_lon_grid,
    line_grid,
    regional_grid,
)


def legendre_mean(grid, degree):
    sine = np.sin(np.deg2rad(grid.latitude))
    values = np.polynomial.legendre.Legendre.basis(degree)(sine)[:, None] * np.ones(grid.shape)
    return np.mean(grid.area_weights * values)


@pytest.mark.parametrize("degree", [1, 2, 5, 15])
def test_gaussian_weights_integrate_polynomials_up_to_degree_2n_minus_1(degree):
    assert legendre_mean(gaussian_grid(8, 4), degree) == pytest.approx(0.0, abs=1e-14)


def test_gaussian_weights_are_not_exact_beyond_degree_2n_minus_1():
    assert abs(legendre_mean(gaussian_grid(8, 4), 16)) > 1e-2


def test_gaussian_weights_follow_the_order_of_the_rows():
    south_first = gaussian_grid(7, 4)
    north_first = Grid(south_first.latitude[::-1], south_first.longitude, kind="gaussian")
    np.testing.assert_array_equal(south_first.latitude_weights, north_first.latitude_weights[::-1])
    assert south_first.latitude_weights[3] == south_first.latitude_weights.max()


@pytest.mark.parametrize("poles", [False, True])
def test_lat_lon_weights_are_the_areas_of_the_cells(poles):
    grid = lat_lon_grid(9, 12, poles=poles)
    spacing = 180.0 / (8 if poles else 9)
    edges = np.clip([[p - spacing / 2, p + spacing / 2] for p in grid.latitude], -90, 90)
    zone = 2 * np.pi * EARTH_RADIUS**2 * np.diff(np.sin(np.deg2rad(edges)))[:, 0]
    areas = np.repeat(zone[:, None] / 12, 12, axis=1)
    assert areas.sum() == pytest.approx(4 * np.pi * EARTH_RADIUS**2, rel=1e-12)
    np.testing.assert_allclose(grid.area_weights, areas / areas.mean(), rtol=1e-12)


@pytest.mark.parametrize(
    "grid",
    [
        lat_lon_grid(6, 8),
        lat_lon_grid(7, 8, poles=True),
        gaussian_grid(6, 8),
        regional_grid([60.0, 58.5, 57.0], [-20.0, -18.5]),
        line_grid(40),
    ],
    ids=lambda grid: grid.kind,
)
def test_weights_have_mean_one_and_are_positive(grid):
    assert grid.area_weights.shape == grid.shape
    assert grid.area_weights.mean() == pytest.approx(1.0)
    assert (grid.area_weights > 0).all()


@pytest.mark.parametrize("flip", [1, -1])
@pytest.mark.parametrize(
    ("grid", "kind"),
    [(gaussian_grid(32, 64), "gaussian"), (lat_lon_grid(181, 360, poles=True), "lat-lon")],
)
def test_stored_coordinates_give_their_grid_in_either_latitude_order(grid, kind, flip):
    # Stores hold single precision, or degrees rounded to two decimals.
    latitude = np.round(np.float32(grid.latitude[::flip]), 2)
    found = grid_from_coordinates(latitude.tolist(), np.float32(grid.longitude).tolist())
    assert (found.kind, found.periodic) == (kind, True)
    assert found.north_first == (flip == -1)
    np.testing.assert_allclose(found.area_weights, grid.area_weights[::flip], rtol=1e-5)


def test_limited_area_is_recognised():
    found = grid_from_coordinates(np.arange(60, 29, -1.5), np.arange(-20, 15, 1.5))
    assert (found.kind, found.periodic, found.shape) == ("regional", False, (21, 24))


def test_global_grid_that_starts_in_the_west_is_periodic():
    found = grid_from_coordinates([-45.0, 45.0], np.arange(-180.0, 180.0, 10.0))
    assert found.periodic


@pytest.mark.parametrize(
    ("start", "end", "degrees"),
    [
        ((0.0, 0.0), (0.0, 90.0), 90.0),
        ((90.0, 0.0), (-90.0, 123.0), 180.0),
        ((60.0, 350.0), (60.0, 350.0), 0.0),
        ((0.0, 359.5), (0.0, 0.5), 1.0),
        ((45.0, 10.0), (45.0, -170.0), 90.0),
    ],
)
def test_great_circle_distances(start, end, degrees):
    expected = np.deg2rad(degrees) * EARTH_RADIUS / 1000.0
    assert great_circle_km(*map(np.float64, start + end)) == pytest.approx(expected, abs=1e-6)


def test_great_circle_broadcasts():
    distance = great_circle_km(np.zeros((3, 1)), np.zeros((3, 1)), np.zeros(4), np.arange(4.0))
    assert distance.shape == (3, 4)
    np.testing.assert_allclose(distance[0], np.arange(4) * np.deg2rad(1.0) * 6371.0, rtol=1e-12)


@pytest.mark.parametrize(
    ("latitude", "longitude", "message"),
    [
        ((0.0, 0.0), (0.0, 1.0), "latitude must be strictly monotonic"),
        ((0.0, 1.0), (1.0, 0.0), "longitude must be strictly increasing"),
        ((), (0.0,), "latitude is empty"),
        ((np.nan, 1.0), (0.0,), "not finite"),
        ((0.0, 100.0), (0.0,), "outside -90..90"),
        ((0.0, 1.0), (0.0, 180.0, 360.0), "repeated meridian"),
    ],
)
def test_bad_coordinates_are_refused(latitude, longitude, message):
    with pytest.raises(ValueError, match=message):
        Grid(latitude, longitude)
