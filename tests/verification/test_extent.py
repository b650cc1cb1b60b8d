"""Radii of fields whose extent is known."""

import numpy as np
import pytest

from latentda.grid import EARTH_RADIUS, lat_lon_grid
from latentda.verification import increment_radius_km

GRID = lat_lon_grid(90, 180)


def test_a_uniform_field_reaches_as_far_as_its_share_of_the_sphere():
    # A cap of radius r has the share (1 - cos(r/a)) / 2 of the area.
    for share in (0.1, 0.5, 0.9):
        found = increment_radius_km(np.ones((1, *GRID.shape)), GRID, 90.0, 0.0, share)
        assert found[0] == pytest.approx(1e-3 * EARTH_RADIUS * np.arccos(1.0 - 2.0 * share), abs=250.0)


def test_radii_follow_the_place_across_the_date_line():
    point = np.zeros((2, *GRID.shape))
    point[0, 60, 179] = 5.0
    latitude = GRID.latitude[60]
    found = increment_radius_km(point, GRID, latitude, -2.0)
    assert found[0] == pytest.approx(0.0, abs=1e-6)
    assert np.isnan(found[1])
    assert increment_radius_km(point, GRID, latitude, 178.0)[0] > 5000.0


def test_neither_size_nor_sign_matters_and_more_lies_further_out():
    field = np.random.default_rng(0).normal(size=(3, *GRID.shape))
    half = increment_radius_km(field, GRID, 10.0, 20.0)
    np.testing.assert_array_equal(increment_radius_km(-1e-6 * field, GRID, 10.0, 20.0), half)
    assert (increment_radius_km(field, GRID, 10.0, 20.0, 0.9) > half).all()
    with pytest.raises(ValueError, match="between 0 and 1"):
        increment_radius_km(field, GRID, 10.0, 20.0, 90.0)
