"""Real reports on their way in: one window, one verdict a datum, whatever else a file holds."""

from pathlib import Path

import numpy as np
import pytest

from latentda.grid import datetime_of_hours
from latentda.observations import column, concatenate, read_table, used
from latentda.observations.verdicts import VERDICTS
from latentda.workflows.preparation import analysis_hours, prepare_for, quality_control, quality_control_for
from latentda.world import embedded_world
from tests.worlds import NOON, pressure_layout, table_of

REPORTED = Path(__file__).parents[1] / "data" / "reported"
NEW_YEAR = np.datetime64("1989-01-01T12:00", "ns")


def prepare(table):
    return prepare_for(embedded_world().layout, table, quality_control(3.75, 0.4, 3.5), analysis_hours(table))


@pytest.fixture(scope="module")
def three_days():
    return prepare(read_table(REPORTED / "29_reports_of_three_days" / "reports.parquet"))


def test_reports_of_several_days_are_those_of_the_analysis(three_days):
    middle = read_table(REPORTED / "29_reports_of_three_days" / "middle_day.parquet")
    assert datetime_of_hours(analysis_hours(middle)) == datetime_of_hours(analysis_hours(three_days)) == NEW_YEAR
    names = ["time", "station", "variable", "pres", "observation"]
    both = [one.filter(one["used"]).select(names).to_pylist() for one in (three_days, prepare(middle))]
    assert both[0] == both[1]
    assert len(both[0]) == 989


def test_the_other_days_say_that_they_are_outside_the_window(three_days):
    apart = np.abs(column(three_days, "time") - NEW_YEAR) > np.timedelta64(12, "h")
    verdict = column(three_days, "verdict")
    assert apart.sum() == 1988
    assert set(verdict[apart]) <= {"outside_window", "quality_mark", "range"}
    assert "outside_window" not in verdict[~apart]


@pytest.mark.parametrize("name", ["27_one_datum_of_tiny_error", "28_one_datum_of_huge_error"])
def test_every_datum_of_a_file_keeps_a_verdict(name):
    read = read_table(REPORTED / name / "reports.parquet")
    table = prepare(read)
    assert table.num_rows == read.num_rows == 4130
    assert (used(table) == (column(table, "verdict") == "")).all()
    refused = np.isin(column(table, "verdict"), ["error", "error_size"])
    assert refused.sum() == (name.startswith("28"))
    # Geopotential judges temperatures, but is no datum of the analysis.
    assert not used(table)[column(table, "variable") == "z"].any()


def mixed():
    """An ascent, an occultation, a scatterometer's wind, a 2 m temperature: all at once, and a late ascent."""
    names = ["t", "u", "z", "n", "u10m", "t2m", "t"]
    kinds = ["ADPUPA", "ADPUPA", "ADPUPA", "GPSRO", "ASCATW", "ADPSFC", "ADPUPA"]
    place = {"lat": np.arange(7) * 10.0 + 5.0, "lon": 20.0, "elev": 0.0, "class": kinds, "error": np.nan}
    time = NOON + np.array([0, 0, 0, -2, -2, -2, 5]).astype("timedelta64[h]")
    return table_of(names, observation=[250.0, 5.0, 5e4, 100.0, 5.0, 280.0, 250.0], time=time, **place)


def test_what_states_have_no_equivalent_of_is_refused_and_not_taken_away():
    table = prepare(mixed())
    expected = ["", "", "not_assimilated", "", "not_assimilated", "not_assimilated", "outside_window"]
    assert column(table, "verdict").tolist() == expected
    assert set(column(table, "verdict")) <= set(VERDICTS)


def test_reports_that_are_not_assimilated_do_not_choose_the_time():
    early = table_of(["n"] * 9, time=NOON - np.timedelta64(30, "h"), **{"class": ["GPSRO"] * 9})
    table = concatenate([mixed().slice(0, 1), early])
    assert datetime_of_hours(analysis_hours(table)) == NOON


def test_a_sounding_in_degrees_celsius_is_refused_and_leaves_the_errors_of_its_humidity():
    read = read_table(REPORTED / "27_one_datum_of_tiny_error" / "reports.parquet")
    warm = (column(read, "variable") == "t") & (column(read, "station") == "68994")
    values = np.where(warm, column(read, "observation") - 273.15, column(read, "observation"))
    index = read.column_names.index("observation")
    table, sound = prepare(read.set_column(index, read.schema.field("observation"), [values])), prepare(read)
    assert set(column(table, "verdict")[warm]) <= {"range", "quality_mark"}
    humid = (column(table, "variable") == "q") & (column(table, "station") == "68994") & used(table) & used(sound)
    assert humid.any()
    ratio = column(table, "error")[humid] / column(sound, "error")[humid]
    assert ((ratio > 0.2) & (ratio < 5.0)).all()


def test_a_barometer_is_heard_once():
    stations = {
        "station": ["A", "A", "B"],
        "lat": [10.0, 10.0, 40.0],
        "lon": [10.0, 10.0, 40.0],
        "class": ["ADPSFC"] * 3,
    }
    table = table_of(["sp", "msl", "msl"], observation=[1e5, 1.005e5, 1.01e5], pres=np.nan, error=np.nan, **stations)
    hours = analysis_hours(table)
    for layout, verdicts in (
        (pressure_layout(surface=("msl",)), ["", "not_assimilated", ""]),
        (pressure_layout(names="uvz", surface=("msl",)), ["", "", ""]),
    ):
        checked = prepare_for(layout, table, quality_control_for(layout, 12.0), hours)
        assert column(checked, "verdict").tolist() == verdicts
