"""IODA out and back; the layout's groups, names and missing values stand here as facts."""

import h5netcdf
import h5py
import numpy as np
import pyarrow as pa
import pytest

from latentda.observations import (
    ObservationError,
    column,
    empty_table,
    read_observations,
    read_table,
    table_from_columns,
)
from latentda.observations.ioda_names import NAMES, ioda_name
from latentda.observations.ioda_writer import FILL, QC_FLAGS, write_ioda
from latentda.observations.table import VARIABLES
from latentda.observations.verdicts import VERDICTS
from latentda.observations.writers import writer_for
from latentda.verification import has_feedback
from tests.feedback_tables import feedback_table

KEPT = (
    "time",
    "lat",
    "lon",
    "elev",
    "pres",
    "height",
    "variable",
    "type",
    "class",
    "station",
    "quality",
    "used",
    "verdict",
)


WINDS = ("u", "v", "ws", "u10m", "v10m", "ws10m")


@pytest.fixture
def mixed():
    """Data of every variable, some at one place, some refused."""
    count = len(VARIABLES)
    aloft = np.arange(count) < 9
    names = np.array(VARIABLES, dtype=object)
    return table_from_columns(
        {
            "time": np.datetime64("2020-11-01T12:00:30", "ns") + np.arange(count) // 3 * np.timedelta64(1, "h"),
            "lat": np.arange(count) // 3 + 10.0,
            "lon": np.arange(count) // 3 + 350.0,
            "elev": np.where(aloft, np.nan, 100.0),
            "pres": np.where(aloft & (names != "n"), 5e4, np.nan),
            "height": np.where(names == "n", 10_000.0, np.nan),
            "observation": np.linspace(1.0, 250.0, count),
            "error": np.where(np.arange(count) % 4, 1.0, np.nan),
            "variable": names,
            "type": np.where(names == "n", 3, np.where(aloft, 120, 181) + 100 * np.isin(names, WINDS)),
            "class": np.where(names == "n", "GPSRO", np.where(aloft, "ADPUPA", "ADPSFC")).astype(object),
            "station": np.array([f"st {k // 3}" for k in range(count)], dtype=object),
            "quality": np.arange(count) % 4,
            "used": np.arange(count) % 5 > 0,
            "verdict": np.where(np.arange(count) % 5 > 0, "", "first_guess").astype(object),
        }
    )


def _by_row(table, *names):
    keys = [name for name in names if name in table.column_names]
    return sorted(table.select(keys).to_pylist(), key=lambda row: (row["variable"], row["time"], row["lat"], str(row)))


def test_every_variable_has_a_name_and_every_flag_a_verdict():
    assert {meaning.variable for meaning in NAMES.values()} == set(VARIABLES)
    assert all(ioda_name(variable)[1].variable == variable for variable in VARIABLES)
    assert set(QC_FLAGS) <= set(VERDICTS)


def test_what_was_written_is_read(tmp_path, mixed):
    write_ioda(mixed, tmp_path / "a.ioda.nc")
    back = read_observations(tmp_path / "a.ioda.nc")
    ours, theirs = _by_row(mixed, *KEPT), _by_row(back, *KEPT)
    for row in (*ours, *theirs):
        row["height"] = None if row["height"] is None else round(row["height"], 1)
    assert theirs == ours
    for name in ("observation", "error"):
        order = [np.argsort(np.asarray(column(table, "variable"), dtype=str)) for table in (mixed, back)]
        np.testing.assert_allclose(column(back, name)[order[1]], column(mixed, name)[order[0]], rtol=1e-6)


def test_feedback_comes_back_as_feedback(tmp_path):
    table = feedback_table(stations=3)
    write_ioda(table, tmp_path / "feedback.ioda.nc")
    back = read_observations(tmp_path / "feedback.ioda.nc")
    assert has_feedback(back)
    for name in ("background", "analysis", "background_error", "observation", "error"):
        np.testing.assert_allclose(np.sort(column(back, name)), np.sort(column(table, name)), rtol=1e-5)


def test_the_file_is_of_jedis_layout(tmp_path):
    table = feedback_table(stations=2)
    write_ioda(table, tmp_path / "a.ioda.nc")
    with h5netcdf.File(tmp_path / "a.ioda.nc") as file:
        assert set(file.dimensions) == {"Location"}
        assert file.attrs["_ioda_layout"] == "ObsGroup"
        groups = {"MetaData", "ObsValue", "ObsError", "EffectiveError", "PreQC", "EffectiveQC", "hofx", "ombg", "oman"}
        assert groups <= set(file.groups)
        assert all(file[group]["airTemperature"].dimensions == ("Location",) for group in groups - {"MetaData"})
        value, hofx, ombg, oman = (file[g]["airTemperature"][...] for g in ("ObsValue", "hofx", "ombg", "oman"))
        there = value > -1e30
        assert there.sum() == (column(table, "variable") == "t").sum() < len(value)
        np.testing.assert_allclose(ombg[there], (value - hofx)[there], atol=1e-4)
        assert (np.abs(oman[there]) < 50.0).all()
        assert (value[~there] == FILL).all()
        assert file["ObsValue"]["airTemperature"].attrs["units"] == "K"
        assert file["MetaData"]["dateTime"].dtype == np.int64
        assert file["MetaData"]["dateTime"].attrs["units"] == "seconds since 1970-01-01T00:00:00Z"
    with h5py.File(tmp_path / "a.ioda.nc") as file:
        assert h5py.check_string_dtype(file["MetaData/stationIdentification"].dtype) is not None


def test_flags_and_errors_say_what_is_used(tmp_path, mixed):
    write_ioda(mixed, tmp_path / "a.ioda.nc")
    with h5netcdf.File(tmp_path / "a.ioda.nc") as file:
        for variable, use in zip(column(mixed, "variable"), column(mixed, "used"), strict=True):
            name = ioda_name(variable)[0]
            there = file["ObsValue"][name][...] > -1e30
            assert file["EffectiveQC"][name][...][there].tolist() == [0 if use else 19]
            assert use or file["EffectiveError"][name][...][there].tolist() == [FILL]


def test_two_data_of_one_place_stay_two(tmp_path, mixed):
    twice = pa.concat_tables([mixed.slice(0, 1)] * 2)
    write_ioda(twice, tmp_path / "a.ioda.nc")
    assert read_observations(tmp_path / "a.ioda.nc").num_rows == 2


def test_an_empty_table_is_a_file(tmp_path):
    write_ioda(empty_table(), tmp_path / "a.ioda.nc")
    with pytest.raises(ObservationError, match="without a variable"):
        read_observations(tmp_path / "a.ioda.nc")


def test_the_ending_chooses_the_format(tmp_path, mixed):
    writer_for("a.PARQUET")(mixed, tmp_path / "a.PARQUET")
    assert read_table(tmp_path / "a.PARQUET").equals(mixed)
    assert writer_for("b.ioda.nc") is write_ioda
    with pytest.raises(ObservationError, match=r"must end in \.parquet or \.ioda\.nc"):
        writer_for("c.odb")
