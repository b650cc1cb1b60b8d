from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latentda.grid import Grid, gaussian_grid, lat_lon_grid, line_grid, regional_grid
from latentda.operators.interpolation import (
    bracket_levels,
    corners,
    inside,
    interpolate,
    interpolate_channels,
)
from tests.worlds import north_first

WEST_START = Grid(lat_lon_grid(6, 12).latitude, tuple((np.arange(12) * 30.0 - 180.0).tolist()))
GRIDS = {
    "lat-lon": lat_lon_grid(6, 12),
    "poles": lat_lon_grid(7, 12, poles=True),
    "gaussian": gaussian_grid(6, 12),
    "north first": north_first(gaussian_grid(6, 12)),
    "from the date line": WEST_START,
    "regional": regional_grid([40.0, 45.0, 52.0], [-10.0, 0.0, 5.0]),
    "regional, north first": regional_grid([52.0, 45.0, 40.0], [-10.0, 0.0, 5.0]),
}


@pytest.fixture(params=GRIDS.values(), ids=GRIDS.keys())
def grid(request):
    return request.param


@partial(jax.jit, static_argnums=0)
def compiled(grid, flat, latitude, longitude):
    around = corners(grid, latitude, longitude)
    return interpolate(flat, around), around


def at(grid, field, latitude, longitude):
    latitude, longitude = np.atleast_1d(latitude, longitude)
    # One size for all, so that a grid is compiled once.
    places = np.zeros((2, 128), np.float32)
    places[0, : latitude.size], places[1, : longitude.size] = latitude, longitude
    flat = np.asarray(field, np.float32).reshape(-1)
    return np.asarray(compiled(grid, flat, *places)[0])[: latitude.size]


def random_field(grid, seed=0):
    return np.random.default_rng(seed).normal(size=grid.shape).astype(np.float32)


def test_exact_at_grid_points(grid):
    field = random_field(grid)
    latitude, longitude = np.meshgrid(grid.latitude, grid.longitude, indexing="ij")
    for turn in (-360.0, 0.0, 360.0):
        found = at(grid, field, latitude.reshape(-1), longitude.reshape(-1) + turn)
        np.testing.assert_allclose(found, field.reshape(-1), atol=2e-5)


def test_exact_for_fields_linear_within_the_cells(grid):
    phi, lam = np.meshgrid(grid.latitude, grid.longitude, indexing="ij")
    field = 2.0 + 0.3 * phi - 0.05 * lam + 0.002 * phi * lam
    rng = np.random.default_rng(1)
    latitude = rng.uniform(min(grid.latitude), max(grid.latitude), 40)
    longitude = rng.uniform(grid.longitude[0], grid.longitude[-1], 40)
    expected = 2.0 + 0.3 * latitude - 0.05 * longitude + 0.002 * latitude * longitude
    np.testing.assert_allclose(at(grid, field, latitude, longitude), expected, atol=1e-3)


def test_weights_sum_to_one_and_are_positive(grid):
    rng = np.random.default_rng(2)
    places = rng.uniform(-90.0, 90.0, 128), rng.uniform(-180.0, 360.0, 128)
    _, found = compiled(grid, random_field(grid).reshape(-1), *np.asarray(places, np.float32))
    np.testing.assert_allclose(found.weight.sum(axis=0), 1.0, atol=1e-6)
    assert (np.asarray(found.weight) >= 0.0).all()
    assert np.asarray(found.point).min() >= 0
    assert np.asarray(found.point).max() < np.prod(grid.shape)


@pytest.mark.parametrize("name", ["lat-lon", "from the date line", "north first"])
def test_the_circle_is_closed(name):
    grid = GRIDS[name]
    field = random_field(grid)
    seam = grid.longitude[-1] + 15.0
    expected = 0.5 * (field[2, -1] + field[2, 0])
    for longitude in (seam, seam - 360.0):
        assert at(grid, field, grid.latitude[2], longitude) == pytest.approx(expected, abs=2e-5)


