"""Tables as they came from users, and others of their kinds."""

import os
import re
import subprocess
import sys
import textwrap
import warnings
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from latentda.observations import ObservationError, column, csv_table, read_observations, select, used
from latentda.observations.column_maps import METAR
from latentda.observations.row_notes import RowWarning

REPORTED = Path(__file__).parents[1] / "data" / "reported"
NOON = np.datetime64("2020-11-01T12:00", "ns")
HOUR = np.timedelta64(1, "h")
HALF = np.timedelta64(30, "m")
HEAD = "time,lat,lon,pres,observation,variable,class,type,station,error"
ROW = "2020-11-01T12:00:00,46.5,14.25,50000,252.5,t,ADPUPA,120,14000,0.8"


def _read(path, columns=None):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RowWarning)
        return read_observations(path, columns)


def _written(path, *lines):
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize(
    ("name", "times"),
    [
        ("compact10", (NOON, NOON + HOUR)),
        ("compact12", (NOON, NOON + HALF)),
        ("compact14", (NOON, NOON + HALF)),
        ("date8", (NOON - 12 * HOUR, NOON - 12 * HOUR)),
        ("ms", (NOON, NOON + HALF)),
    ],
)
def test_compact_times(name, times):
    table = read_observations(REPORTED / "01_compact_times" / f"{name}.csv")
    assert column(table, "time").tolist() == np.array(times).astype(int).tolist()
    assert column(table, "observation").tolist() == [252.5, 253.5]


def test_compact_times_in_a_frame(tmp_path):
    frame = {"time": [2020110112], "lat": [46.5], "lon": [14.25], "t2m": [280.0]}
    pq.write_table(pa.table(frame), tmp_path / "frame")
    assert column(read_observations(tmp_path / "frame"), "time")[0] == NOON


def test_times_of_no_known_form_are_refused_with_advice(tmp_path):
    path = _written(tmp_path / "csv", HEAD, ROW.replace("2020-11-01T12:00:00", "1/11/2020 12:00"))
    with pytest.raises(ObservationError, match=r"row 2, column time: '1/11/2020 12:00'.*time_format"):
        read_observations(path)


@pytest.mark.parametrize("name", ["bom", "caps", "latin1", "names", "semicolon"])
def test_spreadsheets(name):
    table = _read(REPORTED / "02_spreadsheets" / f"{name}.csv")
    assert column(table, "observation").tolist() == [252.5]
    assert (column(table, "time")[0], column(table, "lat")[0], column(table, "lon")[0]) == (NOON, 46.5, 14.25)
    assert column(table, "station")[0] == ("KØBEN" if name == "latin1" else "14000")


def test_the_encoding_is_said():
    with pytest.warns(RowWarning, match=r"latin1.csv is not in UTF-8"):
        read_observations(REPORTED / "02_spreadsheets" / "latin1.csv")


@pytest.mark.parametrize(
    "content",
    [
        f"\ufeff{HEAD}\r\n{ROW}\r\n".encode(),
        f"{HEAD}\n{ROW}\n".encode("utf-16"),
        f"sep=;\n{HEAD};\n{ROW};\n".replace(",", ";").encode(),
        f"{HEAD}\n{ROW}\n".replace(".", ",,").replace(",", ";").replace(";;", ",").encode(),
        f"{HEAD}\n{ROW}\n".replace(",", "\t").encode(),
        f"{HEAD}\n{ROW}\n".replace(",", " , ").encode(),
        f"{HEAD}\n{ROW}\n".replace(",", "  ").encode(),
        f"\n{HEAD}\n{ROW}\n,,,,,,,,,\n\n".encode(),
        "\n".join(",".join(f'"{cell}"' for cell in line.split(",")) for line in (HEAD, ROW)).encode(),
        f"{HEAD}\n{ROW}\n".replace("lat,lon", "LATITUDE,Long").encode(),
    ],
    ids=["bom", "utf-16", "sep", "decimal comma", "tabs", "blanks", "padded", "blank rows", "quotes", "names"],
)
def test_other_spreadsheets(tmp_path, content):
    (tmp_path / "csv").write_bytes(content)
    table = read_observations(tmp_path / "csv")
    assert table.num_rows == 1
    found = [column(table, name)[0] for name in ("time", "lat", "lon", "pres", "observation", "station")]
    assert found == [NOON, 46.5, 14.25, 50000.0, 252.5, "14000"]


def test_two_columns_for_one_place_are_refused(tmp_path):
    path = _written(tmp_path / "csv", HEAD.replace("lat,lon", "Lat,LATITUDE"), ROW)
    with pytest.raises(ObservationError, match="Lat and LATITUDE may both be lat"):
        read_observations(path)


