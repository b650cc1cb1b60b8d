"""Atmospheres whose geopotential is known: isothermal, of a lapse in ln p, of a lapse in height, the standard one."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latentda.forecast.embedded.jcm import SIGMA as EMBEDDED
from latentda.operators.hydrostatic import level_geopotential, position_of
from latentda.physics.constants import EXPONENT, GAS_CONSTANT, GRAVITY, LAPSE_RATE, VIRTUAL
from latentda.physics.thermodynamics import standard_atmosphere_pressure, standard_atmosphere_temperature
from tests.operators.equivalents import column_state, equivalents, layout_on

pytestmark = pytest.mark.usefixtures("float64")

SURFACE_PRESSURE, SURFACE_HEIGHT = 9e4, 700.0
GROUND = {"surface_height": SURFACE_HEIGHT}
PRESSURE = np.array([21000.0, 38000.0, 50000.0, 66000.0, 84000.0, 89900.0])

LAYOUTS = {
    "sigma": layout_on("sigma", (0.1, 0.3, 0.6, 0.8, 1.0)),
    "pressure": layout_on("hPa", (100.0, 300.0, 500.0, 850.0, 1000.0)),
}


@pytest.fixture(params=LAYOUTS.values(), ids=LAYOUTS.keys())
def layout(request):
    return request.param


def geopotentials(layout, temperature, humidity=0.0, pressure=PRESSURE):
    state = column_state(layout, SURFACE_PRESSURE, t=temperature, q=humidity)
    found, reachable = equivalents(layout, state, ["z"] * len(pressure), pres=pressure, **GROUND)
    assert reachable.all()
    return found


def test_an_isothermal_atmosphere(layout):
    exact = GRAVITY * SURFACE_HEIGHT + GAS_CONSTANT * 250.0 * np.log(SURFACE_PRESSURE / PRESSURE)
    np.testing.assert_allclose(geopotentials(layout, 250.0), exact, rtol=1e-6)


def test_temperature_linear_in_log_pressure(layout):
    found = geopotentials(layout, lambda p: 290.0 + 40.0 * np.log(p / SURFACE_PRESSURE))
    depth = np.log(SURFACE_PRESSURE / PRESSURE)
    exact = GRAVITY * SURFACE_HEIGHT + GAS_CONSTANT * (290.0 * depth - 20.0 * depth**2)
    np.testing.assert_allclose(found, exact, rtol=1e-6)


def test_geopotential_of_the_state_itself_is_hydrostatic_between_its_levels():
    layout = layout_on("hPa", (200.0, 500.0, 850.0), names="tz", surface=())

    def geopotential(p):
        depth = np.log(1e5 / p)
        return GAS_CONSTANT * (290.0 * depth - 20.0 * depth**2)

    state = column_state(layout, t=lambda p: 290.0 + 40.0 * np.log(p / 1e5), z=geopotential)
    pressure = np.array([20000.0, 31000.0, 50000.0, 66000.0, 85000.0])
    found, reachable = equivalents(layout, state, ["z"] * 5, pres=pressure)
    np.testing.assert_allclose(found, geopotential(pressure), rtol=1e-6)
    assert reachable.all()


def test_moist_air_is_thicker_by_its_virtual_temperature(layout):
    surface = GRAVITY * SURFACE_HEIGHT
    dry, moist = geopotentials(layout, 280.0) - surface, geopotentials(layout, 280.0, 0.01) - surface
    np.testing.assert_allclose(moist / dry, 1.0 + VIRTUAL * 0.01, rtol=1e-5)


def test_below_the_lowest_level_temperature_follows_the_standard_lapse_rate():
    layout = layout_on("sigma", (0.5, 0.8))
    pressure = SURFACE_PRESSURE * np.array([0.8, 0.9, 0.97, 1.0])
    found = geopotentials(layout, 270.0, pressure=pressure)
    at = 270.0 * (pressure / (0.8 * SURFACE_PRESSURE)) ** EXPONENT
    exact = SURFACE_HEIGHT + (at[-1] - at) / LAPSE_RATE
    np.testing.assert_allclose(found / GRAVITY, exact, rtol=1e-6)


@pytest.mark.parametrize(
    ("levels", "metres", "kelvins"),
    [(EMBEDDED, 15.0, 3.0), (tuple(np.linspace(0.02, 0.995, 60)), 1.0, 0.1)],
    ids=["eight", "sixty"],
)
def test_heights_of_the_standard_atmosphere(levels, metres, kelvins):
    layout = layout_on("sigma", levels)
    state = column_state(layout, 101325.0, t=standard_atmosphere_temperature)
    height = np.linspace(0.0, 10000.0, 51)
    pressure = standard_atmosphere_pressure(height)
    found, _ = equivalents(layout, state, ["z"] * height.size, pres=pressure)
    np.testing.assert_allclose(found / GRAVITY, height, atol=metres)
    # The other way round: a datum at a height has the standard temperature there.
    located, reachable = equivalents(layout, state, ["t"] * height.size, pres=np.nan, height=height)
    assert reachable.all()
    np.testing.assert_allclose(located, 288.15 - LAPSE_RATE * height, atol=kelvins)


UPPER_AIR = ("t", "q", "u", "v", "z", "tv", "td", "ws", "n")


@pytest.mark.parametrize(
    "layout",
    [*LAYOUTS.values(), layout_on("hPa", (100.0, 300.0, 500.0, 850.0, 1000.0), names="uvtqz")],
    ids=["sigma", "pressure", "pressure with geopotential"],
)
def test_a_datum_located_by_height_or_by_its_pressure_is_the_same(layout):
    state = column_state(
        layout,
        SURFACE_PRESSURE,
        t=lambda p: 290.0 * (p / 9e4) ** 0.21,
        q=lambda p: 0.01 * (p / 9e4) ** 3,
        u=lambda p: 40.0 - p / 3000.0,
        v=5.0,
        z=lambda p: 7000.0 - GAS_CONSTANT * 262.0 * np.log(p / 9e4),
    )
    pressure = np.repeat(PRESSURE, len(UPPER_AIR))
    names = list(UPPER_AIR) * len(PRESSURE)
    expected, reachable = equivalents(layout, state, names, pres=pressure, **GROUND)
    height = np.repeat(expected[4 :: len(UPPER_AIR)], len(UPPER_AIR)) / GRAVITY
    found, reachable_too = equivalents(layout, state, names, pres=np.nan, height=height, **GROUND)
    assert reachable.all()
    assert reachable_too.all()
    # Tables hold heights in single precision: a few decimetres in ten thousand.
    np.testing.assert_allclose(found, expected, rtol=3e-6)


def test_heights_without_an_equivalent():
    layout = LAYOUTS["sigma"]
    state = column_state(layout, SURFACE_PRESSURE, t=250.0)
    top = SURFACE_HEIGHT + GAS_CONSTANT * 250.0 * np.log(10.0) / GRAVITY
    height = np.array([-300.0, SURFACE_HEIGHT - 2.0, SURFACE_HEIGHT, top - 2.0, top + 2.0, 80000.0])
    found, reachable = equivalents(layout, state, ["t"] * 6, pres=np.nan, height=height, **GROUND)
    assert reachable.tolist() == [False, False, True, True, False, False]
    assert np.isfinite(found).all()


def test_a_layout_without_heights_knows_no_place_by_height():
    for layout in (layout_on("hPa", (300.0, 500.0), names="t", surface=()), layout_on("hPa", (300.0, 500.0), "u")):
        state = column_state(layout, t=250.0)
        found, reachable = equivalents(
            layout, state, ["t", "u", "z"], pres=[4e4, np.nan, 4e4], height=[np.nan, 7e3, np.nan]
        )
        assert reachable.tolist() == ["t" in layout.variables, False, False]
        assert np.isfinite(found).all()


def test_heights_alone_locate_data_where_there_is_no_temperature():
    layout = layout_on("hPa", (300.0, 500.0, 700.0), names="uz", surface=())
    state = column_state(layout, u=lambda p: p / 1000.0, z=lambda p: 1e5 * np.log(1e5 / p))
    height = 1e5 * np.log(1e5 / np.array([31000.0, 50000.0, 65000.0, 71000.0, 29000.0])) / GRAVITY
    found, reachable = equivalents(layout, state, ["u"] * 5, pres=np.nan, height=height)
    assert reachable.tolist() == [True, True, True, False, False]
    exact = np.interp(np.log([31000.0, 50000.0, 65000.0]), np.log([3e4, 5e4, 7e4]), [30.0, 50.0, 70.0])
    np.testing.assert_allclose(found[:3], exact, rtol=1e-6)


def test_one_level_is_a_column_too():
    layout = layout_on("sigma", (0.9,))
    state = column_state(layout, SURFACE_PRESSURE, t=280.0)
    found, reachable = equivalents(layout, state, ["z", "t", "t"], pres=[88000.0, np.nan, np.nan], height=[0, 800, 3e3])
    assert np.isfinite(found).all()
    assert reachable.tolist() == [True, True, False]


def test_position_inverts_geopotential_and_stays_finite_in_folded_columns():
    levels = np.log([0.1, 0.4, 0.7, 1.0])
    virtual = jnp.asarray([[220.0], [255.0], [279.0], [290.0]])
    column = level_geopotential(virtual, levels, jnp.zeros(1), jnp.zeros(1))
    found = position_of(column[:, 0], jnp.tile(column, 4), jnp.tile(virtual, 4), levels)
    np.testing.assert_allclose(found, levels, atol=1e-14)
    folded = jnp.asarray([[1e3], [9e3], [8e3], [2e3]])

    def position(folded, virtual, target):
        return position_of(target[None], folded, virtual, levels).sum()

    targets = jnp.asarray([-1e6, 0.0, 5e3, 8.5e3, 1e7])
    wild = jnp.asarray([[900.0], [1.0], [900.0], [1.0]])
    gradients = jax.jit(jax.vmap(jax.grad(position, (0, 1, 2)), (None, None, 0)))(folded, wild, targets)
    assert all(np.isfinite(part).all() for part in gradients)
