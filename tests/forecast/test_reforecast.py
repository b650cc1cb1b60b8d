import numpy as np
import pytest

from latentda.fields import StateWriter, StoreSampler, open_store, read_states
from latentda.forecast import Persistence, reforecast
from latentda.grid import NoLevels, build_layout, hour_sequence, lat_lon_grid
from latentda.user_error import UserError
from tests.locks import is_held
from tests.worlds import killed_at

LAYOUT = build_layout(lat_lon_grid(3, 4), NoLevels(), {}, ("sp", "t2m"))
TIMES = hour_sequence("2000-01-01", 40, 6)


@pytest.fixture
def initial(tmp_path):
    states = np.arange(40 * 24, dtype=np.float32).reshape(40, *LAYOUT.shape)
    StateWriter(tmp_path / "states.zarr", LAYOUT, compact=False).append(states, TIMES)
    return StoreSampler(tmp_path / "states.zarr", LAYOUT, stride=2)


def test_forecasts_stand_under_their_valid_times(tmp_path, initial):
    out = reforecast(Persistence(LAYOUT), initial, 72, tmp_path / "forecasts.zarr")
    dataset = open_store(out)
    np.testing.assert_array_equal(dataset["time"].values, TIMES[::2] + np.timedelta64(72, "h"))
    source = read_states(open_store(initial.path), LAYOUT, np.arange(0, 40, 2))
    np.testing.assert_allclose(read_states(dataset, LAYOUT), source, rtol=1e-3)


def test_a_killed_run_goes_on(tmp_path, initial):
    out = tmp_path / "forecasts.zarr"
    with pytest.raises(KeyboardInterrupt):
        reforecast(Persistence(LAYOUT), initial, 72, out, track=killed_at(2))
    assert open_store(out).sizes["time"] == 16
    reforecast(Persistence(LAYOUT), initial, 72, out)
    whole = reforecast(Persistence(LAYOUT), initial, 72, tmp_path / "whole.zarr")
    assert open_store(out).equals(open_store(whole))


def test_it_writes_its_store_alone(tmp_path, initial):
    def watched(iterable, description, total):
        assert is_held(tmp_path / ".forecasts.zarr.lock")
        return iterable

    reforecast(Persistence(LAYOUT), initial, 72, tmp_path / "forecasts.zarr", track=watched)
    assert not (tmp_path / ".forecasts.zarr.lock").exists()


def test_forecasts_of_another_model_are_left_alone(tmp_path, initial):
    out = reforecast(Persistence(LAYOUT), initial, 72, tmp_path / "forecasts.zarr")
    with pytest.raises(UserError, match="holds other forecasts"):
        reforecast(Persistence(LAYOUT, step_hours=12), initial, 72, out)


def test_a_store_of_other_forecasts_is_left_alone(tmp_path, initial):
    out = reforecast(Persistence(LAYOUT), initial, 72, tmp_path / "forecasts.zarr")
    with pytest.raises(ValueError, match="holds other forecasts"):
        reforecast(Persistence(LAYOUT), initial, 48, out)
    with pytest.raises(ValueError, match="some hours; got 0"):
        reforecast(Persistence(LAYOUT), initial, 0, out)
    assert open_store(out).attrs["lead_hours"] == 72