@pytest.mark.parametrize("name", ["offset", "offset2"])
def test_time_zones(name):
    table = read_observations(REPORTED / "03_time_zones" / f"{name}.csv")
    assert (column(table, "time") == [NOON, NOON + HALF]).all()


def test_time_zones_in_nnja(tmp_path):
    path = REPORTED / "03_time_zones" / "nnja_str.parquet"
    table, frame = read_observations(path), pq.read_table(path)
    assert (column(table, "time") == np.datetime64("2021-01-01T00:05")).all()
    real = pa.array(np.full(frame.num_rows, np.datetime64("2021-01-01T00:05", "us")), pa.timestamp("us", "UTC"))
    pq.write_table(frame.set_column(0, "OBS_TIMESTAMP", real), tmp_path / "real")
    assert read_observations(tmp_path / "real").equals(table)
    # The second report is calm and has no direction.
    calm = (column(table, "station") == "03005") & (column(table, "variable") == "u10m")
    assert column(table, "observation")[calm].tolist() == [0.0]
    assert table.num_rows == 18


def test_nnja_says_what_it_leaves_out(tmp_path):
    frame = pq.read_table(REPORTED / "03_time_zones" / "nnja_str.parquet")
    times = pa.array(["2021-01-01 00:05:00+00:00", "", "2021-01-01 00:05:00+00:00", "2021-01-01 00:05:00+00:00"])
    frame = frame.set_column(0, "OBS_TIMESTAMP", times)
    frame = frame.set_column(frame.column_names.index("LAT"), "LAT", pa.array([46.1, 47.0, 99.0, None]))
    pq.write_table(frame, tmp_path / "frame")
    with pytest.warns(RowWarning, match=r"3 of 4 rows have no usable time or place"):
        table = read_observations(tmp_path / "frame")
    assert set(column(select(table, used(table)), "station")) == {"14015"}
    assert set(column(table, "verdict")) == {"", "position"}


@pytest.mark.parametrize(
    ("name", "verdicts", "said"),
    [
        ("err0", ["", "error"], "row 3, column error: '0'"),
        ("errneg", ["", "error"], "row 3, column error: '-0.8'"),
        ("huge", ["", "range"], "row 3, column observation: '1e40'"),
        ("inf", ["", "range"], "row 3, column observation: 'inf'"),
        ("m9999", ["", "level"], "1 of 3 rows have no value .*row 3, column observation: '-9999'"),
    ],
)
def test_one_bad_row(name, verdicts, said):
    with pytest.warns(RowWarning, match=said):
        table = read_observations(REPORTED / "04_one_bad_row" / f"{name}.csv")
    assert column(table, "verdict").tolist() == verdicts
    assert used(table).tolist() == [True, False]
    assert column(table, "observation")[0] == 252.5
    assert np.isfinite(column(table, "observation")).all()


def test_a_latitude_beyond_the_pole_by_rounding():
    table = read_observations(REPORTED / "04_one_bad_row" / "lat9001.csv")
    assert column(table, "lat").tolist() == [46.5, 90.0]
    assert used(table).all()


@pytest.mark.parametrize(
    ("old", "new", "verdict", "said"),
    [
        ("46.5", "95", "position", "row 5, column lat: '95'"),
        ("14.25", "400", "position", "row 5, column lon: '400'"),
        ("50000", "-3", "level", "row 5, column pres: '-3'"),
        ("50000", "", "level", "row 5, column pres: nothing"),
        ("50000", "high", "level", "row 5, column pres: 'high'"),
        ("252.5", "-inf", "range", "row 5, column observation: '-inf'"),
        ("252.5", "warm", None, "row 5, column observation: 'warm'"),
        ("252.5", "", None, "row 5, column observation: nothing"),
        (",t,", ",w,", None, "row 5, column variable: 'w'"),
        ("2020-11-01T", "2020-11-31T", None, "row 5, column time: '2020-11-31T12:00:00'"),
        ("0.8", "inf", "error", "row 5, column error: 'inf'"),
        ("0.8", "1e20", "error", "row 5, column error: '1e20'"),
        ("0.8", "9.96921e36", "error", "row 5, column error: '9.96921e36'"),
    ],
)
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_other_bad_rows(tmp_path, kind, old, new, verdict, said):
    rows = [ROW, ROW, ROW.replace(old, new), ROW]
    if kind == "csv":
        path = _written(tmp_path / "csv", HEAD, rows[0], "", *rows[1:])
    else:
        cells = zip(*(row.split(",") for row in rows), strict=True)
        pq.write_table(pa.table(dict(zip(HEAD.split(","), map(list, cells), strict=True))), tmp_path / "parquet")
        path, said = tmp_path / "parquet", said.replace("row 5", "row 3")
    with pytest.warns(RowWarning) as caught:
        table = read_observations(path)
    assert any(str(path) in str(w.message) for w in caught)
    assert any(re.search(said, str(w.message)) for w in caught)
    assert select(table, used(table)).num_rows == 3
    assert column(table, "verdict")[~used(table)].tolist() == ([] if verdict is None else [verdict])


