import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latentda.grid import SigmaLevels, build_layout, gaussian_grid, regional_grid
from latentda.operators import GridPoints, PointObservations
from latentda.operators.point import MAX_HEIGHT_DIFFERENCE
from latentda.physics.constants import EXPONENT, GAS_CONSTANT, GRAVITY, LAPSE_RATE
from tests.worlds import (
    SIGMA,
    batch_of,
    check_linearisation,
    double,
    north_first,
    pressure_layout,
    sigma_layout,
    states_of,
)

GRID = gaussian_grid(8, 16)
HEIGHT = 1500.0

evaluate = eqx.filter_jit(lambda operator, state: (operator(state), operator.reachable(state)))


def equivalents(layout, state, variable, size=80, height=0.0, **columns):
    """H(x) and whether it has a meaning, of the real rows."""
    batch = batch_of(variable, size, **columns)
    geopotential = np.full(layout.grid.shape, GRAVITY * height, np.float32)
    value, reachable = evaluate(PointObservations(batch, layout, geopotential), jnp.asarray(state))
    rows = np.asarray(batch.valid)
    return np.asarray(value)[rows], np.asarray(reachable)[rows]


def surface_pressure(grid, spread=8000.0):
    return 90000.0 + spread * np.random.default_rng(0).uniform(-1.0, 1.0, grid.shape)


def log_linear(layout, pressure, factors):
    """A state whose variables are linear in ln p: ``a + b ln p`` for factors (a, b)."""
    fields = []
    for channel in layout.channels:
        if channel.short == "sp":
            fields.append(pressure)
            continue
        a, b = factors[channel.short]
        on_sigma = layout.vertical.units == "sigma"
        p = channel.level * pressure if on_sigma else 100.0 * channel.level + 0.0 * pressure
        fields.append(a + b * np.log(p))
    return np.stack(fields).astype(np.float32)


FACTORS = {"u": (-60.0, 5.0), "v": (80.0, -7.0), "t": (50.0, 20.0), "q": (-0.05, 0.005)}
FACTORS["z"] = (9e5, -8e4)


@pytest.mark.parametrize("turn", [lambda grid: grid, north_first], ids=["south", "north"])
def test_exact_on_pressure_levels_for_fields_linear_in_log_pressure(turn):
    layout = pressure_layout(turn(GRID))
    state = log_linear(layout, surface_pressure(layout.grid), FACTORS)
    rng = np.random.default_rng(1)
    names = np.repeat(["t", "u", "v"], 20)
    pressure = rng.uniform(20000.0, 85000.0, 60)
    found, reachable = equivalents(
        layout,
        state,
        names,
        pres=pressure,
        lat=rng.uniform(-90.0, 90.0, 60),
        lon=rng.uniform(0.0, 360.0, 60),
    )
    expected = [FACTORS[n][0] + FACTORS[n][1] * np.log(p) for n, p in zip(names, pressure, strict=True)]
    np.testing.assert_allclose(found, expected, rtol=2e-5, atol=2e-4)
    assert reachable.all()


@pytest.mark.parametrize("turn", [lambda grid: grid, north_first], ids=["south", "north"])
def test_exact_on_sigma_levels_for_fields_linear_in_log_pressure(turn):
    layout = sigma_layout(turn(GRID))
    pressure = surface_pressure(layout.grid)
    state = log_linear(layout, pressure, FACTORS)
    rng = np.random.default_rng(2)
    row, column = rng.integers(0, 8, 80), rng.integers(0, 16, 80)
    names = np.repeat(["t", "q", "u", "v"], 20)
    # Within the levels; the surface pressure differs from column to column.
    p = rng.uniform(SIGMA[0], SIGMA[1], 80) * pressure[row, column]
    found, reachable = equivalents(
        layout,
        state,
        names,
        pres=p,
        lat=np.asarray(layout.grid.latitude)[row],
        lon=np.asarray(layout.grid.longitude)[column],
    )
    expected = [FACTORS[n][0] + FACTORS[n][1] * np.log(a) for n, a in zip(names, p, strict=True)]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-3)
    assert reachable.all()


