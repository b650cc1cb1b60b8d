"""The grids of the sample."""

import pytest

from latentda.experiments.sample.layouts import sample_layout
from latentda.user_error import UserError


def test_the_globe_without_and_with_rows_on_the_poles():
    assert max(sample_layout(8, 16).grid.latitude) < 90.0
    poles = sample_layout(9, 16, poles=True).grid
    assert (poles.latitude[0], poles.latitude[-1]) == (90.0, -90.0)
    assert poles.periodic


def test_a_region_has_its_edges():
    grid = sample_layout(8, 12, region=(30.0, 65.0, -20.0, 35.0)).grid
    assert (grid.latitude[0], grid.latitude[-1], grid.longitude[0], grid.longitude[-1]) == (30.0, 65.0, -20.0, 35.0)
    assert not grid.periodic


@pytest.mark.parametrize(
    "region",
    [
        (30.0, 65.0),
        (65.0, 30.0, 0.0, 10.0),
        (80.0, 100.0, 0.0, 10.0),
        (30.0, 65.0, 10.0, 0.0),
        (30.0, 65.0, 0.0, 360.0),
    ],
)
def test_what_is_no_region_is_refused(region):
    with pytest.raises(UserError, match="A region is south,north,west,east"):
        sample_layout(8, 12, region=region)


def test_a_region_has_no_rows_on_the_poles():
    with pytest.raises(UserError, match="choose them or a region"):
        sample_layout(9, 12, poles=True, region=(30.0, 65.0, -20.0, 35.0))
