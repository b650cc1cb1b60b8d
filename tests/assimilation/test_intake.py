import numpy as np
import pytest

from latentda.assimilation.first_guess import FirstGuess
from latentda.observations import ObservationError, column, empty_table, refuse, used
from tests.cycling.conftest import ERRORS, LAYOUT, places, small_intake
from tests.worlds import table_of

HOURS = 262_800


def exact_table(truth):
    names, columns = places(HOURS)
    exact = small_intake().equivalents(table_of(names, **columns), truth)
    assert np.isfinite(exact).all()
    return table_of(names, observation=exact, **columns)


def test_data_that_agree_with_the_background_pass(truth):
    table = small_intake().screen(exact_table(truth), FirstGuess.instant(truth), HOURS)
    assert used(table).all()
    assert set(column(table, "verdict")) == {""}


def test_data_without_an_equivalent_are_refused_and_say_so(truth):
    names = ["q", "t", "u", "sp", "sp", "t", "t"]
    pressure = [60000.0, 30000.0, 120000.0, np.nan, np.nan, np.nan, 60000.0]
    elevation = [0.0, 0.0, 0.0, 5000.0, 0.0, 0.0, 0.0]
    # No humidity in the layout, above the top, below the ground, on a far mountain, and without a pressure.
    table = table_of(names, pres=pressure, elev=elevation, observation=1e5, error=1e6)
    checked = small_intake().screen(table, FirstGuess.instant(truth), HOURS)
    assert column(checked, "verdict").tolist() == ["no_equivalent"] * 4 + ["", "no_equivalent", ""]
    assert used(checked).tolist() == [False] * 4 + [True, False, True]


@pytest.mark.parametrize("name", ["t", "u", "sp"])
def test_an_absurd_datum_is_refused_by_the_first_guess_check(truth, name):
    table = exact_table(truth)
    row = column(table, "variable").tolist().index(name)
    value = column(table, "observation").copy()
    spread = np.hypot(ERRORS[name], {"t": 4.0, "u": 8.0, "sp": 800.0}[name])
    for factor, verdict in ((4.5, ""), (7.0, "first_guess")):
        moved = value.copy()
        moved[row] += factor * spread
        names, columns = places(HOURS)
        checked = small_intake().screen(table_of(names, observation=moved, **columns), FirstGuess.instant(truth), HOURS)
        assert column(checked, "verdict")[row] == verdict
        assert used(checked).sum() == 24 - (verdict != "")
    strict = small_intake(first_guess_factor=0.5)
    names, columns = places(HOURS)
    moved = value + np.where(np.arange(24) == row, spread, 0.0)
    assert not used(strict.screen(table_of(names, observation=moved, **columns), FirstGuess.instant(truth), HOURS))[row]


def test_equivalents_of_refused_rows_and_of_rows_without_an_error(truth):
    table = exact_table(truth)
    expected = column(table, "observation")
    names, columns = places(HOURS)
    bare = table_of(names, **(columns | {"error": np.nan}))
    for other in (refuse(table, np.arange(24) % 2 == 0, "thinned"), bare):
        found = small_intake().equivalents(other, truth)
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-3)


def test_a_used_row_without_an_error_is_named(truth):
    names, columns = places(HOURS)
    with pytest.raises(ObservationError, match="call assign_errors first"):
        small_intake().screen(table_of(names, **(columns | {"error": np.nan})), FirstGuess.instant(truth), HOURS)


def test_earlier_verdicts_stay(truth):
    table = refuse(exact_table(truth), np.arange(24) == 3, "withheld")
    checked = small_intake().screen(table, FirstGuess.instant(truth), HOURS)
    assert column(checked, "verdict")[3] == "withheld"
    assert used(checked).sum() == 23


def test_a_term_holds_the_used_rows(truth):
    table = refuse(exact_table(truth), np.arange(24) < 4, "withheld")
    term = small_intake().term(table, HOURS)
    assert int(term.valid.sum()) == 20
    np.testing.assert_allclose(np.asarray(term.departure(truth)), 0.0, atol=1e-2)


def test_an_empty_table(truth):
    intake = small_intake()
    assert intake.screen(empty_table(), FirstGuess.instant(truth), HOURS).num_rows == 0
    assert intake.equivalents(empty_table(), truth).shape == (0,)
    assert not intake.term(empty_table(), HOURS).valid.any()
    assert LAYOUT.shape == truth.shape
