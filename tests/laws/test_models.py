"""What every forecast model must obey."""

from dataclasses import dataclass, field
from functools import cache

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latentda.fields import Climatology, Standardizer
from latentda.forecast import (
    ForecastModel,
    JaxModel,
    Lorenz63,
    Lorenz96,
    NumpyModel,
    Persistence,
    SurrogateModel,
    checked,
    forecast,
)
from latentda.networks import LinearPatchCode, Surrogate, SurrogateSettings
from tests.worlds import check_linearisation, compilations, double, sigma_layout

pytestmark = pytest.mark.usefixtures("float64")

LAYOUT = sigma_layout(names="u", levels=(0.5,))
START = 262_806
PATCH = 4


def lorenz63():
    return Lorenz63()


def lorenz96():
    return Lorenz96(points=8)


def persistence():
    return Persistence(LAYOUT)


def surrogate(code=None):
    """With weights that do something, over a climatology that has seasons and hours."""
    shape = LAYOUT.shape if code is None else code.latent_shape
    settings = SurrogateSettings(patch=PATCH if code is None else 1, width=8, heads=2, blocks=1)
    network = Surrogate(shape, 6, settings, jax.random.key(0))
    weight = network.change.out.weight
    changed = 0.1 * jax.random.normal(jax.random.key(1), weight.shape)
    network = eqx.tree_at(lambda n: n.change.out.weight, network, changed)
    coefficients = np.random.default_rng(2).normal(size=(5, *LAYOUT.shape)).astype(np.float32)
    scale = jnp.linspace(0.5, 2.0, LAYOUT.shape[0])
    return widened(
        SurrogateModel(network, Standardizer(Climatology(jnp.asarray(coefficients), 1, 1), scale, LAYOUT), code)
    )


def latent_surrogate():
    basis = np.linalg.qr(np.random.default_rng(3).normal(size=(LAYOUT.shape[0] * PATCH**2, 3)))[0]
    return surrogate(LinearPatchCode(jnp.asarray(basis, jnp.float32), jnp.ones(3), PATCH, LAYOUT.shape))


def widened(model):
    arrays, static = eqx.partition(model, eqx.is_array)
    return eqx.combine(double(arrays), static)


@dataclass(frozen=True)
class Decay:
    """A model in NumPy, which JAX cannot see into: x(t + lead) = x(t) 2^(-lead / 6 h)."""

    layout: object = field(default=LAYOUT)
    step_hours: int = 6
    differentiable: bool = False

    def propagate(self, state, start_hours, lead_hours):
        return np.stack([np.array(state) * 0.5 ** (lead / 6) for lead in lead_hours])

    def propagate_members(self, states, start_hours, lead_hours):
        return np.stack([self.propagate(state, start_hours, lead_hours) for state in np.array(states)])


WEIGHT = np.random.default_rng(6).uniform(0.1, 0.4, LAYOUT.shape)


def oscillated(field, hours, weight=WEIGHT, here=np):
    """f(x, t) = x + w (sin x + cos 2 pi t / 24 h)."""
    return field + weight * (here.sin(field) + here.cos(2.0 * np.pi * hours / 24.0))


def oscillated_tangent(field, hours, direction):
    """f'(x) d, and since it is diagonal f'(x)^T w too."""
    return direction * (1.0 + WEIGHT * np.cos(field))


class Oscillating(eqx.Module):
    """f with the weight as a leaf."""

    weight: jax.Array

    def __call__(self, field, hours):
        return oscillated(field, hours, self.weight, jnp)


def climate():
    coefficients = np.random.default_rng(4).normal(size=(5, *LAYOUT.shape))
    return Standardizer(Climatology(jnp.asarray(coefficients), 1, 1), jnp.linspace(0.5, 2.0, LAYOUT.shape[0]), LAYOUT)


def jax_step():
    return JaxModel(Oscillating(jnp.asarray(WEIGHT)), layout=LAYOUT, step_hours=6, standardizer=climate())


def numpy_step():
    return NumpyModel(oscillated, layout=LAYOUT, step_hours=6)


def numpy_step_with_derivative():
    both = {"tangent": oscillated_tangent, "adjoint": oscillated_tangent}
    return NumpyModel(oscillated, layout=LAYOUT, step_hours=6, standardizer=climate(), **both)


