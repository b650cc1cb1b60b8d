"""The checks of a forecast model: they pass what is right, and each finds what it is there for."""

import jax.numpy as jnp
import numpy as np
import pytest

from latentda.forecast import JaxModel, NumpyModel, Persistence, checked
from latentda.workflows.background import State, climatological_state
from latentda.workflows.check_model import check_model
from tests.cycling.conftest import LAYOUT, standardizer
from tests.worlds import states_of

HOURS = 262_800
STATE = State(states_of(LAYOUT, 1)[0], HOURS, "a state")
SD = np.asarray(standardizer().scale)[:, None, None]
MEAN = np.asarray(standardizer().climatology.mean(0))


def damped(field, hours):
    return MEAN + 0.9 * (field - MEAN)


def bent(field, hours):
    anomaly = (field - MEAN) / SD
    return MEAN + SD * (0.8 * anomaly + 0.1 * jnp.sin(anomaly))


def switching(field, hours):
    """Wherever an anomaly is above a fifth, it is raised by three tenths."""
    anomaly = (field - MEAN) / SD
    return MEAN + SD * (0.8 * anomaly + 0.3 * (anomaly > 0.2))


def tangent(field, hours, direction):
    return 0.9 * direction


def report(function, kind=NumpyModel, **settings):
    model = checked(kind(function, layout=LAYOUT, step_hours=6, **settings), LAYOUT, 12, "mine")
    return check_model(model, STATE, standardizer())


def failed(found):
    return [check.name for check in found.checks if not check.passed]


@pytest.mark.parametrize(
    ("function", "kind", "settings"),
    [(damped, NumpyModel, {}), (damped, NumpyModel, {"tangent": tangent, "adjoint": tangent}), (bent, JaxModel, {})],
)
def test_a_good_model_passes(function, kind, settings):
    found = report(function, kind, **settings)
    assert found.passed, failed(found)
    assert [change.variable for change in found.changes] == ["u", "t", "sp"]
    assert len(found.checks) == (11 if settings or kind is JaxModel else 9)


@pytest.mark.parametrize(("factor", "passes"), [(1.0, True), (0.6, False), (1.5, False), (-1.0, False)])
def test_switches_are_told_from_a_wrong_derivative(factor, passes):
    def slope(field, hours, direction):
        return factor * 0.8 * direction

    found = report(switching, tangent=slope, adjoint=slope)
    assert failed(found) == ([] if passes else ["tangent linear"])
    (check,) = [one for one in found.checks if one.name == "tangent linear"]
    assert "the model has switches" in check.found, check.found


def rough(field, hours):
    """Jumps everywhere, of the size of an anomaly."""
    return MEAN + SD * jnp.sign(jnp.sin(40.0 * (field - MEAN) / SD))


def test_no_switches_excuse_a_derivative_that_tells_nothing():
    assert "tangent linear" in failed(report(rough, JaxModel))


def test_a_smooth_model_has_no_switches():
    (check,) = [one for one in report(bent, JaxModel).checks if one.name == "tangent linear"]
    assert "switches" not in check.found


def test_persistence_changes_nothing_and_passes():
    found = check_model(Persistence(LAYOUT), STATE, standardizer())
    assert found.passed, failed(found)
    assert max(change.largest for change in found.changes) == 0.0


def test_a_change_is_told_in_units_and_in_deviations():
    found = report(lambda field, hours: field + 0.5 * SD)
    for change in found.changes:
        own = float(SD[LAYOUT.indices(change.variable)[0], 0, 0])
        assert (change.rms, change.largest) == pytest.approx((0.5 * own, 0.5 * own), rel=1e-2)
        assert change.relative == pytest.approx(0.5, rel=1e-2)


CALLS = []


def count_calls(field, hours):
    CALLS.append(hours)
    return damped(field, hours) + len(CALLS) * SD


@pytest.mark.parametrize(
    ("function", "settings", "names"),
    [
        (lambda field, hours: field + 4.0 * SD, {}, ["a step changes less than 3 sd"]),
        (lambda field, hours: field[:, ::-1], {}, ["latitudes keep their order"]),
        (lambda field, hours: np.full_like(field, np.nan), {}, ["the model runs"]),
        (damped, {"tangent": lambda x, t, d: 0.7 * d, "adjoint": lambda x, t, d: 0.7 * d}, ["tangent linear"]),
        (damped, {"tangent": tangent, "adjoint": lambda x, t, d: 0.5 * d}, ["adjoint"]),
        (damped, {"tangent": lambda x, t, d: d[0], "adjoint": tangent}, ["the model runs"]),
    ],
)
def test_what_is_wrong_is_found(function, settings, names):
    found = report(function, **settings)
    assert not found.passed
    assert len(failed(found)) == len(names)
    assert all(one.startswith(name) for one, name in zip(failed(found), names, strict=True))


def test_a_model_with_a_memory_is_found():
    assert "the same state has the same forecast" in failed(report(count_calls))


class Forgetful(Persistence):
    """Members and leads are not what single forecasts are."""

    def propagate(self, state, start_hours, lead_hours):
        return jnp.stack([state + 0.1 * SD * (len(lead_hours) + (lead == 0)) for lead in lead_hours])

    def propagate_members(self, states, start_hours, lead_hours):
        return jnp.repeat(states[:, None], len(lead_hours), axis=1)


def test_laws_of_leads_and_members_are_asked():
    found = failed(check_model(Forgetful(LAYOUT), STATE, standardizer()))
    assert "no lead is the state itself" in found
    assert "two steps are one after the other" in found
    assert "members are single forecasts" in found


def test_it_starts_from_the_climatology_of_a_date():
    state = climatological_state(standardizer(), "1999-12-25")
    np.testing.assert_array_equal(state.values, MEAN)
    assert state.hours == HOURS
    assert state.source == "the climatology of 1999-12-25 00 UTC"
