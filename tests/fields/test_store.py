import numpy as np
import pytest
import xarray as xr

from latentda.fields.store import FieldsError, layout_of_store, open_store, read_states
from latentda.fields.writer import KEPT_BITS, StateWriter, round_mantissa, to_dataset, write_netcdf
from latentda.grid import (
    Grid,
    Layout,
    NoLevels,
    PressureLevels,
    SigmaLevels,
    build_layout,
    gaussian_grid,
    hour_sequence,
    lat_lon_grid,
    regional_grid,
)

SCALES = {"u": 10.0, "t": 280.0, "q": 1e-3, "sp": 1e5}


@pytest.fixture
def layout():
    """Humidity on fewer levels than the rest, as in the embedded world."""
    levels = {"u": (0.2, 0.95), "t": (0.2, 0.95), "q": (0.95,)}
    return build_layout(gaussian_grid(4, 6), SigmaLevels((0.2, 0.95)), levels, ["sp"])


def states_of(layout, count=5, seed=0):
    draws = np.random.default_rng(seed).normal(1.0, 0.3, (count, *layout.shape))
    scales = [SCALES[channel.short] for channel in layout.channels]
    return (draws * np.reshape(scales, (-1, 1, 1))).astype(np.float32)


def times_of(count, start="2000-01-01"):
    return hour_sequence(start, count, 6)


@pytest.fixture
def dataset(layout):
    """A small data set in standard form, to be stored in other forms."""
    return to_dataset(states_of(layout), layout, times_of(5))


def stored(dataset, path):
    dataset.to_netcdf(path / "store.nc")
    return open_store(path / "store.nc")


@pytest.mark.parametrize("compact", [True, False])
def test_what_is_written_is_read(tmp_path, layout, compact):
    states = states_of(layout)
    StateWriter(tmp_path / "a.zarr", layout, compact=compact).append(states, times_of(5))
    dataset = open_store(tmp_path / "a.zarr")
    assert layout_of_store(dataset) == layout
    found = read_states(dataset, layout)
    for i, channel in enumerate(layout.channels):
        error = 2.0 ** -(KEPT_BITS[channel.short] + 1) if compact else 0.0
        np.testing.assert_allclose(found[:, i], states[:, i], rtol=error)
    assert np.array_equal(found, states) == (not compact)
    np.testing.assert_array_equal(dataset["time"].values, times_of(5))
    assert dataset["temperature"].attrs["units"] == "K"


def test_netcdf_is_read_like_zarr(tmp_path, layout, dataset):
    write_netcdf(dataset, tmp_path / "store.nc")
    found = open_store(tmp_path / "store.nc")
    assert layout_of_store(found) == layout
    np.testing.assert_array_equal(read_states(found, layout), states_of(layout))
    assert [path.name for path in tmp_path.iterdir()] == ["store.nc"]


def test_a_failed_netcdf_leaves_nothing_and_spares_the_old_one(tmp_path, dataset):
    write_netcdf(dataset, tmp_path / "store.nc")
    before = (tmp_path / "store.nc").read_bytes()
    dataset.attrs["bad"] = object()
    with pytest.raises(TypeError):
        write_netcdf(dataset, tmp_path / "store.nc")
    assert [path.name for path in tmp_path.iterdir()] == ["store.nc"]
    assert (tmp_path / "store.nc").read_bytes() == before


def test_mantissa_rounds_to_nearest():
    values = np.float32([1.0, 1.0 + 2**-10, 1.0 + 2**-12, -1.0 - 3 * 2**-12, 0.0, np.nan])
    found = round_mantissa(values, 10)
    np.testing.assert_array_equal(found, np.float32([1.0, 1 + 2**-10, 1.0, -1 - 2**-10, 0.0, np.nan]))


def test_either_latitude_order_is_turned_to_the_layouts(tmp_path, layout, dataset):
    north_first = stored(dataset.isel(latitude=slice(None, None, -1)), tmp_path)
    assert layout_of_store(north_first).grid.north_first
    np.testing.assert_array_equal(read_states(north_first, layout), states_of(layout))
    own = read_states(north_first, layout_of_store(north_first))
    np.testing.assert_array_equal(own, states_of(layout)[:, :, ::-1])


