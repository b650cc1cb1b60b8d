"""What a reader leaves out is counted and said, in every format; what can be placed is kept."""

import gzip
from pathlib import Path

import h5netcdf
import numpy as np
import pytest

from latentda.observations import (
    LeftOutWarning,
    NoObservationError,
    ObservationError,
    column,
    default_error_table,
    read_gnssro,
    read_observations,
    read_observations_of_files,
    read_prepbufr,
)
from latentda.observations.bufr_decoder import frames
from latentda.observations.clock_times import clock_times
from latentda.observations.left_out import LeftOut
from latentda.observations.reports import table_from_reports

REPORTED = Path(__file__).parents[1] / "data" / "reported"


def test_soundings_without_a_place():
    pytest.importorskip("eccodes")
    with pytest.warns(LeftOutWarning, match=r"temps\.bufr: .*: 2 of its 3 reports"):
        table = read_observations(REPORTED / "21_reports_without_a_place" / "temps.bufr")
    assert table.num_rows == 20


def test_reports_and_single_data_are_counted_apart(tmp_path):
    left_out = LeftOut(tmp_path / "file")
    noon = np.datetime64("2020-01-01T12", "ns")
    places = {
        "time": np.array([noon, noon, noon, np.datetime64("NaT")]),
        "lat": np.array([10.0, 10.0, np.nan, 10.0]),
        "lon": np.array([10.0, 10.0, 10.0, 10.0]),
        "pres": np.array([50000.0, np.nan, 50000.0, 50000.0]),
        "report": np.array([0, 0, 1, 2]),
    }
    quantities = {"t": np.array([250.0, 251.0, 252.0, np.nan]), "u": np.array([1.0, 2.0, 3.0, np.nan])}
    assert table_from_reports(places, quantities, left_out=left_out).num_rows == 2
    with pytest.warns(LeftOutWarning, match=r"1 of its 2 reports and 2 data of others"):
        left_out.warn()


def test_a_pole_and_a_date_line_missed_by_rounding_are_places(tmp_path):
    places = {
        "time": np.full(2, np.datetime64("2020-01-01", "ns")),
        "lat": np.array([-90.00000000000001, 0.0]),
        "lon": np.array([0.0, -180.00000000000003]),
    }
    table = table_from_reports(places, {"sp": np.array([68000.0, 101000.0])}, left_out=LeftOut(tmp_path))
    assert column(table, "lat").tolist() == [-90.0, 0.0]
    assert column(table, "lon").tolist() == [0.0, 180.0]


def test_surface_pressure_without_a_height_is_counted(tmp_path):
    left_out = LeftOut(tmp_path / "file")
    places = {"time": np.full(1, np.datetime64("2020-01-01", "ns")), "lat": np.zeros(1), "lon": np.zeros(1)}
    quantities = {"sp": np.array([1e5]), "t2m": np.array([280.0])}
    table = table_from_reports(places | {"barometer": np.array([np.nan])}, quantities, left_out=left_out)
    assert column(table, "variable").tolist() == ["t2m"]
    with pytest.warns(LeftOutWarning, match="1 datum of its reports"):
        left_out.warn()


def test_occultations_at_impossible_times(shared_data, monkeypatch):
    monkeypatch.setattr(
        "latentda.observations.gnssro._times",
        lambda batch: np.where(np.arange(batch.num_rows) < 2, np.datetime64("NaT", "ns"), np.datetime64("2020", "ns")),
    )
    with pytest.warns(LeftOutWarning, match=r"2 of its \d+ reports"):
        read_gnssro(shared_data / "obs_misc/gnssro_kompsat5_20180415_00Z.bufr")


def test_reports_of_prepbufr_off_the_globe(shipped_cycle, tmp_path, monkeypatch):
    content = gzip.decompress(shipped_cycle.read_bytes())
    path = tmp_path / "cycle"
    path.write_bytes(content)
    path.write_bytes(content[: sum(frames(path).places[12])])
    whole = read_prepbufr(path)
    from latentda.observations import prepbufr

    def off(latitude, longitude):
        return np.where(latitude < np.nanmedian(latitude), latitude, np.nan), longitude

    monkeypatch.setattr(prepbufr, "on_the_globe", off)
    with pytest.warns(LeftOutWarning, match=r"cycle: .* \d+ of its \d+ reports"):
        south = read_prepbufr(path)
    assert 0 < south.num_rows < whole.num_rows


