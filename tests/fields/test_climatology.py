import warnings

import jax
import numpy as np
import pytest

from latentda.fields import fit_climatology, harmonics_told
from latentda.fields.climatology import HOURS_PER_YEAR
from latentda.grid import hours_since_1970
from latentda.user_error import UserError

SHAPE = (2, 3, 4)
START = int(hours_since_1970("1999-03-01"))


def truth(seed=0):
    """Two annual and one daily harmonic, a coefficient field each."""
    return np.random.default_rng(seed).normal(size=(7, *SHAPE)) + 10.0


def states_at(hours, coefficients):
    year = 2 * np.pi * np.asarray(hours) / HOURS_PER_YEAR
    day = 2 * np.pi * np.asarray(hours) / 24.0
    basis = [1.0 + 0.0 * year]
    basis += [f(k * year) for k in (1, 2) for f in (np.cos, np.sin)] + [np.cos(day), np.sin(day)]
    return np.tensordot(np.stack(basis, axis=1), coefficients, axes=1)


def pieces(hours, states, length=100):
    for i in range(0, len(hours), length):
        yield hours[i : i + length], states[i : i + length]


@pytest.fixture(scope="module")
def fitted():
    hours = START + np.arange(0, 24 * 500, 30)
    return fit_climatology(pieces(hours, states_at(hours, truth())))


def test_harmonics_are_recovered(fitted):
    np.testing.assert_allclose(fitted.coefficients, truth(), rtol=1e-5)
    assert (fitted.annual, fitted.diurnal) == (2, 1)


@pytest.mark.parametrize("date", ["1965-07-01T05", "1999-12-31T23", "2025-02-28T12"])
def test_the_mean_state_of_a_date(fitted, date):
    hours = hours_since_1970(date)
    expected = states_at([int(hours)], truth())[0]
    np.testing.assert_allclose(fitted.mean(int(hours)), expected, atol=1e-3)
    np.testing.assert_allclose(jax.jit(lambda clock: fitted.mean(clock))(hours), expected, atol=1e-3)


def test_noise_averages_out():
    hours = START + np.arange(0, 24 * 730, 6)
    noise = np.random.default_rng(1).normal(size=(len(hours), *SHAPE))
    fitted = fit_climatology(pieces(hours, states_at(hours, truth()) + noise))
    # A harmonic's coefficient scatters by sqrt(2 / count).
    assert np.abs(fitted.coefficients - truth()).max() < 5.0 * np.sqrt(2.0 / len(hours))


def test_fewer_harmonics():
    hours = START + np.arange(0, 240, 6)
    states = np.full((len(hours), *SHAPE), 3.0)
    fitted = fit_climatology(pieces(hours, states), annual=0, diurnal=0)
    np.testing.assert_allclose(fitted.mean(0), 3.0)


@pytest.mark.parametrize(
    "hours",
    [START + np.arange(4) * 2000, START + np.arange(0, 24 * 700, 24), np.arange(0)],
    ids=["few", "one hour of the day", "none"],
)
def test_states_that_cannot_tell_the_harmonics_are_refused(hours):
    states = np.ones((len(hours), *SHAPE))
    with pytest.raises(ValueError, match=f"{len(hours)} states cannot tell 7 harmonics apart"):
        fit_climatology(pieces(hours, states))


def fitted_to(hours, seed=0, **numbers):
    """A fit to the season, the day and weather noise of some hours."""
    noise = np.random.default_rng(seed).normal(size=(len(hours), *SHAPE))
    return fit_climatology(pieces(hours, states_at(hours, truth()) + noise), **numbers)


@pytest.mark.parametrize(
    ("hours", "told"),
    [
        (np.arange(0, 24 * 730, 6), (2, 1)),
        (np.arange(0, 24 * 365, 8), (2, 1)),
        (np.arange(0, 24 * 700, 24), (2, 0)),
        (np.arange(0, 24 * 700, 12), (2, 0)),
        (np.arange(0, 24 * 100, 6), (0, 1)),
        (np.arange(0, 24 * 220, 6), (1, 1)),
        (np.arange(0, 24 * 30, 24), (0, 0)),
        (np.arange(0, 24, 6), (0, 0)),
        (np.arange(1), (0, 0)),
    ],
    ids=["years", "8-hourly", "daily", "12-hourly", "100 days", "220 days", "30 days at noon", "a day", "one state"],
)
def test_no_more_harmonics_than_the_sample_can_tell(hours, told):
    assert harmonics_told(START + hours) == told
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = fitted_to(START + hours, annual=None, diurnal=None)
    assert (found.annual, found.diurnal) == told
    assert len(found.coefficients) == 1 + 2 * sum(told)
    said = [str(warning.message) for warning in caught]
    assert bool(said) == (told != (2, 1))
    assert all("cannot tell 2 annual and 1 daily harmonics apart (condition number " in text for text in said)
    assert all(f"{told[0]} annual and {told[1]} daily are fitted" in text for text in said)


def test_harmonics_left_out_leave_the_others_as_if_they_alone_were_asked_for():
    hours = START + np.arange(0, 24 * 100, 6)
    with pytest.warns(UserWarning, match="400 states from 1999-03-01T00:00:00 to 1999-06-08T18:00:00"):
        chosen = fitted_to(hours, annual=None, diurnal=None)
    np.testing.assert_allclose(chosen.coefficients, fitted_to(hours, annual=0, diurnal=1).coefficients, rtol=1e-6)


def test_a_short_sample_gives_no_absurd_mean_of_another_season():
    hours = START + np.arange(0, 24 * 100, 6)
    with pytest.warns(UserWarning, match="0 annual and 1 daily are fitted"):
        found = fitted_to(hours, annual=None, diurnal=None)
    sampled = states_at(hours, truth())
    other_season = np.asarray(found.mean(int(START + 24 * 270)))
    assert (other_season > sampled.min(axis=0) - 5.0).all()
    assert (other_season < sampled.max(axis=0) + 5.0).all()
    with pytest.raises(UserError, match=r"400 states cannot tell 7 harmonics apart \(condition number 1\.2e\+05\)"):
        fitted_to(hours)


def test_badly_conditioned_harmonics_that_were_asked_for_are_said():
    hours = START + np.arange(0, 24 * 100, 6)
    with pytest.warns(UserWarning, match=r"hardly tell 1 annual .* \(condition number 2\.9e\+02\): do not trust"):
        fitted_to(hours, annual=1)


def test_advice_names_the_options_of_the_command():
    with pytest.raises(UserError, match="--annual and --diurnal, now 2 and 1"):
        fitted_to(START + np.arange(0, 24 * 700, 24))
    assert fitted_to(START + np.arange(0, 24 * 700, 24), diurnal=0).diurnal == 0
