"""Models and priors are arguments of what is compiled: their weights are no constants, and equal ones compile once."""

from dataclasses import dataclass

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latentda.assimilation import GaussNewton, StrongConstraint, Variational, WeakConstraint, impact, posterior
from latentda.fields import unit_standardizer
from latentda.forecast import Lorenz96, Persistence, SurrogateModel
from latentda.grid import Layout
from latentda.networks import Surrogate, SurrogateSettings
from latentda.operators import Diagonal, GridPoints
from latentda.priors import ModelSpacePrior
from latentda.user_error import UserError
from tests.assimilation.variational.conftest import MODEL, state_of, term_of, variational
from tests.assimilation.variational.test_variational import Tally
from tests.worlds import compilations, constants_in, sigma_layout

LAYOUT = sigma_layout(names="u", levels=(0.5,))
SHAPE = LAYOUT.shape
FEW = 1000


def network(seed=0):
    settings = SurrogateSettings(patch=4, width=32, heads=2, blocks=1)
    return Surrogate(SHAPE, 6, settings, jax.random.key(seed))


def surrogate(seed=0):
    return SurrogateModel(network(seed), unit_standardizer(LAYOUT))


def method_with(model):
    prior, unit = ModelSpacePrior(Diagonal(jnp.ones(SHAPE))), unit_standardizer(LAYOUT)
    return Variational(prior, unit, StrongConstraint(model, (0, 6)), GaussNewton(2))


def terms():
    term = term_of()
    term = type(term)(GridPoints(term.operator.index), term.value, term.error, term.valid)
    return term, term


def strong(model):
    return StrongConstraint(model, (6, 12))


def weak(model):
    prior = ModelSpacePrior(Diagonal(jnp.ones(SHAPE)))
    return WeakConstraint(model, (0, 6), prior, unit_standardizer(LAYOUT))


def traced(function, *arguments):
    """The jaxpr of a function of modules, whose arrays are its arguments."""
    arrays, static = eqx.partition(arguments, eqx.is_array)
    return jax.make_jaxpr(lambda arrays: eqx.filter(function(*eqx.combine(arrays, static)), eqx.is_array))(arrays)


def test_the_weights_of_a_model_are_leaves():
    weights = sum(leaf.size for leaf in jax.tree.leaves(eqx.filter(network(), eqx.is_array)))
    held = sum(leaf.size for leaf in jax.tree.leaves(eqx.filter(method_with(surrogate()), eqx.is_array)))
    assert weights > 10 * FEW
    assert held > weights


@pytest.mark.parametrize("window", [strong, weak])
def test_a_window_closes_over_no_weights(window):
    jaxpr = traced(lambda window, state: window.trajectory(state, 0), window(surrogate()), jnp.zeros(SHAPE))
    assert constants_in(jaxpr) < FEW


def test_an_analysis_closes_over_no_weights():
    def solve(method, background, terms):
        cost = method.cost(background, terms, np.int32(0))
        return method.minimiser.minimise(cost, cost.zero_control()).control

    assert constants_in(traced(solve, method_with(surrogate()), jnp.zeros(SHAPE), terms())) < FEW


class Counted(eqx.Module):
    """A network that notes when it is traced."""

    factor: jax.Array
    traced: Tally = eqx.field(static=True)
    step_hours: int = eqx.field(static=True, default=6)

    def __call__(self, anomaly):
        self.traced.append(1)
        return self.factor * anomaly


def test_models_that_differ_in_their_weights_alone_compile_once():
    tally, found = Tally(), []
    for factor in (0.9, 0.9, 0.5):
        model = SurrogateModel(Counted(jnp.asarray(factor), tally), unit_standardizer(LAYOUT))
        found.append(method_with(model).solve(jnp.ones(SHAPE), terms(), 0).state)
        found[1:] or tally.append("first")
    assert tally[-1] == "first"
    np.testing.assert_array_equal(found[0], found[1])
    assert float(jnp.abs(found[0] - found[2]).max()) > 0.0


@pytest.mark.parametrize("build", [lambda: MODEL, lambda: Lorenz96(8), lambda: Persistence(MODEL.layout)])
def test_models_of_equal_settings_compile_once(build):
    def made():
        method = variational(window=StrongConstraint(build(), (0, 6)), minimiser=GaussNewton(3))
        problem = (term_of(), term_of(seed=4))
        analysis = method.solve(state_of(), problem, 0)
        posterior(method, analysis, problem, 0, pairs=2)
        settings = {"model": build(), "lead_hours": 6, "truth": state_of(3), "weight": jnp.ones(MODEL.layout.shape)}
        impact(method, analysis, problem, 0, **settings)

    made()
    with compilations() as compiled:
        made()
    assert compiled == []


@dataclass(frozen=True)
class Foreign:
    """A model that no derivative is known of."""

    layout: Layout = LAYOUT
    step_hours: int = 6
    differentiable: bool = False

    def propagate(self, state, start_hours, lead_hours):
        return np.repeat(np.array(state)[None], len(lead_hours), axis=0)

    def propagate_members(self, states, start_hours, lead_hours):
        return np.repeat(np.array(states)[:, None], len(lead_hours), axis=1)


@pytest.mark.parametrize("window", [strong, weak])
def test_a_window_refuses_a_model_without_a_derivative(window):
    with pytest.raises(UserError, match="Foreign has no derivative: use 3D-Var or an ensemble method"):
        window(Foreign())


def test_the_impact_refuses_one_too():
    method = variational(minimiser=GaussNewton(3))
    analysis = method.solve(state_of(), (term_of(),), 0)
    settings = {"lead_hours": 6, "truth": state_of(3), "weight": jnp.ones(MODEL.layout.shape)}
    with pytest.raises(UserError, match="has no derivative"):
        impact(method, analysis, (term_of(),), 0, model=Foreign(MODEL.layout), **settings)


@dataclass(frozen=True)
class Plain(Foreign):
    """A model in JAX that is no pytree."""

    differentiable: bool = True

    def propagate(self, state, start_hours, lead_hours):
        return jnp.repeat(state[None], len(lead_hours), axis=0)


def test_a_plain_class_serves_in_a_window():
    found, expected = (method_with(m).solve(jnp.ones(SHAPE), terms(), 0) for m in (Plain(), Persistence(LAYOUT)))
    np.testing.assert_allclose(found.state, expected.state, rtol=1e-6)