def test_parts_that_no_clock_shows_are_no_time():
    dates = [(2020, 2, 29, 23, 59, 60), (2019, 2, 29, 0, 0, 0), (2020, 1, 1, 24, 0, 0), (2020, 1, 1, 0, 60, 0)]
    parts = [np.array(part, dtype=float) for part in zip(*dates, (2020, 1, 1, np.nan, 0, 0), strict=True)]
    times = clock_times(parts)
    assert times[0] == np.datetime64("2020-03-01")
    assert np.isnat(times[1:]).all()


def test_land_stations_are_known_by_their_wigos_identifier():
    pytest.importorskip("eccodes")
    table = read_observations(REPORTED / "24_land_stations_with_wigos_numbers" / "synop.bufr")
    assert set(column(table, "class")) == {"ADPSFC"}
    assert set(column(table, "type")) == {181, 281}
    assert list(dict.fromkeys(column(table, "station"))) == [f"0-705-0-99{number}" for number in range(4)]
    pressure = column(table, "variable") == "sp"
    assert column(table, "observation")[pressure].tolist() == [100500.0, 99900.0, 99300.0, 98700.0]
    assert column(table, "elev")[pressure].tolist() == [101.5, 151.5, 201.5, 251.5]
    from latentda.observations import assign_errors

    assert set(column(assign_errors(table, default_error_table()), "error")[pressure]) == {100.0}


def test_prepbufr_without_its_tables_is_named(shipped_cycle, tmp_path):
    path = REPORTED / "25_prepbufr_without_tables" / "no_tables.prepbufr"
    for read in (read_observations, read_prepbufr):
        with pytest.raises(ObservationError, match=r"no_tables\.prepbufr lacks its own tables .*category 11"):
            read(path)
    # A part of them is lacking.
    copy = tmp_path / "copy"
    copy.write_bytes(gzip.decompress(shipped_cycle.read_bytes()))
    (_, first), (begin, length) = frames(copy).places[0], frames(copy).places[9]
    copy.write_bytes(copy.read_bytes()[first : begin + length])
    with pytest.raises(ObservationError, match=r"its own tables .* lack 0-63-000"):
        read_prepbufr(copy)


def test_a_text_is_no_damaged_bufr(tmp_path):
    (tmp_path / "notes").write_text("# BUFR\n\nprepBUFR holds BUFR messages.\n")
    with pytest.raises(ObservationError, match="notes is text, no BUFR"):
        read_prepbufr(tmp_path / "notes")


def test_one_empty_file_of_two():
    full, empty = (REPORTED / "19_one_empty_file_of_two" / name for name in ("sondes.nc4", "none.nc4"))
    for files in ([full, empty], [empty, full]):
        with pytest.warns(LeftOutWarning, match=r"none\.nc4 holds no usable observation"):
            tables = list(read_observations_of_files(files))
        assert [table.num_rows for table in tables] == [23]
    for files in ([empty], [empty, empty]):
        with pytest.raises(NoObservationError):
            list(read_observations_of_files(files))


def test_locations_are_counted_over_all_variables(tmp_path):
    with h5netcdf.File(tmp_path / "ioda", "w") as file:
        file.dimensions = {"Location": 3}
        for name, values in {
            "MetaData/latitude": [10.0, np.nan, 10.0],
            "MetaData/longitude": [10.0, 10.0, 10.0],
            "MetaData/dateTime": [0, 0, 0],
            "MetaData/pressure": [50000.0, 50000.0, np.nan],
            "ObsValue/airTemperature": [250.0, 250.0, 250.0],
            "ObsValue/stationPressure": [np.nan, np.nan, 1e5],
        }.items():
            file.create_variable(name, ("Location",), data=np.array(values)).attrs["units"] = ""
        file["MetaData/dateTime"].attrs["units"] = "seconds since 2020-01-01"
    with pytest.warns(LeftOutWarning, match="1 of its 3 reports and 1 datum of others"):
        assert read_observations(tmp_path / "ioda").num_rows == 2
