"""A truth on disk is read by its times, whatever their order in the store."""

from pathlib import Path

import numpy as np
import pytest

from latentda.experiments.twin.truth import StoredTruth
from latentda.fields import FieldsError, StateWriter, layout_of_store, open_store, read_states
from tests.worlds import sigma_layout, states_of

REPORTED = Path(__file__).parents[2] / "data" / "reported"
FIRST_HOUR = 271752  # 2001-01-01 00 UTC


def test_the_states_of_its_times_and_of_no_others(tmp_path):
    layout = sigma_layout()
    states = states_of(layout, 3)
    times = np.datetime64("2001-01-01T00", "s") + 12 * np.arange(3) * np.timedelta64(1, "h")
    StateWriter(tmp_path / "nature.zarr", layout, compact=False).append(states, times)
    truth = StoredTruth(tmp_path / "nature.zarr", layout)
    np.testing.assert_array_equal(truth.at(FIRST_HOUR + 24), states[2])
    with pytest.raises(FieldsError, match="lacks"):
        truth.at(FIRST_HOUR + 6)


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
