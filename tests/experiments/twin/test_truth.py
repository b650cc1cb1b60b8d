"""A truth on disk is read by its times, whatever their order in the store."""

from pathlib import Path

import numpy as np
import pytest

from latentda.experiments.twin.truth import StoredTruth
from latentda.fields import layout_of_store, open_store, read_states

REPORTED = Path(__file__).parents[1] / "data" / "reported"
FIRST_HOUR = 271752  # 2001-01-01 00 UTC


@pytest.mark.filterwarnings("ignore:The store has 10 times more than once")
@pytest.mark.parametrize("name", ["10_times_in_two_pieces", "13_times_twice", "11_hours_as_days_six_decimals"])
def test_the_state_of_a_time(name):
    path = REPORTED / name / "states.nc"
    dataset = open_store(path)
    layout = layout_of_store(dataset)
    hours = (dataset["time"].values - np.datetime64(0, "s")) // np.timedelta64(1, "h")
    assert hours[0] == FIRST_HOUR
    assert (np.diff(hours) > 0).all()
    for position in (0, 40, -1):
        found = StoredTruth(path, layout).at(int(hours[position]))
        np.testing.assert_array_equal(found, read_states(dataset, layout, [position])[0])