def test_a_column_that_holds_no_numbers_is_refused(tmp_path):
    path = _written(tmp_path / "csv", HEAD, ROW.replace("46.5", "north"), ROW.replace("46.5", "south"))
    with pytest.raises(ObservationError, match="no numbers in the column lat: row 2, column lat: 'north'"):
        read_observations(path)


@pytest.mark.parametrize("name", ["e2s", "e2s_full"])
def test_frames_of_earth2studio(name):
    table = read_observations(REPORTED / "08_frames_of_earth2studio" / f"{name}.parquet")
    assert column(table, "observation").tolist() == [252.5, 253.5, 254.5]
    assert column(table, "time")[[0, 2]].tolist() == [int(NOON.astype(int)), int((NOON + HOUR).astype(int))]
    assert used(table).all()
    assert column(table, "station_elev").tolist() == [120.0] * 3
    assert set(column(table, "source")) == ({"gdas"} if name == "e2s_full" else {""})


def test_frames_of_pandas(tmp_path):
    frame = {
        "Latitude": pa.array([46.5, None]),
        "lon": pa.array([-14.25, 3.0], pa.float32()),
        "time": pa.array(["2020-11-01T12:00Z"] * 2, pa.large_string()),
        "variable": pa.array(["T", "t"]).dictionary_encode(),
        "observation": [252.5, 253.5],
        "pres": [50000, 50000],
        "station": [14000.0, None],
        "type": [120.0, None],
        "quality": pa.array([300, 2], pa.int32()),
        "used": ["True", None],
        "note": [{"by": "me"}, None],
        "__index_level_0__": [7, 8],
    }
    pq.write_table(pa.table(frame), tmp_path / "frame")
    with pytest.warns(RowWarning, match="row 2, column Latitude: nothing"):
        table = read_observations(tmp_path / "frame")
    row = table.to_pylist()[0]
    assert table.num_rows == 1
    assert (row["variable"], row["station"], row["type"], row["lon"]) == ("t", "14000", 120, 345.75)
    assert (row["quality"], row["used"], row["note"]) == (15, True, {"by": "me"})
    assert "__index_level_0__" not in table.column_names


def test_frames_with_variables_side_by_side_and_with_a_map(tmp_path):
    frame = {"when": ["2020-11-01T12:00"], "y": [46.5], "x": [14.25], "temp": [12.5]}
    pq.write_table(pa.table(frame), tmp_path / "frame")
    table = read_observations(tmp_path / "frame", {"time": "when", "lat": "y", "lon": "x", "t2m": "temp [degC]"})
    assert column(table, "observation").tolist() == [np.float32(285.65)]


def test_longitudes_of_ioda():
    table = read_observations(REPORTED / "09_longitudes" / "lon_beyond.nc")
    assert table.num_rows == 23
    temperature = select(table, column(table, "variable") == "q")
    assert column(temperature, "lon")[:5].tolist() == [0.0, 90.0, 180.0, 180.0, 0.0]
    assert column(temperature, "verdict").tolist() == [""] * 5 + ["position"]
    assert (~used(table)).sum() == 4


def test_used_in_all_spellings():
    table = read_observations(REPORTED / "20_csv_used_false" / "judged.csv")
    assert column(table, "station")[used(table)].tolist() == ["14001"]
    assert sorted(column(table, "verdict")[~used(table)]) == ["blacklist", "range", "range", "range"]


@pytest.mark.parametrize(
    ("cells", "wanted", "verdict"),
    [
        ("FALSE,", False, ""),
        ("0,", False, ""),
        ("0.0,range", False, "range"),
        ("no,", False, ""),
        ("F,", False, ""),
        ("TRUE,", True, ""),
        ("1.0,", True, ""),
        ("yes,", True, ""),
        (",", True, ""),
        (",blacklist", False, "blacklist"),
        ("maybe,", False, "unclear"),
    ],
)
def test_other_spellings_of_used(tmp_path, cells, wanted, verdict):
    table = _read(_written(tmp_path / "csv", f"{HEAD},used,verdict", f"{ROW},{cells}"))
    assert used(table).tolist() == [wanted]
    assert column(table, "verdict").tolist() == [verdict]


