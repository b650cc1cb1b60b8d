import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from latentda.observations.coordinates import table_latitudes, table_longitudes


@pytest.mark.parametrize(
    ("given_", "longitude"),
    [
        (0.0, 0.0),
        (-180.0, 180.0),
        (180.00002, 180.0),
        (-180.00002, 180.0),
        (360.00003, 0.0),
        (360.0, 0.0),
        (-1e-9, 0.0),
        (-0.5, 359.5),
        (-180.0005, 180.0),
    ],
)
def test_meridians(given_, longitude):
    turned, wrong = table_longitudes(np.array([given_]))
    assert turned.astype(np.float32)[0] == np.float32(longitude)
    assert not wrong[0]


@given(st.floats(-180.0, 360.0), st.sampled_from([np.float32, np.float64]))
def test_every_meridian_stays_where_it_is(value, kind):
    turned, wrong = table_longitudes(np.array([value], kind))
    assert not wrong.any()
    assert 0.0 <= turned.astype(np.float32)[0] < 360.0
    apart = (turned[0] - value + 180.0) % 360.0 - 180.0
    assert abs(apart) < 1e-4
    again = table_longitudes(turned.astype(np.float32))[0].astype(np.float32)
    assert again == turned.astype(np.float32)


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_what_is_no_place_is_told_and_kept_within_the_bounds(value):
    longitude, wrong = table_longitudes(np.array([value]))
    assert wrong[0] == (not -180.001 <= value <= 360.001)
    assert np.isnan(value) or 0.0 <= longitude[0] < 360.0
    latitude, wrong = table_latitudes(np.array([value]))
    assert wrong[0] == (not abs(value) <= 90.001)
    assert np.isnan(value) or abs(latitude[0]) <= 90.0
