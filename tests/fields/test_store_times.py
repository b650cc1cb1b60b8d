"""Times of a store: the step that the data show, in order, each once, or one sentence."""

import numpy as np
import pytest
import xarray as xr

from latentda.fields import FieldsError, StoreSampler, hours_of, layout_of_store, open_store, read_states, to_dataset
from latentda.grid import NoLevels, build_layout, lat_lon_grid

LAYOUT = build_layout(lat_lon_grid(3, 4), NoLevels(), {}, ["sp"])
FIRST = np.datetime64("2015-03-01T00", "s")


def dataset_of(times):
    """State k is k everywhere."""
    states = np.broadcast_to(np.arange(len(times))[:, None, None, None], (len(times), *LAYOUT.shape))
    return to_dataset(states.astype(np.float32), LAYOUT, times)


def hourly(count, minutes=60):
    return FIRST + np.arange(count) * np.timedelta64(minutes, "m")


def kept(dataset, path, **encoding):
    dataset.to_netcdf(path / "store.nc", encoding={"time": encoding} if encoding else None)
    return path / "store.nc"


@pytest.mark.parametrize(
    ("units", "dtype"),
    [
        ("days since 1980-01-01", "float32"),
        ("days since 1900-01-01", "float32"),
        ("days since 1800-01-01", "float32"),
        ("hours since 1900-01-01", "float32"),
        ("seconds since 1970-01-01", "float32"),
        ("days since 1980-01-01", "float64"),
        ("hours since 1970-01-01", "int64"),
    ],
)
def test_hours_are_those_meant_whatever_the_precision(tmp_path, units, dtype):
    path = kept(dataset_of(hourly(60)), tmp_path, units=units, dtype=dtype)
    hours = StoreSampler(path, LAYOUT).open()[2]
    np.testing.assert_array_equal(hours, hours_of(dataset_of(hourly(60))))
    np.testing.assert_array_equal(read_states(open_store(path), LAYOUT, [FIRST + np.timedelta64(7, "h")]), 7.0)


def test_times_that_single_precision_cannot_tell_are_refused(tmp_path):
    path = kept(dataset_of(hourly(60)), tmp_path, units="days since 0001-01-01", dtype="float32")
    with pytest.raises(FieldsError, match=r"store\.nc: .*single precision.*double precision"):
        open_store(path)


@pytest.mark.parametrize("decimals", [4, 5, 7])
def test_decimals_of_days(tmp_path, decimals):
    dataset = dataset_of(hourly(48))
    days = (hourly(48) - np.datetime64("1900-01-01", "s")) / np.timedelta64(1, "D")
    dataset["time"] = ("time", np.round(days, decimals), {"units": "days since 1900-01-01"})
    dataset.to_netcdf(tmp_path / "store.nc")
    np.testing.assert_array_equal(open_store(tmp_path / "store.nc")["time"].values, hourly(48))


def test_minutes_stay_minutes(tmp_path):
    times = hourly(9, minutes=10)
    path = kept(dataset_of(times), tmp_path, units="days since 1980-01-01", dtype="float64")
    np.testing.assert_array_equal(open_store(path)["time"].values, times)
    with pytest.raises(FieldsError, match=r"7 of 9 times are not on the hour \(2015-03-01T00:10, "):
        StoreSampler(path, LAYOUT).open()
    assert len(StoreSampler(path, LAYOUT, stride=6).open()[2]) == 2


@pytest.mark.parametrize("order", [[2, 3, 0, 1], [3, 2, 1, 0], [1, 0, 3, 2]])
@pytest.mark.parametrize("zarr", [False, True])
def test_any_order_is_that_of_time(tmp_path, order, zarr):
    dataset = dataset_of(hourly(4)).isel(time=order)
    if zarr:
        path = tmp_path / "store.zarr"
        dataset.to_zarr(path, consolidated=False, encoding={"surface_pressure": {"chunks": (2, 3, 4)}})
    else:
        path = kept(dataset, tmp_path)
    sampler = StoreSampler(path, LAYOUT, start=FIRST + np.timedelta64(1, "h"))
    ((hours, states),) = sampler.pieces()
    np.testing.assert_array_equal(np.diff(hours), 1)
    np.testing.assert_array_equal(states[:, 0, 0, 0], [1, 2, 3])


def test_two_states_of_one_time_are_refused_by_name(tmp_path):
    dataset = dataset_of(hourly(4)[[0, 1, 1, 2]])
    with pytest.raises(FieldsError, match=r"2015-03-01T01:00 more than once, and surface_pressure differs .*keep one"):
        open_store(kept(dataset, tmp_path))


def test_times_that_rounding_makes_equal_count_once(tmp_path):
    times = hourly(4)[[0, 1, 1, 2]].astype("datetime64[ms]")
    times[2] += np.timedelta64(40, "ms")
    dataset = dataset_of(hourly(4)).isel(time=[0, 1, 1, 2]).assign_coords(time=times.astype("datetime64[ns]"))
    path = kept(dataset, tmp_path, units="days since 1900-01-01", dtype="float64")
    with pytest.warns(UserWarning, match="has 1 times more than once"):
        assert len(StoreSampler(path, LAYOUT).open()[2]) == 3


def test_what_is_no_date_is_refused(tmp_path):
    dataset = dataset_of(hourly(3))
    bare = dataset.assign_coords(time=[0, 1, 2])
    with pytest.raises(FieldsError, match=r"no dates \(0, 1, 2 \.\.\.\); write their units"):
        open_store(kept(bare, tmp_path))
    missing = dataset.assign_coords(time=[FIRST.astype("datetime64[ns]"), np.datetime64("NaT", "ns"), FIRST])
    with pytest.raises(FieldsError, match="1 of the store's 3 times are missing"):
        open_store(kept(missing, tmp_path))
    with pytest.raises(FieldsError, match="have no times"):
        open_store(kept(dataset.drop_vars("time"), tmp_path))


def test_another_calendar_is_named(tmp_path):
    dataset = dataset_of(hourly(3)).assign_coords(
        time=xr.date_range("2015-01-01", periods=3, calendar="noleap", use_cftime=True)
    )
    with pytest.raises(FieldsError, match="calendar is noleap"):
        open_store(kept(dataset, tmp_path))


def test_layouts_do_not_need_times():
    assert layout_of_store(dataset_of(hourly(3)).drop_vars("time")) == LAYOUT