def guarded():
    return checked(numpy_step_with_derivative(), LAYOUT, 12)


BUILDERS = (
    lorenz63,
    lorenz96,
    persistence,
    surrogate,
    latent_surrogate,
    jax_step,
    numpy_step,
    numpy_step_with_derivative,
    guarded,
    Decay,
)
NO_DERIVATIVE = (numpy_step, Decay)


@cache
def built(build):
    return build()


@pytest.fixture(params=BUILDERS, ids=lambda build: build.__name__)
def model(request):
    return built(request.param)


def states(model, count=3):
    return np.random.default_rng(5).normal(size=(count, *model.layout.shape))


def leads(model):
    return model.step_hours, 3 * model.step_hours


@pytest.mark.parametrize("build", BUILDERS)
def test_it_says_what_it_is(build):
    model = built(build)
    assert isinstance(model, ForecastModel)
    assert model.step_hours > 0
    assert model.differentiable == (build not in NO_DERIVATIVE)
    assert len(model.layout.shape) == 3


def test_a_pytree_hides_nothing_that_decides_its_forecast(model):
    if not model.differentiable:
        pytest.skip("no pytree is wanted of it")
    leaves, structure = jax.tree.flatten(model)
    again = jax.tree.unflatten(structure, leaves)
    one, other = (np.asarray(m.propagate(states(m)[0], START, leads(m))) for m in (model, again))
    np.testing.assert_array_equal(one, other)


def test_no_lead_is_the_state(model):
    state = states(model)[0]
    np.testing.assert_allclose(model.propagate(state, START, (0,))[0], state, rtol=1e-12, atol=1e-12)


def test_two_leads_at_once_are_two_forecasts_one_after_the_other(model):
    state, (first, second) = states(model)[0], leads(model)
    together = np.asarray(model.propagate(state, START, (first, second)))
    halfway = np.asarray(model.propagate(state, START, (first,))[0])
    later = np.asarray(model.propagate(halfway, START + first, (second - first,))[0])
    np.testing.assert_allclose(together, [halfway, later], rtol=1e-9, atol=1e-9)


def test_no_lead_among_others_is_the_state(model):
    state, (first, second) = states(model)[0], leads(model)
    whole = np.asarray(model.propagate(state, START, (0, first, second)))
    np.testing.assert_allclose(whole[0], state, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(whole[1:], model.propagate(state, START, (first, second)), rtol=1e-12, atol=1e-12)


def test_members_equal_single_runs(model):
    members = states(model)
    together = np.asarray(model.propagate_members(members, START, leads(model)))
    alone = [np.asarray(model.propagate(member, START, leads(model))) for member in members]
    assert together.shape == (3, 2, *model.layout.shape)
    np.testing.assert_allclose(together, alone, rtol=1e-10, atol=1e-12)


def test_the_state_that_is_handed_in_stays_as_it_is(model):
    state = states(model)[0]
    before = state.copy()
    model.propagate(state, START, leads(model))
    np.testing.assert_array_equal(state, before)


def test_a_date_serves_as_well_as_hours(model):
    state = states(model)[0]
    found = forecast(model, state, np.datetime64("1970-01-01") + np.timedelta64(START, "h"), leads(model))
    np.testing.assert_array_equal(found, np.asarray(model.propagate(state, START, leads(model))))


def test_tangent_and_adjoint(model):
    if not model.differentiable:
        pytest.skip("it has no derivative, and says so")
    point, direction = states(model, 2)
    # The softmax of JAX's attention is in single precision, whatever its arguments are.
    told = {"rel": 1e-6, "exponents": (2, 3)} if isinstance(model, SurrogateModel) else {}
    check_linearisation(lambda x: model.propagate(x, START, leads(model)), point, direction, **told)


def test_another_start_compiles_nothing(model):
    state = states(model)[0]
    model.propagate(state, np.int32(START), leads(model))
    with compilations() as compiled:
        model.propagate(state, np.int32(START + 24 * 182), leads(model))
    assert compiled == []


def test_leads_that_it_cannot_make_are_refused(model):
    if isinstance(model, Decay):
        pytest.skip("it makes any")
    step = model.step_hours
    for wrong in ((), (2 * step, step), (step, step), (-step,), (step + 0.5,)):
        with pytest.raises(ValueError, match=f"multiples of {step} h"):
            model.propagate(states(model)[0], START, wrong)
