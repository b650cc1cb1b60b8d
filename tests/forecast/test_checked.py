"""The guard: what is no forecast, and what does not suit a world, is one sentence."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latentda import UserError
from latentda.forecast import CheckedModel, JaxModel, NumpyModel, Persistence, checked, require_suited
from latentda.grid import NoLevels, PressureLevels, SigmaLevels, build_layout, lat_lon_grid
from tests.worlds import north_first

GRID = lat_lon_grid(4, 6)
LEVELS = PressureLevels((500.0, 850.0))
LAYOUT = build_layout(GRID, LEVELS, {"t": (500.0, 850.0)}, ("sp",))
STATES = np.random.default_rng(0).normal(size=(2, *LAYOUT.shape)).astype(np.float32)


def guarded(function, kind=NumpyModel):
    return checked(kind(function, layout=LAYOUT, step_hours=6), LAYOUT, 12, "mine:step")


class Foreign(Persistence):
    """A model by a user, with whatever it gives."""

    def propagate(self, state, start_hours, lead_hours):
        return FOUND[0]

    surface_geopotential = 5.0


FOUND = [None]


def foreign():
    return checked(Foreign(LAYOUT), LAYOUT, 12)


def test_a_good_model_is_as_it_was():
    model = guarded(lambda field, hours: 0.5 * field, JaxModel)
    np.testing.assert_array_equal(model.propagate(STATES[0], 0, (6, 12)), [0.5 * STATES[0], 0.25 * STATES[0]])
    assert (model.layout, model.step_hours, model.differentiable) == (LAYOUT, 6, True)
    assert jax.grad(lambda x: model.propagate(x, 0, (6,)).sum())(jnp.asarray(STATES[0]))[0, 0, 0] == 0.5


def test_what_else_a_model_has_stays():
    assert foreign().surface_geopotential == 5.0
    assert not hasattr(foreign(), "surface_pressure")
    assert getattr(guarded(lambda field, hours: field), "surface_geopotential", None) is None


def broken_at(time):
    def function(field, hours):
        if hours >= time:
            field[1, 0, 0] = np.nan
        return field

    return function


@pytest.mark.parametrize(("time", "lead"), [(0, 6), (6, 12), (12, 24)])
def test_nan_names_the_lead_and_the_channel(time, lead):
    model = guarded(broken_at(time))
    words = f"The model mine:step gives NaN or infinity {lead} h ahead, in t@850"
    with pytest.raises(UserError, match=words):
        model.propagate(STATES[0], 0, (6, 12, 24))
    with pytest.raises(UserError, match=words):
        model.propagate_members(STATES, 0, (6, 12, 24))


def test_nan_within_compiled_code_is_the_analysis_s_business():
    model = guarded(broken_at(0))
    assert np.isnan(jax.jit(lambda x: model.propagate(x, 0, (6,)))(STATES[0])).any()


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (np.zeros((1, 2, 4, 6)), r"The forecast has the shape \(1, 2, 4, 6\), and \(1, 3, 4, 6\) was wanted"),
        (np.zeros((1, 3, 4, 6), int), "of numbers of type int64, and float32 was wanted"),
        ("sunny", r"has the shape \(\)"),
    ],
)
def test_a_foreign_model_s_forecast_is_looked_at(found, words):
    FOUND[0] = found
    with pytest.raises(UserError, match=f"The model Foreign failed 6 h ahead. .*{words}"):
        foreign().propagate(STATES[0], 0, (6,))


def test_what_raises_says_what_and_when():
    with pytest.raises(
        UserError, match=r"The model mine:step failed 6, 12 h ahead. It raised ZeroDivisionError: .*zero"
    ):
        guarded(lambda field, hours: field / (1 // 0)).propagate(STATES[0], 0, (6, 12))


def test_a_step_of_jax_that_is_no_state_is_told_while_it_is_traced():
    with pytest.raises(UserError, match=r"A step of it has the shape \(1, 4, 6\)"):
        guarded(lambda field, hours: field[:1], JaxModel).propagate(STATES[0], 0, (6,))


def test_numpy_in_a_step_of_jax_is_told():
    with pytest.raises(UserError, match="It calls NumPy where JAX was promised: make it a NumpyModel"):
        guarded(lambda field, hours: np.sin(np.asarray(field)), JaxModel).propagate(STATES[0], 0, (6,))


@pytest.mark.parametrize(
    ("layout", "words"),
    [
        (build_layout(GRID, LEVELS, {"t": (500.0,)}, ("sp",)), "it lacks t@850"),
        (build_layout(GRID, LEVELS, {"t": (500.0, 850.0)}, ("sp", "msl")), "it has also msl"),
        (build_layout(GRID, LEVELS, {"t": (850.0, 500.0)}, ("sp",)), "in another order, t@850, t@500, sp for t@500"),
        (
            build_layout(north_first(GRID), LEVELS, {"t": (500.0, 850.0)}, ("sp",)),
            "from north to south, not from south",
        ),
        (build_layout(lat_lon_grid(4, 8), LEVELS, {"t": (500.0, 850.0)}, ("sp",)), "4 x 8 points, not 4 x 6"),
        (build_layout(lat_lon_grid(4, 6, poles=True), LEVELS, {"t": (500.0, 850.0)}, ("sp",)), "-90 where -67.5 was"),
    ],
)
def test_other_states_are_refused(layout, words):
    with pytest.raises(UserError, match=f"Persistence does not suit the world: .*{words}"):
        require_suited(Persistence(layout), LAYOUT)


def test_levels_in_other_units_are_refused():
    sigma, none = (build_layout(GRID, levels, {}, ("sp",)) for levels in (SigmaLevels((0.5,)), NoLevels()))
    with pytest.raises(UserError, match="in sigma, not no units"):
        require_suited(Persistence(sigma), none)


@pytest.mark.parametrize(("step", "interval", "suits"), [(6, 12, True), (12, 12, True), (6, 9, False), (24, 12, False)])
def test_steps_divide_the_interval(step, interval, suits):
    model = Persistence(LAYOUT, step)
    if suits:
        assert isinstance(checked(model, LAYOUT, interval), CheckedModel)
        return
    with pytest.raises(UserError, match=f"steps of {step} h, which do not divide the {interval} h between analyses"):
        checked(model, LAYOUT, interval)
