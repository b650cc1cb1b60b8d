import gzip

import numpy as np
import pyarrow.csv
import pytest

from latentda.observations import ObservationError, check_range, column, read_observations, select, used
from latentda.observations.bufr_decoder import DamageWarning
from latentda.observations.column_maps import column_map
from latentda.observations.csv_table import read_csv

SATELLITE_WINDS = {
    "delimiter": "whitespace",
    "time": ["day", "hms"],
    "time_format": "%Y%m%d%H%M",
    "lat": "lat",
    "lon": "lon",
    "pres": "pre [hPa]",
    "station": "sat",
    "class": "=SATWND",
    "type": 140,
    "wind": ["spd", "dir"],
}
DECODED_ASCENTS = {
    "time": ["typicalDate", "typicalTime"],
    "time_format": "%Y%m%d%H%M%S",
    "lat": "latitude",
    "lon": "longitude",
    "pres": "pressure",
    "t": "airTemperature",
    "wind": ["windSpeed", "windDirection"],
}
STATION = {"time": "when", "lat": "lat", "lon": "lon"}


def _written(path, *lines):
    path.write_text("\n".join(lines) + "\n")
    return path


def _only(table, variable, name="observation"):
    return column(table, name)[column(table, "variable") == variable]


def test_metars(shared_data):
    table = read_csv(shared_data / "obs_misc/2020100106_metars.csv.gz", "metar")
    first = select(table, np.arange(table.num_rows) < 4)
    # CYGW 010531Z AUTO 31012G18KT ... 04/03
    assert set(column(first, "station")) == {"CYGW"}
    found = dict(zip(column(first, "variable"), column(first, "observation").astype(float), strict=True))
    assert found["t2m"] == pytest.approx(277.15, abs=1e-3)
    assert found["d2m"] == pytest.approx(276.15, abs=1e-3)
    assert np.hypot(found["u10m"], found["v10m"]) == pytest.approx(12 * 1852 / 3600, rel=1e-5)
    assert found["u10m"] > 0.0 > found["v10m"]  # it blows from the north-west
    assert (column(first, "time") == np.datetime64("2020-10-01T05:31")).all()
    assert "sp" not in set(column(table, "variable"))
    assert used(check_range(table)).mean() > 0.999


def test_satellite_winds(shared_data):
    table = read_csv(shared_data / "obs_misc/satwinds_ssec2021080103.txt.gz", SATELLITE_WINDS)
    assert table.num_rows == 2 * 34024
    u, v = _only(table, "u"), _only(table, "v")
    assert np.hypot(u[0], v[0]) == pytest.approx(4.4, rel=1e-5)
    assert column(table, "pres")[0] == 79000.0
    assert set(column(table, "type")) == {240}
    assert used(check_range(table)).all()


def test_decoded_ascents_equal_the_bufr_file(shared_data):
    pytest.importorskip("eccodes")
    folder = shared_data / "obs_ecmwf_bufr"
    bufr = read_observations(folder / "temp_2008120812_global.bufr")
    csv = read_observations(folder / "temp_2008120812_global.decoded.csv.gz", DECODED_ASCENTS)
    for variable in ("t", "u", "v"):
        for name, tolerance in {"observation": 1e-4, "pres": 0.1, "lat": 1e-3}.items():
            np.testing.assert_allclose(
                _only(csv, variable, name), _only(bufr, variable, name), atol=tolerance, err_msg=f"{variable} {name}"
            )


@pytest.mark.parametrize(
    ("variable", "unit", "value", "si"),
    [
        ("t2m", "degC", 0.0, 273.15),
        ("t2m", "degF", 32.0, 273.15),
        ("sp", "hPa", 1000.0, 100000.0),
        ("q2m", "g/kg", 5.0, 0.005),
        ("ws10m", "knots", 36.0, 18.52),
        ("ws10m", "km/h", 36.0, 10.0),
        ("u10m", "m/s", 3.0, 3.0),
        ("tcwv", "mm", 20.0, 20.0),
        ("t2m", "°C", 0.0, 273.15),
        ("sp", "inHg", 30.0, 101591.67),
        ("q2m", "g kg-1", 5.0, 0.005),
    ],
)
def test_units(tmp_path, variable, unit, value, si):
    path = _written(tmp_path / "csv", "when,lat,lon,x", f"2020-01-01T00:00:00Z,1,2,{value}")
    table = read_csv(path, STATION | {variable: f"x [{unit}]"})
    assert _only(table, variable)[0] == pytest.approx(si, rel=1e-6)


def test_heights_become_geopotential_and_elevation(tmp_path):
    path = _written(tmp_path / "csv", "when,lat,lon,p,h", "2020-01-01T00:00:00,1,2,500,5600")
    table = read_csv(path, STATION | {"pres": "p [hPa]", "z": "h [gpm]", "elev": "h [feet]"})
    assert _only(table, "z")[0] == pytest.approx(5600 * 9.80665)
    assert column(table, "elev")[0] == pytest.approx(5600 * 0.3048)


def test_an_error_has_the_unit_but_not_the_zero_of_its_values(tmp_path):
    path = _written(tmp_path / "csv", "when,lat,lon,x,e,what", "2020-01-01T00:00:00,1,2,10,1.5,t2m")
    long = STATION | {"variable": "what", "observation": "x [degC]", "error": "e [degC]"}
    for columns in (long, STATION | {"t2m": "x [degC]", "error": "e [degC]"}):
        table = read_csv(path, columns)
        assert column(table, "observation")[0] == pytest.approx(283.15)
        assert column(table, "error")[0] == 1.5


