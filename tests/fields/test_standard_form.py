"""Names, levels, units and meridians of other people's stores."""

import numpy as np
import pytest

from latentda.fields import FieldsError, layout_of_store, open_store, read_states, to_dataset
from latentda.fields.standard_form import standard_form
from latentda.grid import PressureLevels, build_layout, lat_lon_grid

LEVELS = (100.0, 575.0, 925.0)
LAYOUT = build_layout(lat_lon_grid(3, 8), PressureLevels(LEVELS), {"t": LEVELS, "z": LEVELS}, ["sp"])
STATES = np.random.default_rng(0).normal(250.0, 10.0, (2, *LAYOUT.shape)).astype(np.float32)


@pytest.fixture
def dataset():
    return to_dataset(STATES, LAYOUT, ["2000-01-01", "2000-01-02"])


def stored(dataset, path):
    dataset.to_netcdf(path / "store.nc")
    return open_store(path / "store.nc")


def same(found):
    assert layout_of_store(found) == LAYOUT
    np.testing.assert_allclose(read_states(found, LAYOUT), STATES, rtol=1e-6)


@pytest.mark.parametrize(
    ("factor", "units"),
    [(100.0, "Pa"), (100, "pascal"), (0.1, "kPa"), (1.0, "mb"), (1.0, "millibar"), (1.0, "HPa"), (1.0, None)],
)
@pytest.mark.parametrize("name", ["level", "plev", "lev", "isobaricInhPa", "pressure", "altitude"])
def test_levels_of_any_unit(tmp_path, dataset, factor, units, name):
    attributes = {"standard_name": "air_pressure"} | ({"units": units} if units else {})
    levels = dataset["level"].copy(data=factor * dataset["level"].values)
    levels.attrs = attributes
    same(stored(dataset.assign_coords(level=levels).rename(level=name), tmp_path))


@pytest.mark.parametrize(
    ("levels", "units", "message"),
    [
        ([1, 2, 3], None, r"levels lev, 1, 2, 3, have no units and look like no pressures; write the attribute units"),
        ([0.1, 0.5, 0.9], None, "have no units and look like no pressures"),
        ([1.0, 5.0, 9.0], "km", r"levels lev, 1, 5, 9, are in 'km'; pressures or sigmas"),
        ([1.0, 5.0, 9.0], "parsec", "are in 'parsec'"),
    ],
)
def test_levels_that_nobody_can_tell_are_refused(tmp_path, dataset, levels, units, message):
    dataset = dataset.assign_coords(level=("level", levels, {"units": units} if units else {})).rename(level="lev")
    with pytest.raises(FieldsError, match=message):
        stored(dataset, tmp_path)


@pytest.mark.parametrize("units", ["hPa", "1", None])
def test_hybrid_levels_are_no_pressures(tmp_path, dataset, units):
    said = {"standard_name": "atmosphere_hybrid_sigma_pressure_coordinate"} | ({"units": units} if units else {})
    dataset = dataset.assign_coords(level=("level", np.array(LEVELS), said)).rename(level="lev")
    with pytest.raises(FieldsError, match="levels lev are hybrid ones; interpolate to pressure"):
        stored(dataset, tmp_path)


def test_levels_without_numbers_are_refused(tmp_path, dataset):
    with pytest.raises(FieldsError, match="the dimension lev, have no numbers"):
        stored(dataset.drop_vars("level").rename(level="lev"), tmp_path)


@pytest.mark.parametrize(
    ("stored_as", "units", "to_units"),
    [
        ("temperature", "degC", lambda x: x - 273.15),
        ("ta", "celsius", lambda x: x - 273.15),
        ("zg", "m", lambda x: x / 9.80665),
        ("gh", "gpm", lambda x: x / 9.80665),
        ("Z3", None, lambda x: x / 9.80665),
        ("ps", "hPa", lambda x: x / 100.0),
        ("surface_pressure", "kPa", lambda x: x / 1000.0),
    ],
)
def test_names_and_units(tmp_path, dataset, stored_as, units, to_units):
    ours = {
        "ta": "temperature",
        "zg": "geopotential",
        "gh": "geopotential",
        "Z3": "geopotential",
        "ps": "surface_pressure",
    }
    name = ours.get(stored_as, stored_as)
    array = to_units(dataset[name].astype(np.float64))
    array.attrs = {"units": units} if units else {}
    same(stored(dataset.drop_vars(name).assign({stored_as: array}), tmp_path))


