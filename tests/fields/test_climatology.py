import jax
import numpy as np
import pytest

from latentda.fields import fit_climatology
from latentda.fields.climatology import HOURS_PER_YEAR
from latentda.grid import hours_since_1970

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