@pytest.mark.parametrize("nothing", ["", "NaN", "NA", "M", " "])
def test_missing_values_never_become_data(tmp_path, nothing):
    path = _written(
        tmp_path / "csv",
        "when,lat,lon,x,y",
        f"2020-01-01T00:00:00,1,2,{nothing},280",
        f"2020-01-01T00:00:00,{nothing},2,1,1",
    )
    table = read_csv(path, STATION | {"t2m": "x", "d2m": "y", "missing": ["M", " "]})
    assert column(table, "variable").tolist() == ["d2m"]


def test_times(tmp_path):
    wanted = np.datetime64("2020-10-01T05:31:00", "ns")
    for text, extra in {
        "1601530260": {},
        "2020-10-01T05:31:00Z": {},
        "2020-10-01 05:31:00": {},
        "01.10.2020 05:31": {"time_format": "%d.%m.%Y %H:%M"},
    }.items():
        path = _written(tmp_path / "csv", "when,lat,lon,x", f"{text},1,2,280")
        assert column(read_csv(path, STATION | {"t2m": "x"} | extra), "time")[0] == wanted


def test_a_table_written_as_csv_is_read_without_a_map(tmp_path, small_table):
    pyarrow.csv.write_csv(small_table, tmp_path / "plain.csv")
    assert read_observations(tmp_path / "plain.csv").equals(small_table)
    (tmp_path / "packed").write_bytes(gzip.compress((tmp_path / "plain.csv").read_bytes()))
    assert read_observations(tmp_path / "packed").equals(small_table)


def test_own_variables_may_stand_side_by_side(tmp_path):
    path = _written(tmp_path / "csv", "time,lat,lon,t2m,sp", "2020-01-01T00:00:00,1,2,280,100000")
    assert set(column(read_observations(path), "variable")) == {"t2m", "sp"}


def test_a_map_from_yaml(tmp_path):
    path = _written(tmp_path / "csv", "when,lat,lon,spd,deg", "2020-01-01T00:00:00,1,2,10,270")
    text = "time: when\nlat: lat\nlon: lon\nclass: =ADPSFC\nwind10m: ['spd [knots]', deg]"
    yaml = _written(tmp_path / "map.yaml", text)
    table = read_observations(path, str(yaml))
    assert _only(table, "u10m")[0] == pytest.approx(10 * 1852 / 3600)
    assert set(column(table, "class")) == {"ADPSFC"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"t2m": "x [furlongs]"}, "unknown unit furlongs"),
        ({"t2m": "x [hPa]"}, "wanted in 'K'"),
        ({"z": "x [m]"}, "wanted in 'm2/s2'"),
        ({"t2m": "x", "delimiter": "abc"}, "delimiter as one character"),
        ({"temperature": "x"}, "unknown key"),
        ({"wind": "x"}, "speed and direction"),
        ({"type": "=metar"}, "no number"),
        ({}, "must also say where to find a variable"),
        ({"t2m": "nowhere"}, "cannot be read as CSV"),
        ({"t2m": "when"}, "both as text or time and as a number"),
        ({"t2m": "x", "time_format": "%d"}, "times that are not"),
    ],
)
def test_errors_are_one_sentence(tmp_path, change, words):
    path = _written(tmp_path / "csv", "when,lat,lon,x", "2020-01-01T00:00:00,1,2,280")
    with pytest.raises(ObservationError, match=words) as caught:
        read_csv(path, STATION | change)
    assert "\n" not in str(caught.value)


def test_maps_that_are_none(tmp_path):
    with pytest.raises(ObservationError, match="neither a shipped column map"):
        column_map("nowhere.yaml")
    with pytest.raises(ObservationError, match="is no column map"):
        column_map(_written(tmp_path / "list.yaml", "- 1"))


def test_rows_with_gaps_are_left_out_or_refused(tmp_path):
    sound = ["2020-01-01T00:00:00,1,2,280"] * 20
    path = _written(tmp_path / "csv", "when,lat,lon,x", *sound, "2020-01-01T00:00:00,1,2")
    with pytest.warns(DamageWarning, match="1 of 21 rows"):
        assert read_csv(path, STATION | {"t2m": "x"}).num_rows == 20
    path = _written(tmp_path / "csv", "when,lat,lon,x", *sound, *["2020,1"] * 5)
    with pytest.raises(ObservationError, match="5 of 25 rows"):
        read_csv(path, STATION | {"t2m": "x"})


def test_rows_that_are_no_text_are_counted_too(tmp_path):
    sound = ["2020-01-01T00:00:00,1,2,280"] * 20
    path = _written(tmp_path / "csv", "when,lat,lon,x", *sound)
    whole = path.read_bytes()
    path.write_bytes(whole + b"2020-\xff1\n")
    with pytest.warns(DamageWarning, match="1 of 21 rows"):
        assert read_csv(path, STATION | {"t2m": "x"}).num_rows == 20
    path.write_bytes(whole + 5 * b"2020-\xff1\n")
    with pytest.raises(ObservationError, match="5 of 25 rows"):
        read_csv(path, STATION | {"t2m": "x"})


def test_every_sentence_names_the_file(tmp_path):
    for header, words in {
        "time,lat,lon,t2m,t2m": "twice",
        "Time,TIME,lat,lon,t2m": "may both be time",
        "time,lat,t2m": r"lacks the column\(s\) lon",
        "time,lat,lon,observation": "variable",
    }.items():
        path = _written(tmp_path / "some.csv", header, "20201101,1,2,280,281")
        with pytest.raises(ObservationError, match=rf"some\.csv .*{words}"):
            read_csv(path)
