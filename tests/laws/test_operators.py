"""What every observation operator must obey."""

from functools import cache

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latentda.assimilation import ObservationTerm
from latentda.observations import SURFACE_VARIABLES, VARIABLES, make_batch
from latentda.observations.table import UPPER_AIR_VARIABLES
from latentda.operators import GridPoints, PointObservations
from latentda.operators.near_surface import MAX_HEIGHT_DIFFERENCE
from latentda.physics.constants import GRAVITY
from tests.operators.equivalents import evaluate
from tests.worlds import NOON, check_linearisation, double, pressure_layout, sigma_layout, states_of, table_of

pytestmark = pytest.mark.usefixtures("float64")

SIZE = 40
LAYOUTS = {
    "sigma": sigma_layout(levels=(0.2, 0.5, 0.9)),
    "pressure": pressure_layout(names="uvtqz", levels=(200.0, 500.0, 850.0)),
}
SURFACE_PRESSURE = 1e5
STILL = {"u": -6.0, "v": 8.0, "t": 270.0, "q": 4e-3, "z": 3e4, "sp": SURFACE_PRESSURE}
"""Values of a state whose channels are constant over the globe, and over the levels."""
CONSTANT = {"u": -6.0, "v": 8.0, "t": 270.0, "q": 4e-3, "ws": 10.0, "tv": 270.0 * (1.0 + (1.0 / 0.622 - 1.0) * 4e-3)}
"""Equivalents of it between the levels, wherever they are."""


@pytest.fixture(params=LAYOUTS)
def layout(request):
    return LAYOUTS[request.param]


@cache
def still(kind):
    layout = LAYOUTS[kind]
    values = np.array([STILL[channel.short] for channel in layout.channels])
    return np.broadcast_to(values[:, None, None], layout.shape).copy()


def operator_of(layout, table):
    """H of a table's data over flat ground, with room for ``SIZE``."""
    batch = make_batch(table, NOON, sizes=(SIZE,))
    return double(PointObservations(batch, layout, np.zeros(layout.grid.shape)))


def equivalents(layout, state, table):
    """H(x) of every row, and whether it has a meaning, in the table's order."""
    operator = operator_of(layout, table)
    value, reachable = evaluate(operator, jnp.asarray(state, jnp.float64))
    rows = np.asarray(operator.batch.row)[np.asarray(operator.batch.valid)]
    back = np.argsort(rows)
    return np.asarray(value)[: rows.size][back], np.asarray(reachable)[: rows.size][back]


def every_variable(seed=0, count=2):
    """Data of all variables at random places within reach of either layout."""
    random = np.random.default_rng(seed)
    names = np.repeat(VARIABLES, count)
    ground = np.isin(names, SURFACE_VARIABLES)
    return table_of(
        names,
        lat=random.uniform(-80.0, 80.0, names.size),
        lon=random.uniform(0.0, 360.0, names.size),
        pres=np.where(ground, np.nan, random.uniform(3.0e4, 8.0e4, names.size)),
        elev=np.where(ground, random.uniform(-200.0, 200.0, names.size), 0.0),
    )


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    kind=st.sampled_from(sorted(LAYOUTS)),
    lat=st.floats(-90.0, 90.0),
    lon=st.floats(0.0, 360.0, exclude_max=True, width=32),
    pressure=st.floats(2.1e4, 8.4e4),
)
def test_a_field_that_is_everywhere_the_same_has_that_value_everywhere(kind, lat, lon, pressure):
    table = table_of([*CONSTANT, "sp", "q2m"], lat=lat, lon=lon, pres=[pressure] * len(CONSTANT) + [np.nan] * 2)
    found, reachable = equivalents(LAYOUTS[kind], still(kind), table)
    assert reachable.all()
    np.testing.assert_allclose(found, [*CONSTANT.values(), SURFACE_PRESSURE, STILL["q"]], rtol=1e-6)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(name=st.sampled_from(UPPER_AIR_VARIABLES), share=st.floats(0.11, 0.99), lat=st.floats(-90.0, 90.0))
def test_above_the_top_and_under_the_ground_nothing_has_an_equivalent(name, share, lat):
    top, ground = 2e4, 1e5
    pressures = [share * top, ground / share + 10.0, 0.99 * 0.5 * ground]
    table = table_of([name] * 3, lat=lat, pres=pressures)
    _, reachable = equivalents(LAYOUTS["sigma"], still("sigma"), table)
    assert reachable.tolist() == [False, False, True]


