"""What is compiled for a batch follows from what it holds, and changes no value."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latentda.grid import SigmaLevels, build_layout, gaussian_grid
from latentda.observations import VARIABLES
from latentda.observations.table import UPPER_AIR_VARIABLES
from latentda.operators import PointObservations
from latentda.operators.families import COLUMN_WATER, EVERY_FAMILY, GEOPOTENTIAL, HEIGHT, families_of
from tests.operators.equivalents import evaluate
from tests.worlds import SIGMA, TYPICAL, batch_of, check_linearisation, double, pressure_layout, sigma_layout, states_of

GRID = gaussian_grid(8, 16)
USUAL = ["t", "q", "u", "v", "sp", "t2m", "q2m"]

HUMID_BELOW = build_layout(
    GRID, SigmaLevels((0.2, *SIGMA)), {"u": (0.2, *SIGMA), "v": (0.2, *SIGMA), "t": (0.2, *SIGMA), "q": SIGMA}, ("sp",)
)
LAYOUTS = {
    "sigma": sigma_layout(),
    "humid below": HUMID_BELOW,
    "pressure": pressure_layout(names="uvtq"),
    "pressure with geopotential": pressure_layout(names="uvtqz"),
}


@pytest.fixture(params=LAYOUTS.values(), ids=LAYOUTS.keys())
def layout(request):
    return request.param


def everything(layout, size=40, seed=3):
    """Every variable twice at random places, the second upper-air one located by its height."""
    rng = np.random.default_rng(seed)
    names = [name for name in VARIABLES for _ in range(2)]
    first = np.arange(len(names)) % 2 == 0
    columns = {
        "pres": np.where(first, rng.uniform(60000.0, 84000.0, len(names)), np.nan),
        "height": np.where(first, np.nan, rng.uniform(2000.0, 5000.0, len(names))),
        "elev": 300.0,
        "lat": rng.uniform(-85.0, 85.0, len(names)),
        "lon": rng.uniform(0.0, 360.0, len(names)),
    }
    return batch_of(names, size, **columns)


def balanced_states(layout, count):
    """Smooth states whose geopotential, where they have one, falls downwards."""
    states = states_of(layout, count).astype(float)
    if "z" in layout.variables:
        heights = 3e4 - 7.5e4 * np.log(np.array(layout.levels_of("z")) / 700.0)
        states[:, layout.indices("z")] += (heights - TYPICAL["z"])[:, None, None]
    return states


def orography(layout):
    return 9.80665 * 400.0 * np.random.default_rng(1).uniform(0.5, 1.5, layout.grid.shape)


def test_usual_data_ask_for_nothing_more():
    assert families_of(batch_of(USUAL, 16)) == frozenset()
    assert families_of(batch_of(["t"], 8, pres=np.nan, height=3000.0)) == {HEIGHT}
    assert families_of(batch_of(["z", "tcwv", "t"], 8)) == {GEOPOTENTIAL, COLUMN_WATER}


def test_padding_and_surface_data_are_not_located_by_height():
    assert families_of(batch_of(["t", "sp"], 8, pres=[5e4, np.nan])) == frozenset()


def test_every_family_compiled_in_gives_the_same(layout):
    batch, state = everything(layout), jnp.asarray(balanced_states(layout, 1)[0])
    height = orography(layout)

    @eqx.filter_jit
    def inside(batch, state):
        operator = PointObservations(batch, layout, height)
        assert operator.families == EVERY_FAMILY
        return operator(state), operator.reachable(state)

    usual = batch_of(USUAL, 40, pres=7e4, elev=300.0)
    value, reachable = inside(usual, state)
    alone = evaluate(PointObservations(usual, layout, height), state)
    valid = np.asarray(usual.valid)
    np.testing.assert_allclose(value[valid], alone[0][valid], rtol=2e-6, atol=1e-6)
    np.testing.assert_array_equal(reachable[valid], alone[1][valid])
    assert np.asarray(inside(batch, state)[1])[np.asarray(batch.valid)].all()


def test_the_same_families_do_not_recompile():
    layout = sigma_layout()
    traced = []

    @eqx.filter_jit
    def count(operator, state):
        traced.append(1)
        return operator(state)

    state = jnp.asarray(balanced_states(layout, 1)[0])
    for seed in range(3):
        count(PointObservations(everything(layout, seed=seed), layout, orography(layout)), state)
    assert len(traced) == 1
    count(PointObservations(batch_of(USUAL, 40), layout, orography(layout)), state)
    assert len(traced) == 2


@pytest.mark.parametrize("name", ["humid below", "pressure"])
def test_values_and_gradients_are_finite_everywhere(name):
    layout = LAYOUTS[name]
    rng = np.random.default_rng(4)
    state = jnp.asarray(balanced_states(layout, 1)[0])
    calm = state.at[jnp.concatenate([layout.indices(name) for name in "uvq"])].set(0.0)
    names = list(VARIABLES) * 4
    upper = np.isin(names, UPPER_AIR_VARIABLES)
    pressure = np.where(upper & (rng.uniform(size=len(names)) < 0.5), rng.choice([1.0, 1e4, 2e5], len(names)), np.nan)
    height = np.where(upper, rng.choice([-5000.0, 0.0, 3000.0, 90000.0], len(names)), np.nan)
    batch = batch_of(names, 80, pres=pressure, height=height, elev=rng.choice([0.0, 9000.0], len(names)))
    operator = PointObservations(batch, layout, orography(layout))
    evaluated = jax.jit(jax.value_and_grad(lambda x: operator(x).sum()))
    for x in (state, calm):
        value, gradient = evaluated(x)
        assert np.isfinite(value)
        assert np.isfinite(gradient).all()


@pytest.mark.usefixtures("float64")
def test_linearisation_is_of_second_order_and_has_its_transpose_as_adjoint(layout):
    operator = double(PointObservations(everything(layout), layout, orography(layout)))
    state, other = balanced_states(layout, 2)
    check_linearisation(lambda x: operator(x), state, other - state, exponents=(2, 3, 4), atol=0.1)
