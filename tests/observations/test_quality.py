import numpy as np
import pytest

from latentda.observations import (
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
    thin_by_box,
    withhold_stations,
)


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


def test_thinning_leaves_one_a_box(small_table):
    thinned = thin_by_box(small_table, degrees=180.0, log_pressure=100.0)
    assert len(refused(thinned, "thinned")) == 10
    untouched = thin_by_box(small_table, 180.0, 100.0, classes=("SATWND",))
    assert refused(untouched, "thinned") == []
    fine = thin_by_box(small_table, 1.0, 0.1)
    assert refused(fine, "thinned") == []


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
    for check in (check_quality_marks, check_range, check_duplicates, check_below_ground):
        assert check(table).equals(table)
    with pytest.raises(ObservationError, match="withheld 12"):
        require_used(table)
    assert require_used(small_table) is small_table