def test_longitude_before_latitude(tmp_path, layout, dataset):
    turned = stored(dataset.transpose("level", "longitude", "time", "latitude"), tmp_path)
    np.testing.assert_array_equal(read_states(turned, layout), states_of(layout))


@pytest.mark.parametrize("dtype", ["int32", "int64", "float32", "float64"])
@pytest.mark.parametrize("order", [1, -1])
def test_levels_of_any_number_type_and_order(tmp_path, dtype, order):
    levels = (500.0, 850.0, 1000.0)
    layout = build_layout(lat_lon_grid(3, 4), PressureLevels(levels), {"t": levels}, [])
    dataset = to_dataset(states_of(layout), layout, times_of(5))
    dataset["level"] = dataset["level"].astype(dtype).assign_attrs(units="millibars")
    found = stored(dataset.isel(level=slice(None, None, order)), tmp_path)
    assert layout_of_store(found) == layout
    np.testing.assert_array_equal(read_states(found, layout), states_of(layout))
    some = layout_of_store(found, levels=[1000, 500])
    assert some.names == ("t@500", "t@1000")
    np.testing.assert_array_equal(read_states(found, some), states_of(layout)[:, [0, 2]])


def test_a_single_level_kept_as_a_scalar(tmp_path, layout, dataset):
    found = stored(dataset.isel(level=1), tmp_path)
    lowest = layout_of_store(found)
    assert lowest.names == ("u@0.95", "t@0.95", "q@0.95", "sp")
    wanted = [layout.index(name) for name in lowest.names]
    np.testing.assert_array_equal(read_states(found, lowest), states_of(layout)[:, wanted])


def test_short_names_and_other_dimension_names(tmp_path, layout, dataset):
    short = {"u_component_of_wind": "u", "temperature": "t", "surface_pressure": "sp"}
    short |= {"latitude": "lat", "longitude": "lon", "time": "valid_time", "level": "sigma"}
    found = stored(dataset.rename(short), tmp_path)
    assert layout_of_store(found) == layout
    np.testing.assert_array_equal(read_states(found, layout), states_of(layout))


def test_variables_nobody_asked_for_are_ignored(tmp_path, layout, dataset):
    dataset["mystery"] = ("time", np.full(5, np.nan))
    dataset["sea_ice_cover"] = dataset["surface_pressure"] * np.nan
    found = stored(dataset, tmp_path)
    assert layout_of_store(found) == layout
    np.testing.assert_array_equal(read_states(found, layout), states_of(layout))


def test_static_fields_are_repeated(tmp_path, layout, dataset):
    orography = dataset["surface_pressure"].isel(time=0, drop=True)
    dataset["geopotential_at_surface"] = orography.assign_attrs(units="m2 s-2")
    found = stored(dataset, tmp_path)
    orography = read_states(found, layout_of_store(found, ["zs"]))
    assert orography.shape == (5, 1, 4, 6)
    np.testing.assert_array_equal(orography[4], states_of(layout)[0, -1:])


@pytest.mark.parametrize("kept", [0, [0]])
def test_a_store_of_one_instant(tmp_path, layout, dataset, kept):
    found = stored(dataset.isel(time=kept), tmp_path)
    np.testing.assert_array_equal(read_states(found, layout), states_of(layout)[:1])
    np.testing.assert_array_equal(read_states(found, layout, "2000-01-01"), states_of(layout)[:1])
    with pytest.raises(FieldsError, match="lacks 2000-01-02"):
        read_states(found, layout, "2000-01-02")


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        (3, [3]),
        (np.array([4, 0]), [4, 0]),
        (slice(1, None, 2), [1, 3]),
        ("2000-01-01T18:00", [3]),
        (["2000-01-02", "2000-01-01T06:00"], [4, 1]),
        (np.array(["2000-01-01T12"], "datetime64[ns]"), [2]),
    ],
)
def test_times_by_index_slice_or_date(tmp_path, layout, dataset, times, expected):
    found = stored(dataset, tmp_path)
    np.testing.assert_array_equal(read_states(found, layout, times), states_of(layout)[expected])


