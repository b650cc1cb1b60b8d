"""Data at the ground, where the state has levels only and where it has channels of its own."""

import jax
import numpy as np
import pytest

from latentda.grid import SigmaLevels, build_layout
from latentda.operators import PointObservations
from latentda.physics.constants import EXPONENT, GRAVITY, LAPSE_RATE
from latentda.physics.thermodynamics import specific_humidity
from latentda.physics.wind import SEA_ROUGHNESS, share_at_10_m
from tests.operators.equivalents import GRID, column_state, equivalents, evaluate, layout_on, operator_of
from tests.worlds import batch_of

pytestmark = pytest.mark.usefixtures("float64")

SIGMA = layout_on("sigma", (0.3, 0.6, 0.95))
PRESSURE = layout_on("hPa", (300.0, 600.0, 925.0))
WIND = ["u10m", "v10m", "ws10m"]


@pytest.fixture(params=[SIGMA, PRESSURE], ids=["sigma", "pressure"])
def layout(request):
    return request.param


def test_wind_at_10_m_follows_the_logarithmic_law(layout):
    state = column_state(layout, 1e5, t=285.0, u=-8.0, v=6.0)
    found, reachable = equivalents(layout, state, WIND, pres=np.nan)
    lowest = {"sigma": 0.95e5, "hPa": 92500.0}[layout.vertical.units]
    height = 285.0 * ((1e5 / lowest) ** EXPONENT - 1.0) / LAPSE_RATE
    share = np.log(10.0 / SEA_ROUGHNESS) / np.log(height / SEA_ROUGHNESS)
    np.testing.assert_allclose(found, share * np.array([-8.0, 6.0, 10.0]), rtol=1e-6)
    assert 0.7 < share < 0.8
    assert reachable.all()


def test_the_law_gives_the_level_itself_at_10_m_and_less_wind_over_rough_ground():
    rough = np.log([1e-4, 1e-2, 1.0])
    np.testing.assert_allclose(share_at_10_m(np.array([10.0, 10.0, 3.0]), rough), 1.0)
    assert (np.diff(share_at_10_m(np.full(3, 300.0), rough)) < 0.0).all()


def test_roughness_may_be_a_field():
    field = np.full(GRID.shape, SEA_ROUGHNESS)
    field[2] = 0.5
    state = column_state(SIGMA, t=285.0, u=-8.0, v=6.0)
    places = {"pres": np.nan, "lat": np.array(GRID.latitude)[[1, 2]], "lon": 45.0}
    mixed, _ = equivalents(SIGMA, state, ["u10m"] * 2, roughness=field, **places)
    sea, _ = equivalents(SIGMA, state, ["u10m"] * 2, **places)
    land, _ = equivalents(SIGMA, state, ["u10m"] * 2, roughness=0.5, **places)
    np.testing.assert_allclose(mixed, [sea[0], land[1]], rtol=1e-5)


@pytest.mark.parametrize("roughness", [0.0, -1.0, 10.0, np.nan])
def test_impossible_roughness_is_refused(roughness):
    with pytest.raises(ValueError, match="between 0 and 10 m"):
        operator_of(SIGMA, WIND, pres=np.nan, roughness=roughness)


def test_calm_has_finite_gradients():
    operator = operator_of(SIGMA, WIND, pres=np.nan)
    value, gradient = jax.jit(jax.value_and_grad(lambda x: operator(x).sum()))(column_state(SIGMA, t=285.0))
    assert value == 0.0
    assert np.isfinite(gradient).all()


def test_a_lowest_pressure_level_under_the_ground_is_the_wind_at_10_m():
    state = column_state(PRESSURE, 9e4, t=285.0, u=-8.0)
    found, _ = equivalents(PRESSURE, state, ["u10m"], pres=np.nan)
    assert found[0] == pytest.approx(-8.0)


def test_saturated_air_at_the_station_has_the_dew_point_of_the_lowest_level(layout):
    elevation = 150.0
    state = column_state(layout, 1e5, t=285.0)
    pressure, _ = equivalents(layout, state, ["sp"], pres=np.nan, elev=elevation)
    state = column_state(layout, 1e5, t=285.0, q=specific_humidity(281.0, pressure[0]))
    found, reachable = equivalents(layout, state, ["d2m"], pres=np.nan, elev=elevation)
    assert found[0] == pytest.approx(281.0, rel=1e-6)
    assert reachable[0]


def test_dew_point_of_dry_air_is_finite(layout):
    operator = operator_of(layout, ["d2m"], pres=np.nan)
    value, gradient = jax.jit(jax.value_and_grad(lambda x: operator(x).sum()))(column_state(layout, t=285.0, q=-1e-4))
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()


