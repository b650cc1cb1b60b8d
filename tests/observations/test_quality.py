import numpy as np
import pyarrow as pa
import pytest

from latentda.observations import (
    PHYSICAL_RANGES,
    VARIABLES,
    ObservationError,
    check_below_ground,
    check_duplicates,
    check_quality_marks,
    check_range,
    column,
    concatenate,
    first_guess_check,
    require_used,
    table_from_columns,
    withhold_stations,
)
from latentda.observations.place_checks import check_position, check_window
from latentda.observations.quality import check_humidity_aloft


def refused(table, verdict):
    assert (column(table, "used") == (column(table, "verdict") == "")).all()
    return np.flatnonzero(column(table, "verdict") == verdict).tolist()


def test_quality_marks(columns_of):
    marks = np.array([0, 1, 2, 3, 4, 9, 15, 2, 2, 2, 2, 2])
    assert refused(check_quality_marks(table_from_columns(columns_of(quality=marks))), "quality_mark") == [4, 5, 6]


def test_range(columns_of):
    values = columns_of()["observation"]
    values[[0, 3]] = [20.0, 999.0]
    assert refused(check_range(table_from_columns(columns_of(observation=values))), "range") == [
        0,
        3,
    ]


def test_the_bounds_of_a_range_pass(columns_of):
    variable, bound = np.tile(np.array(["q", "q2m"], dtype=object), 6), 0.045
    table = table_from_columns(columns_of(variable=variable, observation=np.full(12, bound)))
    assert refused(check_range(table), "range") == []
    assert set(PHYSICAL_RANGES) == set(VARIABLES)


def test_below_ground(columns_of):
    variable = np.full(12, "z", dtype=object)
    values = np.where(np.arange(12) == 5, 50.0, 15000.0)
    table = table_from_columns(columns_of(variable=variable, observation=values))
    assert refused(check_below_ground(table), "below_ground") == [5]


def test_duplicates_keep_the_best_mark(columns_of):
    good = table_from_columns(columns_of())
    doubtful = table_from_columns(columns_of(quality=np.full(12, 3)))
    assert refused(check_duplicates(good), "duplicate") == []
    assert refused(check_duplicates(concatenate([good, good])), "duplicate") == list(range(12, 24))
    assert refused(check_duplicates(concatenate([doubtful, good])), "duplicate") == list(range(12))


def test_first_guess(small_table):
    background = column(small_table, "observation").astype(float)
    background[[2, 7]] += [4.9, -6.0]
    background[9] = np.nan
    checked = first_guess_check(small_table, background, background_sd=0.75, factor=4.0)
    assert refused(checked, "first_guess") == [7]
    assert refused(checked, "no_equivalent") == [9]
    with pytest.raises(ObservationError, match="shape"):
        first_guess_check(small_table, background[:3], 1.0)


def test_humidity_aloft(columns_of):
    variable = np.tile(np.array(["q", "t"], dtype=object), 6)
    table = table_from_columns(columns_of(variable=variable, observation=np.where(variable == "q", 1e-3, 250.0)))
    assert refused(check_humidity_aloft(table, top=60000.0), "humidity_aloft") == [2, 6, 10]


def test_outside_the_window(columns_of):
    hours = np.arange(12) - 6
    noon = columns_of()["time"]
    table = table_from_columns(columns_of(time=noon + hours.astype("timedelta64[h]")))
    checked = check_window(table, noon[0] - np.timedelta64(3, "h"), noon[0] + np.timedelta64(2, "h"))
    assert refused(checked, "outside_window") == [0, 1, 2, 9, 10, 11]


def surface(columns_of, **changes):
    variable = np.tile(np.array(["sp", "t2m"], dtype=object), 6)
    value = np.where(variable == "sp", 100000.0, 280.0)
    station = np.array([f"S{i}" for i in range(12)], dtype=object)
    columns = columns_of(variable=variable, observation=value, station=station, pres=np.full(12, np.nan))
    return table_from_columns(columns | {"class": np.full(12, "ADPSFC", dtype=object)} | changes)


def test_impossible_ground(columns_of):
    assert refused(check_position(surface(columns_of)), "position") == []
    elevation = np.full(12, 10.0)
    elevation[[0, 1, 2, 4, 5]] = [9999.0, 9999.0, 3000.0, np.nan, np.nan]
    # Without a height the temperature can stay; 1000 hPa at 3 km cannot be.
    assert refused(check_position(surface(columns_of, elev=elevation)), "position") == [0, 1, 2, 4]


def test_nowhere(columns_of):
    latitude, longitude = np.zeros(12), np.where(np.arange(12) == 3, 0.0, 20.0)
    assert refused(check_position(surface(columns_of, lat=latitude, lon=longitude)), "position") == [3]


def test_a_station_in_two_places(columns_of):
    station = np.repeat(np.array(["S", "T", "SHIP"], dtype=object), 4)
    latitude = np.array([50.0, 50.0, -50.0, 50.0, 10.0, 10.0, 30.0, 30.0, 0.0, 40.0, -40.0, 80.0])
    table = surface(columns_of, station=station, lat=latitude)
    # S is where most of its reports are; T has no majority; SHIP is the name of many.
    assert refused(check_position(table), "position") == [2, 4, 5, 6, 7]
    backwards = {name: column(table, name)[::-1] for name in table.column_names if name != "obs_id"}
    assert refused(check_position(table_from_columns(backwards)), "position") == [4, 5, 6, 7, 9]
    sailing = np.where(station == "S", 50.0 + np.arange(12), 0.0)
    hours = 3 * np.arange(12).astype("timedelta64[h]")
    ship = surface(columns_of, station=station, lat=sailing, time=columns_of()["time"] + hours)
    ship = ship.set_column(ship.column_names.index("class"), "class", pa.array(["SFCSHP"] * 12))
    assert refused(check_position(ship), "position") == []


def test_withheld_stations_are_whole_and_the_same_again(cycle_1989):
    once = withhold_stations(cycle_1989, 0.1, seed=3)
    assert once.equals(withhold_stations(cycle_1989, 0.1, seed=3))
    names, verdict = column(once, "station"), column(once, "verdict")
    withheld = set(names[verdict == "withheld"])
    assert not withheld & set(names[verdict == ""])
    assert 0.08 < len(withheld) / len(set(names)) < 0.12
    # A station shares its fate in every file.
    part = withhold_stations(cycle_1989.slice(0, 20000), 0.1, seed=3)
    assert column(part, "verdict").tolist() == verdict[:20000].tolist()
    other = withhold_stations(cycle_1989, 0.1, seed=4)
    assert withheld != set(names[column(other, "verdict") == "withheld"])


def test_checks_never_bring_a_row_back(small_table):
    table = withhold_stations(small_table, 1.0)
    for check in (check_quality_marks, check_range, check_duplicates, check_below_ground, check_position):
        assert check(table).equals(table)
    with pytest.raises(ObservationError, match="withheld 12"):
        require_used(table)
    assert require_used(small_table) is small_table