def test_what_is_missing_is_named(tmp_path, layout, dataset):
    found = stored(dataset.drop_vars("temperature"), tmp_path)
    with pytest.raises(FieldsError, match=r"lacks temperature; it has .*surface_pressure"):
        layout_of_store(found, ["u", "t"])
    with pytest.raises(FieldsError, match="lacks temperature; it has"):
        read_states(found, layout)
    with pytest.raises(FieldsError, match=r"lacks level 0\.5; it has \[0\.2, 0\.95\]"):
        layout_of_store(found, ["u"], [0.5])
    deeper = build_layout(layout.grid, SigmaLevels((0.2, 0.5)), {"u": (0.2, 0.5)}, [])
    with pytest.raises(FieldsError, match=r"lacks u_component_of_wind at 0\.5"):
        read_states(found, deeper)
    dates = ["2000-01-01T06:00", "2000-01-01T07:00"]
    with pytest.raises(FieldsError, match=r"to 2000-01-02T00:00:00 and lacks 2000-01-01T07:00:00\."):
        read_states(found, layout.select(["u"]), dates)


def test_nan_is_refused_by_name(tmp_path, layout, dataset):
    dataset["temperature"][2, 1, 0, 0] = np.nan
    found = stored(dataset, tmp_path)
    with pytest.raises(FieldsError, match=r"NaN or infinity in t@0\.95\."):
        read_states(found, layout)
    read_states(found, layout, slice(0, 2))
    read_states(found, layout.select(["u", "q"]))


@pytest.mark.parametrize(
    "grid",
    [
        gaussian_grid(4, 5),
        lat_lon_grid(4, 6),
        Grid(gaussian_grid(4, 6).latitude, tuple(np.arange(6) * 60.0 - 180.0), kind="gaussian"),
    ],
)
def test_another_grid_is_refused(tmp_path, layout, dataset, grid):
    other = Layout(grid, layout.vertical, layout.channels)
    with pytest.raises(FieldsError, match="regrid it first"):
        read_states(stored(dataset, tmp_path), other)


def test_a_further_dimension_is_refused_by_name(tmp_path, layout, dataset):
    found = stored(dataset.expand_dims(number=2), tmp_path)
    with pytest.raises(FieldsError, match="also runs along number"):
        read_states(found, layout)


def test_what_is_no_store_is_refused(tmp_path, dataset):
    with pytest.raises(FieldsError, match="There is no store at"):
        open_store(tmp_path / "nothing.zarr")
    (tmp_path / "text.nc").write_text("hello")
    with pytest.raises(FieldsError, match="is no Zarr, NetCDF or GRIB store"):
        open_store(tmp_path / "text.nc")
    with pytest.raises(FieldsError, match="lacks latitude and longitude"):
        stored(dataset.drop_vars("latitude"), tmp_path)


def test_pieces_make_the_same_store_as_one(tmp_path, layout):
    states, times = states_of(layout, 20), times_of(20)
    StateWriter(tmp_path / "whole.zarr", layout).append(states, times)
    writer = StateWriter(tmp_path / "pieces.zarr", layout)
    for piece in (slice(0, 9), slice(9, 12), slice(12, 20)):
        writer.append(states[piece], times[piece])
    assert writer.written == 20
    whole, pieces = open_store(tmp_path / "whole.zarr"), open_store(tmp_path / "pieces.zarr")
    xr.testing.assert_identical(whole.load(), pieces.load())


