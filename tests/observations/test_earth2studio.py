"""Frames of earth2studio, in and out; its schema stands here as facts, of version 0.19."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from latentda.observations import column, read_observations, select, table_from_columns, used
from latentda.observations.earth2studio import to_earth2studio
from latentda.observations.gnssro import geometric_height, geopotential_height

SCHEMA = {
    "time": pa.timestamp("ns"),
    "lat": pa.float32(),
    "lon": pa.float32(),
    "elev": pa.float32(),
    "observation": pa.float32(),
    "pres": pa.float32(),
    "type": pa.uint16(),
    "station_elev": pa.float32(),
    "quality": pa.uint16(),
}
TEXTS = ("variable", "class", "source", "station")
TIME = np.datetime64("2020-11-01T12:00", "ns")


def _columns(table, *names):
    return [tuple(row.values()) for row in table.select(list(names)).to_pylist()]


@pytest.fixture
def mixed():
    """An ascent, a station, an occultation and a datum that is not used."""
    names = ["t", "u", "q", "sp", "t2m", "u10m", "n", "t"]
    return table_from_columns(
        {
            "time": np.full(8, TIME),
            "lat": [46.5, 46.5, 46.5, 47.0, 47.0, 47.0, 10.0, 0.0],
            "lon": [14.25, 14.25, 14.25, 15.0, 15.0, 15.0, 200.0, 0.0],
            "elev": [120.0, 120.0, 120.0, 300.0, 300.0, 300.0, np.nan, 0.0],
            "pres": [5e4, 5e4, 5e4, np.nan, np.nan, np.nan, np.nan, 5e4],
            "height": [np.nan] * 6 + [10_000.0, np.nan],
            "observation": [252.5, 5.0, 1e-3, 97_000.0, 280.0, -3.0, 90.0, 1.0],
            "variable": np.array(names, dtype=object),
            "type": [120, 220, 120, 181, 181, 281, 3, 120],
            "class": ["ADPUPA"] * 3 + ["ADPSFC"] * 3 + ["GPSRO", "ADPUPA"],
            "station": ["14000"] * 3 + ["14001"] * 3 + ["3_12", "x"],
            "quality": [2] * 7 + [9],
            "used": [True] * 7 + [False],
        }
    )


KEPT = ("time", "lat", "lon", "elev", "pres", "observation", "variable", "type", "class", "station", "quality")


def test_a_frame_has_the_types_of_the_schema(mixed):
    frame = to_earth2studio(mixed)
    types = {name: frame.dtypes[name].pyarrow_dtype for name in frame.columns}
    assert {name: types[name] for name in SCHEMA} == SCHEMA
    assert all(pa.types.is_dictionary(types[name]) and types[name].value_type == pa.string() for name in TEXTS)
    assert len(frame) == 7
    assert frame["elev"].isna().sum() == 6
    assert float(frame["elev"][6]) == pytest.approx(geometric_height(np.array(10_000.0), np.array(10.0)), rel=1e-6)


@pytest.mark.parametrize("options", [{}, {"prepbufr_names": True}, {"layout": "wide"}])
def test_what_went_out_comes_back(mixed, options):
    back = read_observations(to_earth2studio(mixed, **options))
    kept = select(mixed, used(mixed))
    assert used(back).all()
    assert sorted(map(str, _columns(back, *KEPT))) == sorted(map(str, _columns(kept, *KEPT)))
    level = column(back, "height")[column(back, "variable") == "n"]
    np.testing.assert_allclose(level, [10_000.0], rtol=1e-6)


def test_a_wide_frame_has_a_row_a_place(mixed):
    frame = to_earth2studio(mixed, "wide")
    assert {"t", "q", "u", "sp", "t2m", "u10m", "gps_refractivity"} <= set(frame.columns)
    ascent = frame[(frame["class"] == "ADPUPA") & (frame["type"] == 120)]
    assert (float(ascent["t"].iloc[0]), float(ascent["q"].iloc[0])) == (252.5, pytest.approx(1e-3))
    assert len(ascent) == 1
    assert len(to_earth2studio(mixed.slice(7), "wide")) == 0


def test_two_data_of_one_place_stay_two(mixed):
    twice = table_from_columns({name: mixed[name].take([0, 0]) for name in mixed.column_names})
    assert len(to_earth2studio(twice, "wide")) == 2
    assert read_observations(to_earth2studio(twice, "wide")).num_rows == 2


def test_a_wide_frame_of_stations_tells_their_pressure():
    frame = pd.DataFrame({"time": [TIME] * 2, "lat": [1.0, 2.0], "lon": [1.0, 2.0], "station_elev": [10.0, np.nan]})
    frame = frame.assign(type=[181, 120], pres=[1e5, 5e4], t=[280.0, 250.0], elev=[10.0, 5_500.0])
    table = read_observations(frame)
    assert _columns(table, "variable", "observation") == [("sp", 1e5), ("t2m", 280.0), ("t", 250.0)] or sorted(
        _columns(table, "variable", "observation")
    ) == [("sp", 1e5), ("t", 250.0), ("t2m", 280.0)]
    assert column(table, "elev").tolist()[:1] == [10.0]


def test_what_has_no_place_in_our_table_is_left_out_and_flags_of_occultations_are_marks(mixed):
    frame = to_earth2studio(mixed).assign(level_cat=1)
    frame["variable"] = ["gps" if name == "q" else name for name in frame["variable"]]
    frame["quality"] = [1 << 15 if name == "gps_refractivity" else 2 for name in frame["variable"]]
    with pytest.warns(UserWarning, match="unknown variable"):
        table = read_observations(frame)
    assert "q" not in column(table, "variable")
    assert column(table, "quality")[column(table, "variable") == "n"].tolist() == [13]
    assert "level_cat" in table.column_names


def test_low_pressures_of_a_frame_stay_in_pascal(mixed):
    frame = to_earth2studio(mixed.slice(0, 1)).assign(pres=500.0)
    assert column(read_observations(frame), "pres").tolist() == [500.0]


def test_heights_turn_back():
    height, latitude = np.array([0.0, 5e3, 4e4]), np.array([0.0, 45.0, 90.0])
    np.testing.assert_allclose(geometric_height(geopotential_height(height, latitude), latitude), height, atol=1e-6)


def test_the_schema_is_that_of_the_installed_package():
    lexicon = pytest.importorskip("earth2studio.lexicon.base")
    theirs = {field.name: field.type for field in lexicon.E2STUDIO_SCHEMA}
    assert {name: theirs[name] for name in SCHEMA if name != "type"} == {k: v for k, v in SCHEMA.items() if k != "type"}