@pytest.mark.parametrize("name", SURFACE_VARIABLES)
def test_stations_far_above_or_under_the_model_s_ground_have_no_equivalent(layout, name):
    away = np.array([-1.01, 0.5, 1.01]) * MAX_HEIGHT_DIFFERENCE
    state = still("sigma" if layout is LAYOUTS["sigma"] else "pressure")
    _, reachable = equivalents(layout, state, table_of([name] * 3, pres=np.nan, elev=away))
    assert reachable.tolist() == [False, True, False]


def test_every_variable_has_a_tangent_and_its_transpose(layout):
    operator = operator_of(layout, every_variable())
    state, other = states_of(layout, 2).astype(float)
    scale = jnp.asarray(1.0 / np.maximum(np.abs(np.asarray(operator(state))), 1e-3))
    check_linearisation(lambda x: scale * operator(x), state, other - state, exponents=(2, 3, 4), atol=0.1)


def test_every_variable_has_an_equivalent(layout):
    found, reachable = equivalents(layout, states_of(layout, 1)[0], every_variable())
    assert reachable.all()
    assert np.isfinite(found).all()


def test_the_order_of_the_rows_does_not_matter(layout):
    table, state = every_variable(), states_of(layout, 1)[0]
    order = np.random.default_rng(1).permutation(table.num_rows)
    for one, other in zip(
        equivalents(layout, state, table), equivalents(layout, state, table.take(order)), strict=True
    ):
        np.testing.assert_array_equal(one[order], other)


def test_a_datum_does_not_feel_the_data_beside_it(layout):
    table, state = every_variable(), states_of(layout, 1)[0]
    together, _ = equivalents(layout, state, table)
    for name in ("t", "z", "n", "ws10m", "tcwv"):
        rows = np.flatnonzero(table["variable"].to_numpy(zero_copy_only=False) == name)
        np.testing.assert_allclose(equivalents(layout, state, table.take(rows))[0], together[rows], rtol=1e-12)


@pytest.mark.parametrize("turns", [1, 5])
def test_turning_the_globe_turns_the_equivalents(layout, turns):
    table, state = every_variable(), states_of(layout, 1)[0]
    spacing = 360.0 / layout.grid.shape[1]
    lon = (table["lon"].to_numpy().astype(float) + turns * spacing) % 360.0
    names = table["variable"].to_numpy(zero_copy_only=False)
    turned = table_of(names, lon=lon, **{name: table[name].to_numpy() for name in ("lat", "pres", "elev")})
    found, _ = equivalents(layout, np.roll(state, turns, axis=-1), turned)
    np.testing.assert_allclose(found, equivalents(layout, state, table)[0], rtol=1e-5)


def test_without_data_nothing_is_wanted_of_the_state(layout):
    operator = operator_of(layout, every_variable().slice(0, 0))
    batch, state = operator.batch, jnp.asarray(states_of(layout, 1)[0], jnp.float64)
    assert not np.asarray(batch.valid).any()
    term = ObservationTerm(operator, batch.value, batch.error, batch.valid)
    residual = eqx.filter_jit(lambda term, state: term.departure(state))(term, state)
    np.testing.assert_array_equal(residual, np.zeros(SIZE))


def test_grid_points_pick_their_values():
    state = jnp.asarray(np.random.default_rng(2).normal(size=(2, 3, 4)))
    order = np.random.default_rng(3).permutation(24)
    operator = GridPoints(jnp.asarray(order))
    np.testing.assert_array_equal(operator(state), np.asarray(state).reshape(-1)[order])
    np.testing.assert_array_equal(operator(jnp.full_like(state, 3.0)), 3.0)
    assert GridPoints(jnp.zeros(0, int))(state).shape == (0,)


def test_a_datum_by_the_height_of_its_pressure_is_the_same():
    layout = LAYOUTS["sigma"]
    state = states_of(layout, 1)[0]
    pressures = np.array([4e4, 6e4, 8e4])
    height, _ = equivalents(layout, state, table_of(["z"] * 3, pres=pressures))
    by_pressure, _ = equivalents(layout, state, table_of(["t"] * 3, pres=pressures))
    by_height, reachable = equivalents(layout, state, table_of(["t"] * 3, pres=np.nan, height=height / GRAVITY))
    assert reachable.all()
    np.testing.assert_allclose(by_height, by_pressure, rtol=1e-5)