@pytest.mark.parametrize("name", ["lat-lon", "gaussian", "north first"])
def test_beyond_the_last_row_the_nearest_row_counts(name):
    grid = GRIDS[name]
    field = random_field(grid)
    north, south = (0, -1) if grid.north_first else (-1, 0)
    assert at(grid, field, 90.0, 60.0) == pytest.approx(field[north, 2], abs=2e-5)
    assert at(grid, field, -90.0, 60.0) == pytest.approx(field[south, 2], abs=2e-5)


def test_the_order_of_the_rows_does_not_matter():
    south = gaussian_grid(6, 12)
    field = random_field(south)
    rng = np.random.default_rng(3)
    latitude, longitude = rng.uniform(-90.0, 90.0, 60), rng.uniform(0.0, 360.0, 60)
    np.testing.assert_allclose(
        at(north_first(south), field[::-1], latitude, longitude),
        at(south, field, latitude, longitude),
        atol=1e-6,
    )


def test_one_row_alone():
    grid = line_grid(8)
    field = random_field(grid)
    assert at(grid, field, 37.0, 22.5) == pytest.approx(field[0, :2].mean(), abs=1e-6)


def test_inside_a_region():
    places = np.array([[40, -10], [52, 5], [46, 350], [46, 6], [39.9, 0], [52.1, 0], [46, -11]])
    latitude, longitude = jnp.asarray(places, jnp.float32).T
    expected = [True, True, True, False, False, False, False]
    for name in ("regional", "regional, north first"):
        assert inside(GRIDS[name], latitude, longitude).tolist() == expected
    assert inside(GRIDS["gaussian"], latitude, longitude).all()


def test_every_place_takes_its_own_channel():
    grid = GRIDS["lat-lon"]
    state = np.stack([random_field(grid, seed) for seed in range(3)])
    rng = np.random.default_rng(4)
    latitude, longitude = rng.uniform(-80.0, 80.0, 9), rng.uniform(0.0, 360.0, 9)
    channel = rng.integers(0, 3, 9)
    places = corners(grid, jnp.asarray(latitude), jnp.asarray(longitude))
    found = interpolate_channels(state.reshape(3, -1), jnp.asarray(channel), places)
    every = np.stack([at(grid, field, latitude, longitude) for field in state])
    np.testing.assert_allclose(found, every[channel, np.arange(9)], atol=1e-6)


def bracket(position, variable, coordinate, count):
    upper, weight = jax.jit(bracket_levels)(
        jnp.asarray(coordinate), jnp.asarray(count), jnp.asarray(variable), jnp.asarray(position)
    )
    return upper.tolist(), np.asarray(weight).tolist()


def test_levels_around_a_position():
    coordinate = [[1.0, 2.0, 4.0], [3.0, 4.0, np.inf], [2.0, np.inf, np.inf]]
    position = [1.0, 1.5, 2.0, 3.0, 4.0, 0.5, 5.0, 3.25, 4.5]
    variable = [0, 0, 0, 0, 0, 0, 0, 1, 1]
    upper, weight = bracket(position, variable, coordinate, [3, 2, 1])
    assert upper == [0, 0, 1, 1, 1, 0, 1, 0, 0]
    assert weight == pytest.approx([0.0, 0.5, 0.0, 0.5, 1.0, -0.5, 1.5, 0.25, 1.5])


@pytest.mark.parametrize("coordinate", [[[2.0]], [[2.0, np.inf]]], ids=["alone", "padded"])
def test_a_single_level(coordinate):
    upper, weight = bracket([1.0, 2.0, 3.0], [0, 0, 0], coordinate, [1])
    assert upper == [0, 0, 0]
    assert np.isfinite(weight).all()
    assert weight[0] < 0.0
    assert weight[1] == 0.0
    assert weight[2] > 0.0
