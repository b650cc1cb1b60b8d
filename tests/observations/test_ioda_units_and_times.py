"""Units, epochs and attributes of IODA files, in the ways that writers keep them; none is ever guessed in silence."""

from datetime import UTC, datetime
from pathlib import Path

import h5netcdf
import h5py
import numpy as np
import pytest

from latentda.observations import LeftOutWarning, ObservationError, column, read_ioda
from latentda.observations.ioda_times import epoch

REPORTED = Path(__file__).parents[1] / "data" / "reported"
EPOCH = "seconds since 2020-11-01T12:00:00Z"
NOON = np.datetime64("2020-11-01T12:00", "ns")


def _write(path, variables, units=None, times=None):
    """An IODA file of two locations; `units` by variable, `times` of another kind than seconds since noon."""
    groups = {
        "MetaData/latitude": [10.0, 20.0],
        "MetaData/longitude": [30.0, 40.0],
        "MetaData/dateTime": np.array([0, 600]) if times is None else times,
        "MetaData/pressure": [85000.0, 50000.0],
    }
    units = {"MetaData/dateTime": EPOCH} | (units or {})
    with h5netcdf.File(path, "w") as file:
        file.dimensions = {"Location": 2}
        for name, values in (groups | variables).items():
            values = np.asarray(values)
            if values.dtype.kind in "US":
                variable = file.create_variable(name, ("Location",), h5py.string_dtype(), data=values.astype(object))
            else:
                variable = file.create_variable(name, ("Location",), values.dtype, data=values)
            if name in units:
                variable.attrs["units"] = units[name]
    return path


def _values(table, variable, name="observation"):
    return column(table, name)[column(table, "variable") == variable]


def test_attributes_of_variable_length_are_attributes():
    folder = REPORTED / "07_ioda_attributes"
    plain = read_ioda(folder / "plain.nc")
    assert plain.num_rows == 23
    assert read_ioda(folder / "string_attr.nc").equals(plain)


def test_an_epoch_that_is_a_date_is_midnight():
    folder = REPORTED / "07_ioda_attributes"
    times, plain = (column(read_ioda(folder / f"{name}.nc"), "time") for name in ("epoch_date", "plain"))
    assert (plain - times == np.timedelta64(12, "h")).all()
    assert times.min() == np.datetime64("2020-11-01T00:00")


@pytest.mark.parametrize(
    "file", ["17_ioda_hpa_in_string_attributes/sondes_hpa.nc4", "18_ioda_pressure_in_mb/sondes.nc4"]
)
def test_pressures_become_pascals(file):
    table = read_ioda(REPORTED / file)
    assert {name: len(_values(table, name)) for name in "tquv"} == {"t": 5, "q": 6, "u": 6, "v": 6}
    assert sorted(set(column(table, "pres"))) == [50000.0, 55000.0, 60000.0, 65000.0, 70000.0, 75000.0]
    assert column(table, "time")[0] == NOON
    assert (column(table, "lat")[0], column(table, "lon")[0]) == (-60.0, 190.0)
    assert _values(table, "t")[0] == 250.0
    assert _values(table, "t", "error")[0] == np.float32(0.8)
    assert (np.diff(np.unique(column(table, "time"))) == np.timedelta64(10, "m")).all()


@pytest.mark.parametrize(
    ("name", "value", "unit", "variable", "wanted"),
    [
        ("airTemperature", 10.0, "degC", "t", 283.15),
        ("airTemperature", 50.0, "degF", "t", 283.15),
        ("specificHumidity", 5.0, "g/kg", "q", 0.005),
        ("windEastward", 10.0, "knots", "u", 10.0 * 1852.0 / 3600.0),
        ("geopotentialHeight", 5.5, "km", "z", 5500.0 * 9.80665),
        ("geopotentialHeight", 5500.0, "gpm", "z", 5500.0 * 9.80665),
        ("stationPressure", 1000.0, "hPa", "sp", 100000.0),
        ("precipitableWater", 20.0, "mm", "tcwv", 20.0),
        ("atmosphericRefractivity", 200.0, "N", "n", 200.0),
    ],
)
def test_values_and_errors_are_converted_together(tmp_path, name, value, unit, variable, wanted):
    variables = {f"ObsValue/{name}": [value, value], f"ObsError/{name}": [value / 10.0, value / 10.0]}
    units = {f"ObsValue/{name}": unit}
    table = read_ioda(_write(tmp_path / "file", variables, units))
    np.testing.assert_allclose(_values(table, variable), wanted, rtol=1e-6)
    # An error is a difference: it takes the scale and no offset.
    scale = {"degC": 1.0, "degF": 5.0 / 9.0}.get(unit, wanted / value)
    np.testing.assert_allclose(_values(table, variable, "error"), scale * value / 10.0, rtol=1e-6)
    told = read_ioda(_write(tmp_path / "told", variables, units | {f"ObsError/{name}": unit}))
    assert told.equals(table)