def test_a_killed_run_cut_back_to_its_checkpoint_makes_the_same_store(tmp_path, layout):
    states, times = states_of(layout, 20), times_of(20)
    StateWriter(tmp_path / "whole.zarr", layout).append(states, times)
    first = StateWriter(tmp_path / "killed.zarr", layout)
    first.append(states[:11], times[:11])
    # This piece was written, but the run died before it noted so, and the rerun differs.
    first.append(states[11:17] + 1.0, times[11:17])
    second = StateWriter(tmp_path / "killed.zarr", layout, keep=11)
    second.append(states[11:], times[11:])
    whole, killed = open_store(tmp_path / "whole.zarr"), open_store(tmp_path / "killed.zarr")
    xr.testing.assert_identical(whole.load(), killed.load())


def test_a_store_shorter_than_its_checkpoint_is_refused(tmp_path, layout):
    StateWriter(tmp_path / "a.zarr", layout).append(states_of(layout), times_of(5))
    with pytest.raises(FieldsError, match="holds 5 times but 6 were expected"):
        StateWriter(tmp_path / "a.zarr", layout, keep=6)
    with pytest.raises(FieldsError, match=r"no store at .* but 6 times"):
        StateWriter(tmp_path / "b.zarr", layout, keep=6)


def test_a_folder_of_something_else_is_left_alone(tmp_path, layout):
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(FieldsError, match="is no Zarr store; it is left alone"):
        StateWriter(tmp_path, layout)


def test_a_state_that_blew_up_is_not_written(tmp_path, layout):
    states = states_of(layout)
    writer = StateWriter(tmp_path / "a.zarr", layout)
    writer.append(states[:2], times_of(5)[:2])
    states[3, 0, 0, 0] = np.inf
    with pytest.raises(FieldsError, match="2000-01-01T12:00:00 or soon after holds NaN"):
        writer.append(states[2:], times_of(5)[2:])
    assert open_store(tmp_path / "a.zarr").sizes["time"] == 2


def test_states_of_another_shape_are_refused(layout):
    with pytest.raises(FieldsError, match="were wanted; got"):
        to_dataset(states_of(layout)[:, :-1], layout, times_of(5))


def test_upper_air_variables_without_a_level(tmp_path):
    layout = build_layout(regional_grid([50.0, 40.0], [-5.0, 0.0, 5.0]), NoLevels(), {}, ["t"])
    dataset = to_dataset(states_of(layout), layout, times_of(5))
    found = stored(dataset, tmp_path)
    assert layout_of_store(found) == layout
    np.testing.assert_array_equal(read_states(found, layout), states_of(layout))


def test_global_snapshot_on_37_levels(shared_data):
    path = shared_data / "grid_global_snapshots" / "era5_tl31_37lev_19590102T00.nc"
    dataset = open_store(path)
    layout = layout_of_store(dataset, ["t", "z"], [500, 850])
    assert layout.names == ("t@500", "t@850", "z@500", "z@850")
    assert (layout.grid.kind, layout.grid.shape) == ("gaussian", (32, 64))
    assert layout.vertical.levels == (500.0, 850.0)
    state = read_states(dataset, layout, "1959-01-02")[0]
    mean = (state * layout.grid.area_weights).mean((1, 2))
    assert 245 < mean[0] < 265 < mean[1] < 285
    assert 5.3e4 < mean[2] < 5.7e4


def test_regional_series(shared_data):
    folder = shared_data / "grid_erainterim_europe_daily"
    dataset = open_store(next(folder.glob("*.nc")))
    layout = layout_of_store(dataset, ["msl"])
    assert (layout.grid.kind, layout.shape) == ("regional", (1, 21, 24))
    assert layout.grid.north_first
    pressure = read_states(dataset, layout, ["2010-12-31T12:00"])
    assert 9.6e4 < pressure.min() < pressure.max() < 1.06e5


def test_global_series_at_one_degree(shared_data):
    dataset = open_store(next((shared_data / "grid_era5_global_1deg_2026").glob("*.nc")))
    layout = layout_of_store(dataset)
    assert layout.names == ("msl", "t2m", "u10m", "v10m")
    assert (layout.grid.kind, layout.grid.shape) == ("lat-lon", (181, 360))
    assert read_states(dataset, layout, slice(0, 2)).shape == (2, 4, 181, 360)