@pytest.mark.parametrize(("values", "wanted"), [([0, 1], [False, True]), ([0.0, 1.0], [False, True])])
def test_used_as_numbers_in_a_frame(tmp_path, values, wanted):
    frame = pa.table({"time": [NOON] * 2, "lat": [1.0] * 2, "lon": [1.0] * 2, "used": values})
    frame = frame.append_column("variable", pa.array(["t2m"] * 2)).append_column("observation", pa.array([280.0] * 2))
    pq.write_table(frame, tmp_path / "frame")
    assert used(read_observations(tmp_path / "frame")).tolist() == wanted


def test_used_beside_variables_side_by_side(tmp_path):
    path = _written(tmp_path / "csv", "time,lat,lon,t2m,used", "2020-11-01,1,2,280,False", "2020-11-01,1,3,281,True")
    assert used(read_observations(path)).tolist() == [False, True]


def test_reports_without_a_place_are_counted():
    with pytest.warns(RowWarning, match=r"reports.csv: 3 of 4 rows have no usable time or place"):
        table = read_observations(REPORTED / "21_reports_without_a_place" / "reports.csv")
    assert used(table).tolist() == [True, False]
    assert column(table, "verdict").tolist() == ["", "position"]


def test_calm_needs_no_direction():
    table = read_observations(REPORTED / "22_calm_without_direction" / "metar.csv", "metar")
    for variable, speed in (("u10m", 4.729), ("v10m", -3.968)):
        rows = column(table, "variable") == variable
        assert column(table, "station")[rows].tolist() == ["AAAA", "AAAB", "AAAC"]
        np.testing.assert_allclose(column(table, "observation")[rows], [speed, 0.0, 0.0], atol=1e-3)


def test_a_direction_that_cannot_be_is_said(tmp_path):
    path = _written(tmp_path / "csv", "time,lat,lon,spd,dir", "2020-11-01,1,2,5,999", "2020-11-01,1,2,-1,90")
    with pytest.warns(RowWarning, match="2 of 2 rows have a wind"), pytest.raises(ObservationError):
        read_observations(path, {"time": "time", "lat": "lat", "lon": "lon", "wind10m": ["spd", "dir"]})


def test_the_documented_column_map():
    folder = REPORTED / "23_documented_column_map"
    table = read_observations(folder / "metar.csv", str(folder / "map.yaml"))
    assert table.equals(read_observations(folder / "metar.csv", "metar"))
    names = column(table, "variable").tolist()
    assert (names.count("t2m"), names.count("d2m")) == (4, 4)


def test_the_map_in_the_text_is_yaml():
    lines = [line for line in csv_table.__doc__.splitlines() if line.startswith("    ")]
    assert yaml.safe_load(textwrap.dedent("\n".join(lines))) == {**METAR, "type": "=187"}


def test_a_map_that_is_no_yaml_names_the_line(tmp_path):
    path = _written(tmp_path / "map.yaml", "time: Unix_time", "lat: [Latitude", "lon: Longitude")
    with pytest.raises(ObservationError, match=r"map.yaml cannot be read as a column map in YAML: line 3"):
        read_observations(REPORTED / "23_documented_column_map" / "metar.csv", str(path))


def test_longitudes_of_parquet():
    folder = REPORTED / "26_parquet_longitudes_to_180"
    east, west = (read_observations(folder / f"{name}.parquet") for name in ("all_positive", "west_negative"))
    longitude = column(west, "lon")
    assert ((longitude >= 0.0) & (longitude < 360.0)).all()
    np.testing.assert_allclose(longitude, column(east, "lon"), atol=2e-5)
    assert west.drop_columns("lon").equals(east.drop_columns("lon"))


def test_a_map_is_utf_8_in_every_locale():
    folder = REPORTED / "33_yaml_in_a_bare_locale"
    program = (
        "import sys; from latentda.observations import read_observations; "
        "print(read_observations(sys.argv[1], sys.argv[2])['observation'].to_pylist())"
    )
    bare = os.environ | {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    command = [sys.executable, "-c", program, str(folder / "own.csv"), str(folder / "map.yaml")]
    done = subprocess.run(command, env=bare, capture_output=True, text=True, check=True)
    assert float(done.stdout.strip("[]\n")) == pytest.approx(285.65, abs=1e-3)
