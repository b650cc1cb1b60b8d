import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from latentda.observations import ObservationError, column, read_observations, select
from latentda.observations.nnja import read_nnja
from latentda.observations.row_notes import RowWarning
from latentda.physics.thermodynamics import specific_humidity

TIMES = pa.array(np.array(["2021-01-01T00:00", "2021-01-01T12:00"], "M8[us]"), pa.timestamp("us", "UTC"))
HEAD = {
    "OBS_TIMESTAMP": TIMES,
    "LAT": [50.0, -30.0],
    "LON": [10.0, -60.0],
    "WMOB": [10, 87],
    "WMOS": [393, 155],
    "SELV": [115.0, 50.0],
    "MSG_TYPE": ["NC002001", "NC002001"],
}
LEVELS = {85000: (0, 1), 50000: (2, 3)}


def _write(path, columns, **options):
    pq.write_table(pa.table(columns), path, **options)
    return path


def _sorted(table):
    table = table.drop_columns("obs_id")
    return table.sort_by([(name, "ascending") for name in ("station", "variable", "pres")])


@pytest.fixture
def values():
    """Temperature and so on of two ascents at two levels, the second without wind at 500 hPa."""
    return {
        "TMDB": np.array([280.0, 255.0, 290.0, 260.0]),
        "TMDP": np.array([275.0, 235.0, 280.0, np.nan]),
        "WDIR": np.array([270.0, 180.0, 90.0, np.nan]),
        "WSPD": np.array([10.0, 30.0, 5.0, 20.0]),
        "GP10": np.array([14000.0, 54000.0, 15000.0, 57000.0]),
        "QMAT": np.array([1.0, 13.0, np.nan, 2.0]),
    }


@pytest.fixture
def wide(values):
    columns = dict(HEAD)
    for name, value in values.items():
        columns[f"{name}_PRLC85000"], columns[f"{name}_PRLC50000"] = value[0::2], value[1::2]
    return columns


@pytest.fixture
def long(values):
    head = {name: pa.array(column).take(pa.array([0, 0, 1, 1])) for name, column in HEAD.items()}
    return head | values | {"PRLC": [85000.0, 50000.0, 85000.0, 50000.0]}


def test_wide_soundings(tmp_path, wide):
    table = read_nnja(_write(tmp_path / "adpupa", wide))
    assert set(column(table, "station")) == {"10393", "87155"}
    assert set(column(table, "class")) == {"ADPUPA"}
    high = select(table, (column(table, "pres") == 50000.0) & (column(table, "station") == "10393"))
    found = dict(zip(column(high, "variable"), column(high, "observation"), strict=True))
    assert found["t"] == 255.0
    assert found["u"] == pytest.approx(0.0, abs=1e-5)
    assert found["v"] == pytest.approx(30.0)
    assert found["z"] == 54000.0
    assert found["q"] == pytest.approx(specific_humidity(np.array(235.0), np.array(50000.0)), rel=1e-6)
    quality = dict(zip(column(high, "variable"), column(high, "quality"), strict=True))
    assert quality["t"] == 13
    assert quality["u"] == 2


def test_wide_and_long_are_the_same(tmp_path, wide, long):
    one, other = read_nnja(_write(tmp_path / "wide", wide)), read_nnja(_write(tmp_path / "long", long))
    assert _sorted(one).equals(_sorted(other))


def test_missing_values_never_become_data(tmp_path, long):
    table = read_nnja(_write(tmp_path / "long", long))
    lost = select(table, (column(table, "station") == "87155") & (column(table, "pres") == 50000.0))
    assert set(column(lost, "variable")) == {"t", "z"}


def test_row_groups_make_no_difference(tmp_path, long):
    one = read_nnja(_write(tmp_path / "one", long))
    assert read_nnja(_write(tmp_path / "many", long, row_group_size=1)).equals(one)


def test_dew_point_without_pressure_stays_dew_point(tmp_path, long):
    columns = long | {"PRLC": pa.array([85000.0, None, 85000.0, None]), "FLVL": [None, 5000.0, None, 5000.0]}
    columns |= {"MSG_TYPE": ["NC004003"] * 4}
    table = read_observations(_write(tmp_path / "aircraft", columns))
    assert set(column(table, "class")) == {"AIRCFT"}
    np.testing.assert_allclose(column(table, "pres")[column(table, "pres") < 80000.0], 54019.9, rtol=1e-4)


def test_surface_reports_with_paths_of_mnemonics(tmp_path):
    columns = {name: values for name, values in HEAD.items() if name not in ("WMOB", "WMOS")}
    columns |= {"MSG_TYPE": ["NC000001"] * 2, "RPID": ["16101   ", "78795   "]}
    columns |= {"PRSSQ1.PRES": [100000.0, None], "TMPSQ1.TMDB": [280.0, 290.0], "TMPSQ1.TMDP": [275.0, 285.0]}
    columns |= {"WNDSQ1.WDIR": [0.0, 90.0], "WNDSQ1.WSPD": [0.0, 3.0], "TMPSQ1.TMPSQ2.TMDB": [1.0, 1.0]}
    table = read_observations(_write(tmp_path / "adpsfc", columns))
    counts = dict(zip(*np.unique(column(table, "variable").astype(str), return_counts=True), strict=True))
    assert counts == {"sp": 1, "t2m": 2, "q2m": 1, "d2m": 1, "u10m": 2, "v10m": 2}
    assert column(table, "observation")[column(table, "variable") == "t2m"].tolist() == [280.0, 290.0]
    assert set(column(table, "station")) == {"16101", "78795"}
    assert set(column(table, "type")) == {181, 281}


@pytest.mark.parametrize(("name", "wrong"), [("WSPD", -3.0), ("WDIR", 400.0), ("WDIR", -190.0)])
def test_a_wind_that_cannot_be_is_said(tmp_path, name, wrong):
    columns = HEAD | {"MSG_TYPE": ["NC000001"] * 2, "TMDB": [280.0, 290.0], "WDIR": [90.0, 90.0], "WSPD": [3.0, 3.0]}
    columns |= {name: [columns[name][0], wrong]}
    with pytest.warns(RowWarning, match=f"1 of 2 rows have a wind .*row 2, column {name}"):
        table = read_nnja(_write(tmp_path / "adpsfc", columns))
    assert column(table, "variable").tolist().count("u10m") == 1
    assert column(table, "variable").tolist().count("t2m") == 2


def test_other_parquet_is_named(tmp_path):
    radiances = {"OBS_TIMESTAMP": TIMES, "LAT": [0.0, 1.0], "LON": [0.0, 1.0], "TMBR_00001": [200.0, 210.0]}
    with pytest.raises(ObservationError, match="without temperature"):
        read_observations(_write(tmp_path / "amsua", radiances))
    with pytest.raises(ObservationError, match="lacks LAT, LON"):
        read_nnja(_write(tmp_path / "nowhere", {"OBS_TIMESTAMP": TIMES, "TMDB": [280.0, 281.0]}))
    with pytest.raises(ObservationError, match="no observation table"):
        read_observations(_write(tmp_path / "other", {"a": [1, 2]}))


def test_pressure_at_sea_level(tmp_path):
    frame = {
        "OBS_TIMESTAMP": ["2021-01-01 00:00:00"],
        "LAT": [46.0],
        "LON": [14.0],
        "TMDB": [280.0],
        "PMSL": [101300.0],
    }
    pq.write_table(pa.table(frame), tmp_path / "ship")
    table = read_nnja(tmp_path / "ship")
    assert dict(zip(column(table, "variable"), column(table, "observation"), strict=True))["msl"] == 101300.0
