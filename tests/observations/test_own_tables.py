"""Tables of a user's own: names, units, frames, NetCDF, and the map that is proposed for them."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xarray as xr
import yaml

from latentda.observations import ObservationError, column, concatenate, read_observations, select, used
from latentda.observations.column_names import own_columns, stem_and_unit
from latentda.observations.column_proposal import propose_map
from latentda.observations.parquet_table import table_of
from latentda.observations.row_notes import RowWarning

TIME = "2020-11-01T12:00:00"


def _frame(**changes):
    columns = {
        "Valid_Time": [TIME] * 3,
        "Latitude": [46.5] * 3,
        "longitude (deg)": [14.25] * 3,
        "Pressure_hPa": [850.0, 500.0, 250.0],
        "value": [280.0, 252.5, 220.0],
        "parameter": ["temperature", "t", "T"],
    }
    return pd.DataFrame(columns | changes)


def _dataset(**units):
    time = np.full(2, np.datetime64(TIME, "ns"))
    profile = ("station", "level")
    return xr.Dataset(
        {
            "latitude": ("station", [46.5, 47.0]),
            "longitude": ("station", [14.25, 15.0]),
            "time": ("station", time),
            "station_name": ("station", ["a", "b"]),
            "pressure": ("level", [850.0, 500.0], {"units": units.get("pressure", "hPa")}),
            "t": (profile, [[7.0, -20.0], [8.0, -21.0]], {"units": units.get("t", "degC")}),
        }
    )


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("Pressure (hPa)", ("pressure", "hPa")),
        ("pressure_hpa", ("pressure", "hPa")),
        ("LAT deg", ("lat", "degrees")),
        ("time (UTC)", ("time", "")),
        ("t2m_c", ("t2m", "degC")),
        ("sum_c", ("sum_c", "")),
        ("u10m", ("u10m", "")),
        ("air-pressure [Pa]", ("air_pressure", "Pa")),
    ],
)
def test_names_tell_what_they_are_and_their_unit(name, wanted):
    assert stem_and_unit(name) == wanted


def test_a_stations_temperature_is_not_aloft():
    assert "t" not in own_columns(["time", "lat", "lon", "temperature"])
    assert own_columns(["time", "lat", "lon", "pressure", "temperature"])["t"] == "temperature"


def test_one_frame_in_all_kinds_of_files(tmp_path):
    frame = _frame()
    table = read_observations(frame)
    assert column(table, "pres").tolist() == [85000.0, 50000.0, 25000.0]
    assert column(table, "variable").tolist() == ["t"] * 3
    assert column(table, "observation").tolist() == [280.0, 252.5, 220.0]
    frame.to_parquet(tmp_path / "a.parquet")
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.to_xarray().to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
    for name in ("a.parquet", "a.csv", "a.nc"):
        assert read_observations(tmp_path / name).drop_columns("source").equals(table.drop_columns("source")), name


@pytest.mark.parametrize("engine", ["h5netcdf", "scipy"])
def test_profiles_in_netcdf_are_a_row_a_level_in_their_units(tmp_path, engine):
    _dataset().to_netcdf(tmp_path / "profiles.nc", engine=engine)
    table = read_observations(tmp_path / "profiles.nc")
    assert table.equals(read_observations(_dataset()))
    assert column(table, "pres").tolist() == [85000.0, 50000.0] * 2
    np.testing.assert_allclose(column(table, "observation"), [280.15, 253.15, 281.15, 252.15], rtol=1e-6)
    assert column(table, "station").tolist() == ["a", "a", "b", "b"]


def test_units_of_netcdf_that_cannot_be_are_refused_and_a_map_goes_before_them():
    with pytest.raises(ObservationError, match="wrong or unknown unit furlong"):
        read_observations(_dataset(t="furlong"))
    written = {"time": "time", "lat": "latitude", "lon": "longitude", "pres": "pressure", "t": "t [K]"}
    assert column(read_observations(_dataset(t="furlong"), written), "observation")[0] == 7.0


def test_fields_are_no_table(tmp_path):
    field = xr.DataArray(np.zeros((2, 3)), {"latitude": [0.0, 1.0], "longitude": [0.0, 1.0, 2.0]}, name="t")
    field.to_dataset().to_netcdf(tmp_path / "field.nc", engine="h5netcdf")
    with pytest.raises(ObservationError, match=r"field\.nc holds fields on a grid"):
        read_observations(tmp_path / "field.nc")


@pytest.mark.parametrize("name", ["pres", "pressure", "air_pressure"])
def test_pressures_that_can_only_be_hectopascal_are_not_taken_for_pascal(name):
    frame = _frame().rename(columns={"Pressure_hPa": name})
    with pytest.warns(RowWarning, match=f"column {name} are at most 850 and were taken as hPa.*{name} .Pa."):
        table = read_observations(frame)
    assert column(table, "pres").tolist() == [85000.0, 50000.0, 25000.0]


def test_a_map_that_says_pascal_is_believed():
    said = {"time": "Valid_Time", "lat": "Latitude", "lon": "longitude (deg)", "pres": "p [Pa]"}
    said |= {"observation": "value", "variable": "parameter"}
    table = read_observations(_frame().rename(columns={"Pressure_hPa": "p"}), said)
    assert column(table, "pres").tolist() == [850.0, 500.0, 250.0]


def test_pressures_that_may_be_either_are_refused():
    with pytest.raises(ObservationError, match="may be Pa or hPa; a column map must say"):
        read_observations(_frame(Pressure_hPa=[50.0, 30.0, 10.0]).rename(columns={"Pressure_hPa": "pres"}))


def test_pressures_of_stations_locate_nothing_and_tell_no_unit():
    frame = _frame(parameter=["t2m"] * 3, Pressure_hPa=[1.0, 2.0, 3.0]).rename(columns={"Pressure_hPa": "pres"})
    assert column(read_observations(frame), "pres").tolist() == [1.0, 2.0, 3.0]


def test_our_own_tables_stay_in_pascal(tmp_path, columns_of):
    from latentda.observations import table_from_columns, write_table

    table = table_from_columns(columns_of(pres=np.full(12, 500.0)))
    write_table(table, tmp_path / "own.parquet")
    assert read_observations(tmp_path / "own.parquet").equals(table)


def test_a_file_of_both_units_is_refused(tmp_path, monkeypatch):
    from latentda.observations import csv_table

    monkeypatch.setattr(csv_table, "_BLOCK_BYTES", 60)
    rows = [f"{TIME},1,2,{p},t,250" for p in (850, 500, 85000, 50000)]
    (tmp_path / "both.csv").write_text("\n".join(["time,lat,lon,pres,variable,observation", *rows]) + "\n")
    with pytest.raises(ObservationError, match="pressures of hPa and of Pa"), pytest.warns(RowWarning):
        read_observations(tmp_path / "both.csv")


def test_a_unit_a_row(tmp_path):
    frame = _frame(units=["degC", "K", "m"], value=[7.0, 252.5, 1.0], error=[0.5, 1.0, 1.0])
    frame.to_csv(tmp_path / "long.csv", index=False)
    for source in (frame, tmp_path / "long.csv"):
        with pytest.warns(RowWarning, match="1 of 3 rows have a unit that is unknown or not one of their variable"):
            table = read_observations(source)
        np.testing.assert_allclose(column(table, "observation"), [280.15, 252.5], rtol=1e-6)
        assert column(table, "error").tolist() == [0.5, 1.0]


def test_a_unit_a_variable_and_names_of_the_users_own():
    frame = _frame(parameter=["TEMP", "TEMP", "SPFH"], value=[7.0, -20.0, 0.5])
    said = {"time": "Valid_Time", "lat": "Latitude", "lon": "longitude", "pres": "Pressure_hPa", "observation": "value"}
    said |= {"variable": "parameter", "names": {"TEMP": "t", "SPFH": "q"}, "units": {"t": "degC", "q": "g/kg"}}
    table = read_observations(frame, said)
    np.testing.assert_allclose(column(table, "observation"), [280.15, 253.15, 5e-4], rtol=1e-6)
    for wrong in ({"names": {"TEMP": "x"}}, {"units": {"t": "furlong"}}, {"units": "degC"}):
        with pytest.raises(ObservationError):
            read_observations(frame, said | wrong)


def test_what_is_needed_and_how_to_get_a_map_is_said(tmp_path):
    _frame().drop(columns="Latitude").to_csv(tmp_path / "a.csv", index=False)
    with pytest.raises(ObservationError, match=r"lacks the column\(s\) lat.*observations columns .*--columns MAP"):
        read_observations(tmp_path / "a.csv")
    header = "Unix_time,ICAO,Latitude,Longitude,Elev,Temp,Dewp,Wdir,Wspd"
    (tmp_path / "metar.csv").write_text(f"{header}\n1601530260,AAAA,46.1,14.5,300,4.0,3.0,310,12\n")
    with pytest.raises(ObservationError, match="give it --columns metar"):
        read_observations(tmp_path / "metar.csv")


def test_only_what_is_required_is_required():
    minimal = pd.DataFrame({"time": [TIME], "lat": [1.0], "lon": [2.0], "variable": ["msl"], "observation": [1e5]})
    assert used(read_observations(minimal)).all()


def test_an_observation_table_comes_back_as_it_is(small_table):
    assert table_of(small_table) is small_table
    again = table_of(small_table.to_pandas())
    assert select(again, used(again)).num_rows == small_table.num_rows
    with pytest.raises(ObservationError, match="not dict"):
        table_of({})


STATION = """Date,Time,Stn,Latitude,Longitude,Temp (C),Dewpoint,Wind Speed (kt),Wind Dir,SLP,note
2020-01-01,00:00,A,50,10,12.5,3.0,10,270,1013.2,x
"""
SOUNDING = """when,lat,lon,pressure,value,parameter
2020-01-01,1,2,850,280,TEMP
2020-01-01,1,2,500,250,t
"""


def test_the_proposed_map_reads_a_station(tmp_path):
    path = tmp_path / "station.csv"
    path.write_text(STATION)
    (tmp_path / "map.yaml").write_text(propose_map(path))
    table = read_observations(path, str(tmp_path / "map.yaml"))
    found = dict(zip(column(table, "variable"), column(table, "observation"), strict=True))
    assert found["t2m"] == pytest.approx(285.65)
    assert found["d2m"] == pytest.approx(276.15)
    assert found["msl"] == pytest.approx(101320.0)
    assert found["u10m"] == pytest.approx(10 * 1852 / 3600)
    assert column(table, "station").tolist() == ["A"] * 5
    assert column(table, "time")[0] == np.datetime64("2020-01-01")


def test_the_proposal_asks_for_what_it_cannot_tell(tmp_path):
    path = tmp_path / "sounding.csv"
    path.write_text(SOUNDING)
    proposed = propose_map(path)
    assert yaml.safe_load(proposed)["pres"] == "pressure [hPa]"
    assert "# time: WHICH COLUMN?" in proposed
    assert "# names: {TEMP: WHICH VARIABLE?}" in proposed
    assert "# not used: when" in proposed


def test_a_proposal_for_parquet_and_netcdf(tmp_path):
    _frame().to_parquet(tmp_path / "a.parquet")
    _dataset().to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
    assert "needs" not in propose_map(tmp_path / "a.parquet")
    written = yaml.safe_load(propose_map(tmp_path / "a.nc"))
    assert (written["t"], written["pres"]) == ("t [degC]", "pressure [hPa]")
    (tmp_path / "map.yaml").write_text(propose_map(tmp_path / "a.nc"))
    assert read_observations(_dataset(), str(tmp_path / "map.yaml")).num_rows == 4


def test_units_in_the_metadata_of_arrow(tmp_path):
    fields = [pa.field(name, pa.float64()) for name in ("lat", "lon")]
    fields += [pa.field("t2m", pa.float64(), metadata={"units": "degC"}), pa.field("time", pa.string())]
    pq.write_table(pa.table([[1.0], [2.0], [10.0], [TIME]], schema=pa.schema(fields)), tmp_path / "a")
    assert column(read_observations(tmp_path / "a"), "observation")[0] == np.float32(283.15)


def test_frames_and_files_make_one_table(tmp_path):
    _frame().to_csv(tmp_path / "a.csv", index=False)
    from latentda.workflows.assimilate import read_reports

    both = read_reports([tmp_path / "a.csv", _frame(), _dataset()])
    assert both.num_rows == concatenate([read_observations(_frame())] * 2).num_rows + 4
