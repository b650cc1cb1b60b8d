import h5netcdf
import numpy as np
import pytest

from latentda.observations import ObservationError, column, read_observations
from latentda.observations.gnssro import geopotential_height
from latentda.observations.ioda import read_ioda

FILL = np.float32(-3.3687953e38)
EPOCH = "seconds since 2020-11-01T12:00:00Z"


def _write(path, groups, attributes=None):
    """An IODA file; `groups` maps group/variable to values."""
    count = len(groups["MetaData/latitude"])
    with h5netcdf.File(path, "w") as file:
        file.dimensions = {"Location": count}
        for name, values in groups.items():
            values = np.asarray(values)
            fill = FILL if values.dtype.kind == "f" else None
            values = values.astype(np.float32) if values.dtype.kind == "f" else values
            dtype = "S5" if values.dtype.kind in "US" else values.dtype
            variable = file.create_variable(name, ("Location",), dtype, data=values.astype(dtype), fillvalue=fill)
            for key, text in (attributes or {}).get(name, {}).items():
                variable.attrs[key] = text
    return path


@pytest.fixture
def soundings():
    """Two levels of a radiosonde and a surface report, as IODA keeps them."""
    groups = {
        "MetaData/latitude": [10.0, 10.1, -20.0],
        "MetaData/longitude": [-30.0, -30.1, 179.0],
        "MetaData/dateTime": np.array([0, 60, -3600]),
        "MetaData/pressure": [85000.0, 50000.0, FILL],
        "MetaData/stationElevation": [5.0, 5.0, 100.0],
        "MetaData/stationIdentification": ["78016", "78016", "91925"],
        "ObsValue/airTemperature": [285.0, FILL, 300.0],
        "ObsValue/windEastward": [3.0, 20.0, FILL],
        "ObsValue/windNorthward": [-3.0, -20.0, FILL],
        "ObsValue/specificHumidity": [0.01, 0.001, 0.015],
        "ObsValue/geopotentialHeight": [1500.0, 5800.0, FILL],
        "ObsValue/stationPressure": [FILL, FILL, 100000.0],
        "ObsError/airTemperature": [1.0, 1.0, FILL],
        "PreQC/airTemperature": np.array([1, 2, 13]),
        "ObsType/airTemperature": np.array([120, 120, 181]),
        "ObsType/specificHumidity": np.array([120, 120, 181]),
        "ObsType/windEastward": np.array([220, 220, 281]),
        "ObsType/stationPressure": np.array([120, 120, 181]),
    }
    return groups, {"MetaData/dateTime": {"units": EPOCH}}


def _where(table, variable, name="observation"):
    return column(table, name)[column(table, "variable") == variable]


def test_what_was_written_is_read(tmp_path, soundings):
    table = read_ioda(_write(tmp_path / "sondes", *soundings))
    assert _where(table, "t").tolist() == [285.0]
    assert _where(table, "t2m").tolist() == [300.0]
    np.testing.assert_allclose(_where(table, "q"), [0.01, 0.001])
    np.testing.assert_allclose(_where(table, "q2m"), [0.015])
    assert _where(table, "u").tolist() == [3.0, 20.0]
    assert _where(table, "v").tolist() == [-3.0, -20.0]
    np.testing.assert_allclose(_where(table, "z"), np.array([1500.0, 5800.0]) * 9.80665, rtol=1e-6)
    assert _where(table, "sp").tolist() == [100000.0]
    assert _where(table, "u", "pres").tolist() == [85000.0, 50000.0]
    assert _where(table, "u", "station").tolist() == ["78016", "78016"]
    np.testing.assert_allclose(_where(table, "u", "lon"), [330.0, 329.9], atol=1e-4)
    assert _where(table, "u", "time").tolist() == np.array(["2020-11-01T12:00", "2020-11-01T12:01"], "M8[ns]").tolist()


def test_marks_errors_types_and_classes_go_along(tmp_path, soundings):
    table = read_ioda(_write(tmp_path / "sondes", *soundings))
    assert _where(table, "t", "quality").tolist() == [1]
    assert _where(table, "t2m", "quality").tolist() == [13]
    assert _where(table, "u", "quality").tolist() == [2, 2]  # nothing is said of them
    assert _where(table, "t", "error").tolist() == [1.0]
    assert np.isnan(_where(table, "t2m", "error")).all()
    assert _where(table, "u", "type").tolist() == [220, 220]
    assert _where(table, "t", "class").tolist() == ["ADPUPA"]
    assert _where(table, "t2m", "class").tolist() == ["ADPSFC"]


