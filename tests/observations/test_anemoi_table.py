"""Tables of anemoi-datasets: its layout stands here as facts, of its draft specification 0.1.0."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
import zarr

from latentda.observations import ObservationError, column, read_observations
from latentda.observations.column_proposal import propose_map
from latentda.workflows.report_files import files_of

META = ["__date", "__time", "__latitude", "__longitude"]
DAY = 18_567  # 2020-11-01


def _store(path, rows, variables, meta=META):
    group = zarr.open_group(path, mode="w")
    data = np.asarray(rows, np.float32)
    group.create_array("data", data=data, chunks=(2, data.shape[1]))
    group.create_array("index", data=np.array([[DAY * 86_400, 0, len(rows)]]))
    group.attrs.update({"meta_variables": meta, "variables": variables, "layout": "tabular"})
    return path


ROWS = [
    [DAY, 43_200, 46.5, 14.25, 280.0, 101_300.0],
    [DAY, 43_260, -10.0, 359.5, np.nan, 100_900.0],
]


def test_a_store_is_read(tmp_path):
    table = read_observations(_store(tmp_path / "synop.zarr", ROWS, ["t2m", "msl"]))
    assert column(table, "variable").tolist() == ["t2m", "msl", "msl"]
    assert column(table, "observation").tolist() == [280.0, 101_300.0, 100_900.0]
    times = np.array(["2020-11-01T12:00", "2020-11-01T12:00", "2020-11-01T12:01"], "M8[ns]")
    np.testing.assert_array_equal(column(table, "time"), times)
    assert column(table, "lon").tolist() == [14.25, 14.25, 359.5]


def test_its_own_names_want_a_map(tmp_path):
    path = _store(tmp_path / "synop.zarr", ROWS, ["obsvalue_39_0", "mslp"])
    with pytest.raises(ObservationError, match=r"lacks the column\(s\) variable and observation.*observations columns"):
        read_observations(path)
    assert "msl: mslp [Pa]" in propose_map(path)
    places = {"time": "time", "lat": "latitude", "lon": "longitude"}
    table = read_observations(path, places | {"t2m": "obsvalue_39_0", "msl": "mslp"})
    assert table.num_rows == 3


@pytest.mark.parametrize(
    ("rows", "variables", "meta"),
    [(ROWS, ["t2m"], META), (ROWS, ["t2m", "msl"], META[::-1]), (ROWS, ["t2m", "msl", "sp"], META)],
)
def test_columns_that_do_not_fit_are_refused(tmp_path, rows, variables, meta):
    with pytest.raises(ObservationError, match="no table of anemoi-datasets"):
        read_observations(_store(tmp_path / "bad.zarr", rows, variables, meta))


def test_a_row_without_a_time_is_left_out(tmp_path):
    rows = [[np.nan, *ROWS[0][1:]], ROWS[1]]
    with pytest.warns(UserWarning, match="no usable time or place"):
        assert read_observations(_store(tmp_path / "a.zarr", rows, ["t2m", "msl"])).num_rows == 1


def test_its_frames_are_read(tmp_path):
    frame = pd.DataFrame({"date": np.array(["2020-11-01T12:00"], "M8[ns]"), "latitude": [46.5], "longitude": [14.25]})
    frame.assign(t2m=[280.0]).to_parquet(tmp_path / "frame.parquet")
    table = read_observations(tmp_path / "frame.parquet")
    assert column(table, "time")[0] == np.datetime64("2020-11-01T12:00")


def test_other_tables_in_zarr_are_read_as_in_netcdf(tmp_path):
    time = np.full(2, np.datetime64("2020-11-01T12:00", "ns"))
    table = {"time": ("obs", time), "lat": ("obs", [1.0, 2.0]), "lon": ("obs", [1.0, 2.0])}
    dataset = xr.Dataset(table | {"t2m": ("obs", [7.0, 8.0], {"units": "degC"})})
    dataset.to_zarr(tmp_path / "table.zarr")
    assert read_observations(tmp_path / "table.zarr").equals(read_observations(dataset))
    assert files_of([tmp_path]) == files_of([tmp_path / "table.zarr"]) == [tmp_path / "table.zarr"]


def test_a_damaged_store_is_one_sentence(tmp_path):
    path = _store(tmp_path / "a.zarr", ROWS, ["t2m", "msl"])
    (path / "zarr.json").write_text("{")
    with pytest.raises(ObservationError, match=r"a\.zarr cannot be read as Zarr"):
        read_observations(path)
