"""4DEnVar: members' forecasts for a model, against 4D-Var and against filters."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latentda.assimilation import (
    GaussNewton,
    StateAtSlots,
    StrongConstraint,
    Variational,
    impact,
    perturbed_analyses,
    posterior,
)
from latentda.assimilation.ensemble import ETKF
from latentda.fields import Climatology, Standardizer
from latentda.forecast import Persistence
from latentda.grid import Layout
from latentda.networks import IdentityCode
from latentda.operators import Dense, Ensemble
from latentda.priors import (
    LatentPrior,
    LocalizedEnsemble,
    ModelSpacePrior,
    ensemble_perturbations,
    ensemble_prior,
    hybrid_prior,
    latent_taper,
    model_space_taper,
)
from tests.assimilation.variational.conftest import MODEL, POINTS, SHAPE, background_error, state_of, term_of
from tests.worlds import double

pytestmark = pytest.mark.usefixtures("float64")

LAYOUT = MODEL.layout
LEADS = (0, 6, 12)
MEMBERS = 5
THOROUGH = GaussNewton(40, 1, 1e-12)


@dataclass(frozen=True)
class Drift:
    """A linear model: every six hours a point further east, and weaker."""

    layout: Layout = LAYOUT
    step_hours: int = 6
    differentiable: bool = True

    def propagate(self, state, start_hours, lead_hours):
        del start_hours
        return jnp.stack([0.9 ** (lead // 6) * jnp.roll(state, lead // 6, axis=-1) for lead in lead_hours])

    def propagate_members(self, states, start_hours, lead_hours):
        return jax.vmap(lambda state: self.propagate(state, start_hours, lead_hours))(states)


def members():
    return jnp.asarray(1.5 * np.random.default_rng(11).normal(size=(MEMBERS, *SHAPE)))


def standardizer():
    """A mean that changes with the hour, and a scale: states in anomalies are not states in physical units."""
    coefficients = 0.5 * np.random.default_rng(12).normal(size=(3, *SHAPE))
    return Standardizer(Climatology(jnp.asarray(coefficients), 0, 1), jnp.asarray([2.5]), LAYOUT)


def anomalies(trajectories, hours=0):
    """Of states ``(..., slot, channel, lat, lon)``."""
    to_anomaly = jax.vmap(standardizer().to_anomaly, in_axes=(-4, 0), out_axes=-4)
    return to_anomaly(trajectories, hours + jnp.asarray(LEADS))


def terms():
    return term_of(seed=6), term_of((1, 4, 7), 0.8, seed=7), term_of((2, 3), 0.3, seed=8)


def four_dimensional(prior, window=None):
    return Variational(prior, standardizer(), window or StateAtSlots(LEADS), THOROUGH)


def forecasts(model, hours=0):
    """Background and perturbations at the slots, anomalies."""
    start = state_of()
    background = anomalies(model.propagate(start, hours, LEADS), hours)
    return background, ensemble_perturbations(anomalies(model.propagate_members(members(), hours, LEADS), hours))


def everywhere():
    return double(model_space_taper(LAYOUT, horizontal_km=np.inf))


def ending():
    return double(model_space_taper(LAYOUT, horizontal_km=12_000.0))


def test_with_a_linear_model_it_is_4d_var_with_the_covariance_of_the_members():
    model, hours = Drift(), 6
    background, X = forecasts(model, hours)
    found = four_dimensional(ensemble_prior(X, everywhere())).solve(background, terms(), hours)
    strong = four_dimensional(ModelSpacePrior(Ensemble(X[:, 0])), StrongConstraint(model, LEADS))
    expected = strong.solve(background[0], terms(), hours)
    np.testing.assert_allclose(found.trajectory, expected.trajectory, atol=1e-8)
    np.testing.assert_allclose(found.state[0], expected.state, atol=1e-8)
    np.testing.assert_allclose(found.minimum.cost[-1], expected.minimum.cost[-1], rtol=1e-10)
    for one, other in zip(found.observation_background, expected.observation_background, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-10)
    assert float(jnp.abs(found.increment).max()) > 0.1


@pytest.mark.parametrize("weights", [(0.0, 1.0), (0.3, 0.7), (1.0, 0.0)])
def test_where_nothing_changes_it_is_4d_var_with_any_covariance(weights):
    model = Persistence(LAYOUT)
    background, X = forecasts(model)
    mixed = {"static_weight": weights[0], "ensemble_weight": weights[1]}
    static = ModelSpacePrior(background_error())
    prior = hybrid_prior(static, LocalizedEnsemble(X, ending()), **mixed)
    found = four_dimensional(prior).solve(background, terms(), 0)
    prior = hybrid_prior(static, LocalizedEnsemble(X[:, 0], ending()), **mixed)
    expected = four_dimensional(prior, StrongConstraint(model, LEADS)).solve(background[0], terms(), 0)
    np.testing.assert_allclose(found.trajectory, expected.trajectory, atol=1e-8)


def test_without_localisation_its_last_slot_is_the_mean_of_the_filter():
    # An ETKF of the departures of all slots: Hunt et al. (2004), doi 10.3402/tellusa.v56i4.14424.
    model = Drift()
    trajectories = model.propagate_members(members(), 0, LEADS)
    mean = trajectories.mean(axis=0)
    departures = [jax.vmap(term.departure)(trajectories[:, slot]) for slot, term in enumerate(terms())]
    expected = ETKF()(trajectories, jnp.concatenate(departures, axis=1)).mean(axis=0)
    prior = ensemble_prior(ensemble_perturbations(anomalies(trajectories)), everywhere())
    found = four_dimensional(prior).solve(anomalies(mean), terms(), 0)
    np.testing.assert_allclose(found.trajectory, expected, atol=1e-8)


def test_with_the_identity_for_a_code_latent_space_is_model_space():
    background, X = forecasts(Drift())
    found = four_dimensional(ensemble_prior(X, ending())).solve(background, terms(), 0)
    code = IdentityCode(SHAPE)
    taper = double(latent_taper(LAYOUT.grid, 1, 1, horizontal_km=12_000.0))
    latent = four_dimensional(ensemble_prior(ensemble_perturbations(X, code), taper, code))
    assert isinstance(latent.prior, LatentPrior)
    np.testing.assert_allclose(latent.solve(background, terms(), 0).trajectory, found.trajectory, atol=1e-9)


def test_members_without_spread_leave_the_background():
    background, X = forecasts(Drift())
    found = four_dimensional(ensemble_prior(0.0 * X, ending())).solve(background, terms(), 0)
    np.testing.assert_array_equal(found.increment, 0.0)


def test_its_posterior_is_through_the_window():
    background, X = forecasts(Drift())
    method = four_dimensional(ensemble_prior(X, everywhere()))
    analysis = method.solve(background, terms(), 0)
    spread = posterior(method, analysis, terms(), 0, pairs=MEMBERS).spread(jax.random.key(1), 2000)
    # The covariance of the analysed members, over all slots.
    trajectories = Drift().propagate_members(members(), 0, LEADS)
    departures = [jax.vmap(term.departure)(trajectories[:, slot]) for slot, term in enumerate(terms())]
    analysed = ETKF()(trajectories, jnp.concatenate(departures, axis=1)) / 2.5
    np.testing.assert_allclose(spread, analysed.std(axis=0, ddof=1), rtol=0.1)
    assert perturbed_analyses(method, background, terms(), 0, jax.random.key(2), 2).shape == (2, 3, *SHAPE)


@pytest.mark.parametrize("slots", [(), (2,)])
def test_the_background_has_a_state_at_every_slot(slots):
    prior = ModelSpacePrior(Dense(jnp.eye(POINTS), SHAPE))
    with pytest.raises(ValueError, match="state at each of its 3 slots; got"):
        Variational(prior, standardizer(), StateAtSlots(LEADS), THOROUGH).cost(jnp.zeros((*slots, *SHAPE)), terms(), 0)(
            prior.zero_control()
        )


def test_the_impact_of_data_is_that_of_one_state():
    background, X = forecasts(Drift())
    method = four_dimensional(ensemble_prior(X, everywhere()))
    analysis = method.solve(background, terms(), 0)
    truth = state_of(3)
    with pytest.raises(ValueError, match="analyses of one state"):
        impact(method, analysis, terms(), 0, model=Drift(), lead_hours=6, truth=truth, weight=jnp.ones(SHAPE))