def test_variables_on_fewer_levels():
    levels = {"t": (0.2, 0.5, 0.9), "q": (0.5, 0.9), "u": (0.9,)}
    layout = build_layout(GRID, SigmaLevels((0.2, 0.5, 0.9)), levels, ("sp",))
    state = log_linear(layout, np.full(GRID.shape, 1e5), FACTORS)
    found, reachable = equivalents(layout, state, ["t", "t", "q", "q", "u", "u"], pres=[3e4, 7e4, 3e4, 7e4, 7e4, 9.5e4])
    assert reachable.tolist() == [True, True, False, True, False, True]
    for i, name in ((0, "t"), (1, "t"), (3, "q")):
        a, b = FACTORS[name]
        assert found[i] == pytest.approx(a + b * np.log([3e4, 7e4, 3e4, 7e4][i]), rel=1e-4)
    assert found[5] == pytest.approx(FACTORS["u"][0] + FACTORS["u"][1] * np.log(9e4), rel=1e-4)


@pytest.mark.parametrize("level", [1.0, 1000.0])
def test_a_layout_of_one_level(level):
    layout = pressure_layout(names="t", levels=(level,))
    state = np.full(layout.shape, 280.0, np.float32)
    found, reachable = equivalents(layout, state, ["t"] * 3, pres=np.array([100, 80, 120]) * level)
    assert np.isfinite(found).all()
    assert found[0] == pytest.approx(280.0)
    assert reachable.tolist() == [True, False, False]


def test_outermost_levels_are_reached():
    levels = (10.0, 50.0, 250.0, 500.0, 850.0, 925.0, 1000.0)
    layout = pressure_layout(names="t", levels=levels)
    state = np.full(layout.shape, 280.0, np.float32)
    _, reachable = equivalents(layout, state, ["t"] * 7, pres=100.0 * np.array(levels))
    assert reachable.all()


def test_without_an_equivalent():
    sigma = sigma_layout(names="uvt")
    state = log_linear(sigma, np.full(GRID.shape, 95000.0), FACTORS)
    rows = {
        "above the top": ("t", 0.99 * SIGMA[0] * 95000.0),
        "below the ground": ("u", 95100.0),
        "no such variable": ("q", 70000.0),
        "no dew point": ("td", 70000.0),
        "no refractivity": ("n", 70000.0),
        "no humidity": ("q2m", np.nan),
        "no precipitable water": ("tcwv", np.nan),
        "fine": ("t", 94900.0),
    }
    names, pressure = zip(*rows.values(), strict=True)
    _, reachable = equivalents(sigma, state, names, pres=pressure)
    # Batches are sorted by variable.
    assert dict(zip(sorted(rows, key=_order(rows)), reachable, strict=True)) == {name: name == "fine" for name in rows}


def _order(rows):
    from latentda.observations import VARIABLES

    return lambda name: VARIABLES.index(rows[name][0])


def test_below_the_lowest_pressure_level():
    layout = pressure_layout()
    state = log_linear(layout, np.full(GRID.shape, 1e5), FACTORS)
    _, reachable = equivalents(layout, state, ["t", "t", "t"], pres=[85000.0, 85100.0, 19900.0])
    assert reachable.tolist() == [True, False, False]


def test_outside_a_region():
    grid = regional_grid([40.0, 45.0, 50.0], [0.0, 5.0, 10.0])
    layout = sigma_layout(grid)
    state = log_linear(layout, np.full(grid.shape, 1e5), FACTORS)
    _, reachable = equivalents(
        layout, state, ["t"] * 4, pres=7e4, lat=[42.0, 55.0, 42.0, 42.0], lon=[3.0, 3.0, 12.0, 355.0]
    )
    assert reachable.tolist() == [True, False, False, False]


