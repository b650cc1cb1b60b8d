"""Variables that a state does not hold: virtual temperature, dew point, wind speed, refractivity."""

import jax
import numpy as np
import pytest

from latentda.grid import SigmaLevels, build_layout
from latentda.physics.constants import EXPONENT, VIRTUAL
from latentda.physics.refractivity import refractivity
from latentda.physics.thermodynamics import specific_humidity
from tests.operators.equivalents import GRID, column_state, equivalents, layout_on, operator_of

pytestmark = pytest.mark.usefixtures("float64")

LEVELS = {"sigma": (0.3, 0.6, 0.9), "hPa": (300.0, 600.0, 900.0)}
EARLIER = 4e4, 6e4, 8e4


@pytest.fixture(params=LEVELS)
def layout(request):
    return layout_on(request.param, LEVELS[request.param])


def test_on_a_level_they_are_functions_of_its_values(layout):
    state = column_state(layout, t=270.0, q=0.004, u=-3.0, v=4.0)
    found, reachable = equivalents(layout, state, ["tv", "td", "ws", "n"], pres=6e4)
    assert reachable.all()
    assert found[0] == pytest.approx(270.0 * (1.0 + VIRTUAL * 0.004))
    assert found[2] == pytest.approx(5.0)
    assert found[3] == pytest.approx(float(refractivity(270.0, 0.004, 6e4)))
    assert specific_humidity(found[1], 6e4) == pytest.approx(0.004)


def test_saturated_air_has_its_temperature_as_dew_point(layout):
    for pressure in EARLIER:
        state = column_state(layout, t=265.0, q=specific_humidity(265.0, pressure))
        found, _ = equivalents(layout, state, ["t", "td"], pres=pressure)
        np.testing.assert_allclose(found, 265.0, rtol=1e-6)


def test_dry_air_has_the_refractivity_of_its_density(layout):
    state = column_state(layout, t=250.0)
    found, _ = equivalents(layout, state, ["n"] * 3, pres=EARLIER)
    np.testing.assert_allclose(found, 0.776 * np.array(EARLIER) / 250.0, rtol=1e-6)


def test_still_air_has_no_speed_and_a_finite_gradient(layout):
    still = column_state(layout, t=270.0)
    operator = operator_of(layout, ["ws"], pres=7e4)
    value, gradient = jax.jit(jax.value_and_grad(lambda x: operator(x).sum()))(still)
    assert value == 0.0
    assert (np.asarray(gradient) == 0.0).all()


def test_below_the_lowest_level_they_follow_temperature():
    layout = layout_on("sigma", LEVELS["sigma"])
    state = column_state(layout, t=280.0, q=0.006)
    found, reachable = equivalents(layout, state, ["t", "tv", "n"], pres=96000.0)
    warmer = 280.0 * (96.0 / 90.0) ** EXPONENT
    assert reachable.all()
    expected = [warmer, warmer * (1.0 + VIRTUAL * 0.006), float(refractivity(warmer, 0.006, 96000.0))]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_above_the_humid_levels_air_is_dry_and_has_no_dew_point():
    levels = (0.1, 0.3, 0.6, 0.9)
    layout = build_layout(GRID, SigmaLevels(levels), {"t": levels, "q": levels[2:]}, ("sp",))
    state = column_state(layout, t=230.0, q=0.01)
    names = ["tv", "n", "q", "td"]
    found, reachable = equivalents(layout, state, names * 2, pres=np.repeat([2e4, 6e4], 4))
    assert reachable.tolist() == [True, True, False, False, True, True, True, True]
    np.testing.assert_allclose(found[:2], [230.0, 0.776 * 2e4 / 230.0], rtol=1e-6)
    assert found[4] == pytest.approx(230.0 * (1.0 + VIRTUAL * 0.01))


@pytest.mark.parametrize(
    ("names", "given"), [("t", "-"), ("tq", "tv td n"), ("uq", "td"), ("u", "-"), ("uv", "ws")], ids=str
)
def test_a_layout_gives_only_what_it_has_the_variables_for(names, given):
    for kind, levels in LEVELS.items():
        layout = layout_on(kind, levels, names)
        wanted = ["tv", "td", "ws", "n"]
        state = column_state(layout, t=270.0, q=0.001)
        found, reachable = equivalents(layout, state, wanted, pres=7e4)
        assert [name for name, held in zip(wanted, reachable, strict=True) if held] == given.strip("-").split()
        assert np.isfinite(found).all()


def test_a_variable_that_the_layout_holds_is_taken_as_it_is():
    layout = layout_on("hPa", LEVELS["hPa"], ("t", "q", "tv", "td", "ws", "n"))
    own = {"tv": 281.0, "td": 262.0, "ws": 7.0, "n": 222.0}
    state = column_state(layout, t=270.0, q=0.004, **own)
    found, reachable = equivalents(layout, state, list(own), pres=7e4)
    np.testing.assert_allclose(found, list(own.values()))
    assert reachable.all()