@pytest.mark.parametrize(
    "layout", [SIGMA, PRESSURE, layout_on("hPa", (300.0, 600.0, 1000.0))], ids=["sigma", "pressure", "below the ground"]
)
def test_precipitable_water_of_a_constant_humidity(layout):
    state = column_state(layout, 97000.0, t=285.0, q=0.003)
    found, reachable = equivalents(layout, state, ["tcwv"], pres=np.nan)
    assert found[0] == pytest.approx(0.003 * 97000.0 / GRAVITY, rel=1e-6)
    assert reachable[0]


def test_precipitable_water_begins_at_the_highest_humid_level():
    levels = (0.1, 0.3, 0.6, 0.95)
    layout = build_layout(GRID, SigmaLevels(levels), {"t": levels, "q": levels[1:]}, ("sp",))
    state = column_state(layout, 97000.0, t=285.0, q=0.003)
    found, _ = equivalents(layout, state, ["tcwv"], pres=np.nan)
    # It begins halfway to the next level above.
    assert found[0] == pytest.approx(0.003 * 97000.0 * (1.0 - 0.2) / GRAVITY, rel=1e-6)


def test_precipitable_water_is_that_of_fine_layers():
    layout = layout_on("sigma", tuple((np.arange(40) + 0.5) / 40))
    state = column_state(layout, 1e5, t=285.0, q=lambda p: 0.012 * (p / 1e5) ** 3)
    found, _ = equivalents(layout, state, ["tcwv"], pres=np.nan)
    assert found[0] == pytest.approx(0.012 * 1e5 / 4.0 / GRAVITY, rel=1e-3)


def test_a_station_sees_the_water_above_it(layout):
    state = column_state(layout, 97000.0, t=285.0, q=0.003)
    ground = {"surface_height": 500.0, "pres": np.nan, "elev": [500.0, 200.0, 900.0]}
    pressure, _ = equivalents(layout, state, ["sp"] * 3, **ground)
    found, _ = equivalents(layout, state, ["tcwv"] * 3, **ground)
    np.testing.assert_allclose(found - found[0], 0.003 * (pressure - pressure[0]) / GRAVITY, rtol=1e-6, atol=1e-9)
    assert found[1] > found[0] > found[2]


SURFACE = ("sp", "t2m", "q2m", "d2m", "u10m", "v10m", "ws10m", "tcwv")


def test_channels_of_the_layout_itself_count():
    layout = layout_on("sigma", (0.5, 0.9), surface=SURFACE)
    own = {"t2m": 290.0, "q2m": 0.011, "d2m": 284.0, "u10m": 5.0, "v10m": -3.0, "ws10m": 6.5, "tcwv": 25.0}
    state = column_state(layout, 1e5, t=285.0, q=0.003, u=20.0, **own)
    found, reachable = equivalents(layout, state, list(own), pres=np.nan)
    np.testing.assert_allclose(found, list(own.values()), rtol=1e-6)
    assert reachable.all()
    warmer, _ = equivalents(layout, state, ["t2m"], pres=np.nan, surface_height=300.0)
    assert warmer[0] == pytest.approx(290.0 + 300.0 * LAPSE_RATE)


def test_own_winds_need_no_levels():
    layout = layout_on("hPa", (500.0,), names="z", surface=("u10m", "v10m"))
    found, reachable = equivalents(
        layout, column_state(layout, u10m=3.0, v10m=4.0), [*WIND, "t2m", "sp", "tcwv", "d2m"], pres=np.nan
    )
    np.testing.assert_allclose(found[:3], [3.0, 4.0, 5.0])
    assert reachable.tolist() == [True, True, True, False, False, False, False]
    assert np.isfinite(found).all()


def test_far_from_the_orography_nothing_at_the_ground_has_an_equivalent(layout):
    state = column_state(layout, 9e4, t=285.0, q=0.003, u=4.0)
    for height, near in ((790.0, True), (810.0, False), (9000.0, False)):
        found, reachable = equivalents(layout, state, list(SURFACE), pres=np.nan, surface_height=height)
        assert (reachable == near).all()
        assert np.isfinite(found).all()


def test_winds_over_the_sea_are_winds_at_10_m():
    """A scatterometer's cell: no elevation, any longitude convention of the table."""
    state = column_state(SIGMA, t=285.0, u=-8.0, v=6.0)
    batch = batch_of(["u10m", "v10m"], pres=np.nan, lat=[-30.0, -30.0], lon=[-170.0, 190.0])
    value, reachable = evaluate(PointObservations(batch, SIGMA, np.zeros(GRID.shape)), state)
    assert value[0] / value[1] == pytest.approx(-8.0 / 6.0)
    assert reachable.all()