def test_below_the_lowest_sigma_level():
    layout = sigma_layout()
    state = log_linear(layout, np.full(GRID.shape, 1e5), FACTORS)
    lowest = 1e5 * SIGMA[-1]
    at_lowest = {n: FACTORS[n][0] + FACTORS[n][1] * np.log(lowest) for n in "tqu"}
    found, reachable = equivalents(layout, state, ["t", "t", "q", "u"], pres=[97000.0, 1e5, 97000.0, 1e5])
    lapse = GAS_CONSTANT * LAPSE_RATE / GRAVITY
    expected = [at_lowest["t"] * (p / lowest) ** lapse for p in (97000.0, 1e5)]
    np.testing.assert_allclose(found, [*expected, at_lowest["q"], at_lowest["u"]], rtol=2e-5)
    assert reachable.all()


def skin(lowest, pressure, level_pressure):
    return lowest * (pressure / level_pressure) ** EXPONENT


@pytest.mark.parametrize("step", [-700.0, -50.0, 0.0, 120.0, 790.0])
def test_surface_pressure_is_hydrostatic_with_a_constant_lapse_rate(step):
    layout = sigma_layout()
    state = log_linear(layout, surface_pressure(GRID), FACTORS)
    row, column = 5, 11
    pressure, lowest = float(state[-1, row, column]), float(state[layout.index("t", 0.9), row, column])
    found, reachable = equivalents(
        layout,
        state,
        ["sp"],
        height=HEIGHT,
        elev=HEIGHT - step,
        pres=np.nan,
        lat=GRID.latitude[row],
        lon=GRID.longitude[column],
    )
    t_surface = skin(lowest, pressure, 0.9 * pressure)
    power = GRAVITY / (GAS_CONSTANT * LAPSE_RATE)
    expected = pressure * (1.0 + LAPSE_RATE * step / t_surface) ** power
    assert found[0] == pytest.approx(expected, rel=2e-5)
    assert reachable[0]
    if step == 0.0:
        assert found[0] == pytest.approx(pressure, rel=1e-6)


def test_constant_lapse_is_the_integral_of_the_hydrostatic_equation():
    layout = sigma_layout()
    state = log_linear(layout, np.full(GRID.shape, 95000.0), FACTORS)
    found, _ = equivalents(layout, state, ["sp"], height=HEIGHT, elev=HEIGHT - 600.0, pres=np.nan)
    t_surface = skin(float(state[layout.index("t", 0.9), 0, 0]), 1.0, 0.9)
    pressure, steps = 95000.0, 6000
    for k in range(steps):
        temperature = t_surface + LAPSE_RATE * 600.0 * (k + 0.5) / steps
        pressure *= np.exp(GRAVITY / (GAS_CONSTANT * temperature) * 600.0 / steps)
    assert found[0] == pytest.approx(pressure, rel=1e-5)


def test_two_metre_temperature_and_humidity():
    layout = sigma_layout()
    state = log_linear(layout, np.full(GRID.shape, 95000.0), FACTORS)
    found, reachable = equivalents(layout, state, ["t2m", "q2m"], height=HEIGHT, elev=HEIGHT + 200.0, pres=np.nan)
    lowest = float(state[layout.index("t", 0.9), 0, 0])
    expected = skin(lowest, 1.0, 0.9) - 200.0 * LAPSE_RATE
    assert found[0] == pytest.approx(expected, rel=1e-5)
    assert found[1] == pytest.approx(float(state[layout.index("q", 0.9), 0, 0]), rel=1e-5)
    assert reachable.all()


@pytest.mark.parametrize("pressure", [60000.0, 85000.0, 101000.0])
def test_surface_temperature_on_pressure_levels_above_and_below_the_ground(pressure):
    layout = pressure_layout()
    state = log_linear(layout, np.full(GRID.shape, pressure), FACTORS)
    found, _ = equivalents(layout, state, ["t2m"], pres=np.nan)
    lowest = float(state[layout.index("t", 850.0), 0, 0])
    assert found[0] == pytest.approx(skin(lowest, pressure, 85000.0), rel=1e-5)