@pytest.mark.parametrize(
    ("at", "unit"),
    [
        ("MetaData/pressure", "furlongs"),
        ("MetaData/pressure", "m"),
        ("MetaData/latitude", "K"),
        ("MetaData/longitude", "gradians"),
        ("ObsValue/airTemperature", "Pa"),
        ("ObsValue/airTemperature", "warmths"),
        ("ObsError/airTemperature", "%"),
    ],
)
def test_a_unit_that_is_not_known_is_refused_by_name(tmp_path, at, unit):
    variables = {"ObsValue/airTemperature": [280.0, 260.0], "ObsError/airTemperature": [1.0, 1.0]}
    with pytest.raises(ObservationError) as caught:
        read_ioda(_write(tmp_path / "file.nc", variables, {at: unit}))
    for word in ("file.nc", at, f"'{unit}'"):
        assert word in str(caught.value)


def test_packed_values_are_unpacked(tmp_path):
    path = _write(tmp_path / "file", {"ObsValue/airTemperature": np.array([1000, -32768], dtype=np.int16)})
    with h5netcdf.File(path, "a") as file:
        packed = file["ObsValue/airTemperature"].attrs
        packed["scale_factor"], packed["add_offset"] = 0.01, 273.15
    assert _values(read_ioda(path), "t").tolist() == [np.float32(283.15)]


@pytest.mark.parametrize(
    ("units", "wanted", "step"),
    [
        ("seconds since 1970-01-01T00:00:00Z", "1970-01-01T00:00+00:00", 1e3),
        ("seconds since 2020-11-01", "2020-11-01T00:00+00:00", 1e3),
        ("seconds since 2020-11-1 6:00", "2020-11-01T06:00+00:00", 1e3),
        ("Seconds since 2020-11-01 12:00:00.5 UTC", "2020-11-01T12:00:00.500000+00:00", 1e3),
        ("seconds since 2020-11-01T12:00:00+02:00", "2020-11-01T10:00+00:00", 1e3),
        ("minutes since 2020-11-01 00:00:00 -5:30", "2020-11-01T05:30+00:00", 6e4),
        ("hours since 2020-11-01T00", "2020-11-01T00:00+00:00", 3.6e6),
        ("days since 1900-1-1", "1900-01-01T00:00+00:00", 8.64e7),
        ("ns since 20201101T120000Z", "2020-11-01T12:00+00:00", 1e-6),
    ],
)
def test_epochs(units, wanted, step):
    assert epoch(units) == (datetime.fromisoformat(wanted), step)
    assert epoch(units)[0].tzinfo == UTC


@pytest.mark.parametrize(
    "units", ["", "seconds", "seconds since noon", "fortnights since 2020-11-01", "s since 2020-2-30"]
)
def test_what_is_no_epoch_is_refused(tmp_path, units):
    assert epoch(units) is None
    path = _write(tmp_path / "f", {"ObsValue/airTemperature": [280.0, 270.0]}, {"MetaData/dateTime": units})
    with pytest.raises(ObservationError, match="no valid unit at MetaData/dateTime"):
        read_ioda(path)


def test_other_calendars_are_refused(tmp_path):
    path = _write(tmp_path / "file", {"ObsValue/airTemperature": [280.0, 270.0]})
    with h5netcdf.File(path, "a") as file:
        file["MetaData/dateTime"].attrs["calendar"] = "360_day"
    with pytest.raises(ObservationError, match="360_day"):
        read_ioda(path)


def test_times_as_texts_with_and_without_zones(tmp_path):
    temperature = {"ObsValue/airTemperature": [280.0, 270.0]}
    for texts in (["2020-11-01T12:00:00Z", "2020-11-01 12:10"], ["2020-11-01T14:00:00+02:00", "20201101T121000Z"]):
        times = column(read_ioda(_write(tmp_path / "file", temperature, times=np.array(texts))), "time")
        assert times.tolist() == [NOON.astype(int), (NOON + np.timedelta64(10, "m")).astype(int)]
    # JEDI's missing time lies beyond what can be kept.
    with pytest.warns(LeftOutWarning, match="1 of its 2 reports"):
        read = read_ioda(_write(tmp_path / "one", temperature, times=np.array([texts[0], "9996-02-29T23:58:57Z"])))
    assert read.num_rows == 1
    with pytest.raises(ObservationError, match="'noon'"):
        read_ioda(_write(tmp_path / "none", temperature, times=np.array(["noon", "noon"])))


def test_times_of_single_precision_say_so(tmp_path):
    path = _write(
        tmp_path / "file",
        {"ObsValue/airTemperature": [280.0, 270.0]},
        {"MetaData/dateTime": "seconds since 1970-01-01"},
        np.array([1.6042320e9, 1.6042326e9], dtype=np.float32),
    )
    with pytest.warns(UserWarning, match="known to 128 s only"):
        read_ioda(path)


def test_variables_without_a_place_in_the_table_are_named(tmp_path):
    variables = {"ObsValue/airTemperature": [280.0, 270.0], "ObsValue/windDirection": [10.0, 20.0]}
    variables |= {"DerivedObsValue/windEastward": [3.0, 4.0]}
    with pytest.warns(LeftOutWarning, match="no place for windDirection"):
        table = read_ioda(_write(tmp_path / "file", variables))
    assert _values(table, "u").tolist() == [3.0, 4.0]