@pytest.mark.parametrize("units", ["m s-1", "furlong"])
def test_units_that_do_not_suit_are_refused_by_name(tmp_path, dataset, units):
    dataset["temperature"].attrs["units"] = units
    found = stored(dataset, tmp_path)
    with pytest.raises(FieldsError, match=f"temperature has units that do not suit: '{units}'"):
        layout_of_store(found)
    with pytest.raises(FieldsError, match="temperature has units that do not suit"):
        read_states(found, LAYOUT)
    layout_of_store(found, ["z", "sp"])


def test_variables_nobody_asked_for_may_have_any_units(tmp_path, dataset):
    dataset["snow"] = dataset["surface_pressure"].assign_attrs(units="furlong")
    same(stored(dataset, tmp_path))


def test_forecasts_are_filed_under_the_time_at_which_they_are_valid(tmp_path, dataset):
    valid = dataset["time"].values + np.timedelta64(6, "h")
    found = stored(dataset.assign_coords(valid_time=("time", valid), step=np.timedelta64(6, "h")), tmp_path)
    np.testing.assert_array_equal(found["time"].values, valid)
    same(found)


def test_a_dimension_of_valid_times_beside_the_start_of_a_forecast(tmp_path, dataset):
    forecast = dataset.rename(time="valid_time").assign_coords(time=np.datetime64("1999-12-31", "ns"))
    found = stored(forecast, tmp_path)
    np.testing.assert_array_equal(found["time"].values, dataset["time"].values)
    same(found)


def test_a_raw_dataset_is_read_like_a_store(dataset):
    raw = dataset.assign_coords(level=("level", 100.0 * np.array(LEVELS), {"units": "Pa"}))
    same(raw.rename(level="plev", latitude="lat", longitude="lon", temperature="ta"))


def test_standard_form_of_standard_form_is_itself(dataset):
    once = standard_form(dataset)
    assert standard_form(once).identical(once)
    assert once.identical(dataset)


def closed(dataset, columns, longitudes):
    return dataset.isel(longitude=columns).assign_coords(
        longitude=("longitude", np.asarray(longitudes, float), {"units": "degrees_east"})
    )


@pytest.mark.parametrize(
    ("columns", "longitudes"),
    [
        ([*range(8), 0], [*np.arange(0, 360, 45), 360.00003]),
        ([*range(8), 0], [*np.arange(0, 360, 45), 0.0]),
        ([*range(8), 0, 1], [*np.arange(0, 450, 45)]),
        (range(8), np.arange(0, 360, 45)),
        (range(7, -1, -1), np.arange(315, -1, -45)),
    ],
)
def test_every_meridian_once_and_eastward(tmp_path, dataset, columns, longitudes):
    same(stored(closed(dataset, list(columns), longitudes), tmp_path))


@pytest.mark.parametrize(
    ("columns", "longitudes"),
    [
        ([4, 5, 6, 7, 0, 1, 2, 3], [180, 225, 270, 315, 0, 45, 90, 135]),
        ([4, 5, 6, 7, 0, 1, 2, 3, 4], [-180, -135, -90, -45, 0, 45, 90, 135, 180]),
        ([4, 5, 6, 7, 0, 1, 2, 3, 4], [180, -135, -90, -45, 0, 45, 90, 135, 180]),
    ],
)
def test_circles_that_begin_elsewhere_are_global(tmp_path, dataset, columns, longitudes):
    found = stored(closed(dataset, columns, longitudes), tmp_path)
    layout = layout_of_store(found)
    assert layout.grid.periodic
    assert layout.grid.longitude == tuple(np.arange(-180.0, 180.0, 45.0))
    np.testing.assert_array_equal(read_states(found, layout), np.roll(STATES, 4, axis=-1))


def test_an_area_across_greenwich_is_regional(tmp_path, dataset):
    found = stored(closed(dataset, [6, 7, 0, 1], [270, 315, 0, 45]), tmp_path)
    layout = layout_of_store(found)
    assert not layout.grid.periodic
    assert layout.grid.longitude == (-90.0, -45.0, 0.0, 45.0)
    np.testing.assert_array_equal(read_states(found, layout), STATES[..., [6, 7, 0, 1]])