def test_winds_at_10_m_are_the_layouts_own():
    layout = pressure_layout(surface=("sp", "u10m", "v10m"))
    state = log_linear(pressure_layout(), np.full(GRID.shape, 95000.0), FACTORS)
    winds = np.stack([np.full(GRID.shape, 5.0), np.full(GRID.shape, -3.0)])
    found, reachable = equivalents(
        layout, np.concatenate([state, winds]).astype(np.float32), ["u10m", "v10m"], pres=np.nan
    )
    assert found.tolist() == [5.0, -3.0]
    assert reachable.all()


def test_stations_far_from_the_orography_have_no_equivalent():
    layout = sigma_layout()
    state = log_linear(layout, np.full(GRID.shape, 95000.0), FACTORS)
    away = np.array([-1.01, -0.99, 0.99, 1.01, 9.0]) * MAX_HEIGHT_DIFFERENCE
    found, reachable = equivalents(layout, state, ["sp"] * 5, height=HEIGHT, elev=HEIGHT + away, pres=np.nan)
    assert reachable.tolist() == [False, True, True, False, False]
    assert np.isfinite(found).all()


@pytest.mark.parametrize("build", [sigma_layout, pressure_layout])
def test_padding_has_finite_values_and_gradients(build):
    layout = build()
    state = jnp.asarray(states_of(layout, 1)[0])
    batch = batch_of(["t", "sp"], size=8, pres=[60000.0, np.nan])
    operator = PointObservations(batch, layout, np.zeros(GRID.shape, np.float32))
    value, gradient = jax.jit(jax.value_and_grad(lambda x: operator(x).sum()))(state)
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()
    assert all(part.shape == (8,) for part in evaluate(operator, state))


def everything(layout):
    """One of each kind at random places, within reach."""
    rng = np.random.default_rng(3)
    names = ["t", "u", "v", "t", "t", "sp", "t2m"] + ["q", "q2m"] * ("q" in layout.variables)
    pressure = np.array([30000.0, 60000.0, 80000.0, 84000.0, 50000.0] + [np.nan] * 2)
    pressure = np.concatenate([pressure, [70000.0, np.nan] * ("q" in layout.variables)])
    columns = {"lat": rng.uniform(-85.0, 85.0, len(names)), "lon": rng.uniform(0, 360, len(names))}
    batch = batch_of(names, 12, pres=pressure, elev=300.0, **columns)
    orography = GRAVITY * 400.0 * rng.uniform(0.5, 1.5, layout.grid.shape)
    return double(PointObservations(batch, layout, orography))


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("build", [sigma_layout, pressure_layout])
def test_linearisation_is_of_second_order_and_has_its_transpose_as_adjoint(build):
    layout = build()
    operator = everything(layout)
    state, other = states_of(layout, 2).astype(float)
    check_linearisation(lambda x: operator(x), state, other - state, exponents=(1, 2, 3), atol=0.1)


def test_new_places_do_not_recompile():
    layout = sigma_layout()
    state = jnp.asarray(states_of(layout, 1)[0])
    traced = []

    @eqx.filter_jit
    def count(operator, state):
        traced.append(operator.batch.size)
        return operator(state)

    for seed in range(3):
        lat = np.random.default_rng(seed).uniform(-90.0, 90.0, 4)
        batch = batch_of(["t", "u", "sp", "t2m"], 8, lat=lat)
        count(PointObservations(batch, layout, np.zeros(GRID.shape, np.float32)), state)
    assert traced == [8]


def test_grid_points_are_entries_of_the_state():
    state = jnp.arange(24.0).reshape(2, 3, 4)
    operator = GridPoints(jnp.asarray([0, 5, 23]))
    assert operator(state).tolist() == [0.0, 5.0, 23.0]
    assert operator.reachable(state).all()
