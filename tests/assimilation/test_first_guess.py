import numpy as np
import pytest

from latentda.assimilation.feedback import feedback
from latentda.assimilation.first_guess import FirstGuess
from latentda.observations import column, refuse, used
from tests.cycling.conftest import LAYOUT, places, small_intake
from tests.worlds import table_of

HOURS = 262_800


def moving(truth, offsets=(-3, 0, 3)):
    """A state that warms by one unit of its own size an hour."""
    slope = 1e-3 * np.abs(truth)
    return FirstGuess(np.stack([truth + offset * slope for offset in offsets]), offsets), slope


def observed(truth, minutes):
    """Exact observations of the moving state, taken ``minutes`` from the analysis time."""
    names, columns = places(HOURS)
    _, slope = moving(truth)
    elapsed = np.timedelta64(minutes, "m")
    exact = small_intake().equivalents(table_of(names, **columns), truth + slope * minutes / 60.0)
    columns = columns | {"time": np.asarray(columns["time"]).astype("datetime64[ns]") + elapsed}
    return table_of(names, observation=exact, **columns)


def test_observations_meet_the_background_at_their_own_times(truth):
    first_guess, _ = moving(truth)
    for minutes in (-180, -60, 0, 90, 180):
        table = observed(truth, minutes)
        equivalent, _ = small_intake().expectation(table, first_guess, HOURS)
        np.testing.assert_allclose(equivalent, column(table, "observation"), rtol=2e-4)


def test_data_that_agree_at_their_own_time_change_nothing(truth):
    first_guess, _ = moving(truth)
    table = observed(truth, 120)
    departure = np.asarray(small_intake().term(table, HOURS, first_guess).departure(truth))
    at_once = np.asarray(small_intake().term(table, HOURS).departure(truth))
    assert np.abs(departure).max() < 0.05 * np.abs(at_once).max()


def test_a_first_guess_of_one_time_is_the_background(truth):
    table = observed(truth, 120)
    instant = FirstGuess.instant(truth)
    assert instant.background is not None
    with_it, without = (small_intake().term(table, HOURS, guess) for guess in (instant, None))
    np.testing.assert_array_equal(with_it.value, without.value)


def test_beyond_the_window_the_outer_states_hold():
    first_guess = FirstGuess(np.zeros((2, *LAYOUT.shape)), (0, 3))
    found = first_guess.interpolate(np.asarray([[1.0, 1.0, np.nan], [3.0, 3.0, 5.0]]), np.asarray([-5.0, 9.0, 3.0]))
    np.testing.assert_array_equal(found, [1.0, 3.0, 5.0])


@pytest.mark.parametrize("offsets", [(0, 0), (3, 0), (1, 3), (0,)])
def test_times_that_make_no_window_are_refused(offsets):
    with pytest.raises(ValueError, match="rising times around 0"):
        FirstGuess(np.zeros((2, *LAYOUT.shape)), offsets)


def test_feedback_tells_what_became_of_every_datum(truth):
    first_guess, _ = moving(truth)
    intake = small_intake(huber_limit=1.0)
    table = observed(truth, 60)
    told = feedback(intake, table, HOURS, first_guess, truth)
    np.testing.assert_allclose(column(told, "background"), column(table, "observation"), rtol=2e-4)
    np.testing.assert_allclose(column(told, "analysis"), column(told, "background"), rtol=1e-6)
    assert (column(told, "background_error") > 0.0).all()
    np.testing.assert_allclose(column(told, "weight"), 1.0)
    # An analysis three standard deviations of the observations away leaves a third of their weight.
    shifted = feedback(intake, table, HOURS, first_guess, truth + 0.01 * np.abs(truth))
    error = column(table, "error")
    far = np.abs(column(shifted, "analysis") - column(table, "observation")) / error
    np.testing.assert_allclose(column(shifted, "weight"), np.minimum(1.0, 1.0 / far), rtol=1e-4)
    assert used(told).all()


def test_the_background_error_is_told_of_data_that_could_have_been_used(truth):
    first_guess, _ = moving(truth)
    table = observed(truth, 60)
    number = np.arange(table.num_rows)
    table = refuse(refuse(table, number == 0, "range"), number == 1, "withheld")
    told = column(feedback(small_intake(), table, HOURS, first_guess, truth), "background_error")
    assert np.isnan(told[0])
    assert (told[1:] > 0.0).all()