@pytest.mark.parametrize("missing", [FILL, np.float32(9.96921e36), np.float32(np.nan), np.float32(np.inf)])
def test_missing_values_never_become_data(tmp_path, soundings, missing):
    groups, attributes = soundings
    groups |= {name: np.full(3, missing) for name in groups if name.startswith("ObsValue") and "wind" not in name}
    table = read_ioda(_write(tmp_path / "missing", groups, attributes))
    assert set(column(table, "variable")) == {"u", "v"}


def test_reports_without_time_or_place_are_left_out(tmp_path, soundings):
    groups, attributes = soundings
    groups |= {"MetaData/latitude": [10.0, FILL, -20.0]}
    groups |= {"MetaData/dateTime": np.array([0, 60, np.iinfo(np.int64).min + 7])}
    table = read_ioda(_write(tmp_path / "nowhere", groups, attributes))
    assert set(column(table, "station")) == {"78016"}
    assert _where(table, "u").tolist() == [3.0]


def test_older_names_mean_the_same(tmp_path, soundings):
    groups, attributes = soundings
    new = read_ioda(_write(tmp_path / "new", groups, attributes))
    older = {
        "airTemperature": "air_temperature",
        "windEastward": "eastward_wind",
        "windNorthward": "northward_wind",
        "specificHumidity": "specific_humidity",
        "geopotentialHeight": "geopotential_height",
        "stationPressure": "surface_pressure",
        "MetaData/pressure": "MetaData/air_pressure",
        "stationElevation": "station_elevation",
        "PreQC": "QualityMarker",
    }
    renamed = {}
    for name, values in groups.items():
        for word, old in older.items():
            name = name.replace(word, old)
        renamed[name] = values
    assert read_ioda(_write(tmp_path / "old", renamed, attributes)).equals(new)


def test_units_of_the_file_are_honoured(tmp_path, soundings):
    groups, attributes = soundings
    hectopascal = groups | {"MetaData/pressure": [850.0, 500.0, FILL]}
    attributes_hpa = attributes | {"MetaData/pressure": {"units": "hPa"}}
    one = read_ioda(_write(tmp_path / "pa", groups, attributes))
    other = read_ioda(_write(tmp_path / "hpa", hectopascal, attributes_hpa))
    assert other.equals(one)


def test_refractivity_is_located_by_geopotential_height(tmp_path):
    groups = {
        "MetaData/latitude": [45.0, 45.0],
        "MetaData/longitude": [10.0, 10.0],
        "MetaData/dateTime": np.array([0, 0]),
        "MetaData/height": [1000.0, 20000.0],
        "ObsValue/atmosphericRefractivity": [260.0, 20.0],
    }
    table = read_observations(_write(tmp_path / "ro", groups, {"MetaData/dateTime": {"units": EPOCH}}))
    wanted = geopotential_height(np.array([1000.0, 20000.0]), np.array([45.0, 45.0]))
    np.testing.assert_allclose(column(table, "height"), wanted, rtol=1e-6)
    assert set(column(table, "class")) == {"GPSRO"}


def test_other_netcdf_is_named(tmp_path, soundings):
    groups, _ = soundings
    with h5netcdf.File(tmp_path / "grid.nc", "w") as file:
        file.create_variable("t2m", ("x",), data=np.zeros(3))
    with pytest.raises(ObservationError, match="no observation table: it lacks"):
        read_observations(tmp_path / "grid.nc")
    with pytest.raises(ObservationError, match="MetaData"):
        read_ioda(tmp_path / "grid.nc")
    with pytest.raises(ObservationError, match="dateTime"):
        read_ioda(_write(tmp_path / "no_epoch", groups))
    only = {name: values for name, values in groups.items() if name.startswith("MetaData")}
    with pytest.raises(ObservationError, match="without a variable"):
        read_ioda(_write(tmp_path / "no_value", only, {"MetaData/dateTime": {"units": EPOCH}}))
