"""Localised ensembles: the Schur product of members' covariance with a taper, and its limits, in either space."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latentda.grid import great_circle_km
from latentda.networks import IdentityCode, LinearPatchCode
from latentda.operators import Diagonal, Ensemble, gaspari_cohn
from latentda.priors import (
    HybridPrior,
    LatentPrior,
    LocalizedEnsemble,
    ModelSpacePrior,
    ensemble_perturbations,
    ensemble_prior,
    hybrid_prior,
    latent_taper,
    model_space_taper,
    token_places,
)
from tests.worlds import compilations, double, sigma_layout, smooth_fields

pytestmark = pytest.mark.usefixtures("float64")

LAYOUT = sigma_layout(names="ut", levels=(0.3, 0.6, 0.9))
HORIZONTAL, VERTICAL, PATCH = 6000.0, 0.8, 4

apply = eqx.filter_jit(lambda B, x: B.apply(x))
state = eqx.filter_jit(lambda prior, background, v: prior.state(prior.anchor(background), v))


def members(count=5, slots=None, seed=0):
    """Standardised anomalies."""
    fields = smooth_fields(LAYOUT.grid, count * (slots or 1), LAYOUT.shape[0], seed)
    return jnp.asarray(fields, float).reshape(count, *(() if slots is None else (slots,)), *LAYOUT.shape)


def perturbations(count=5, slots=None):
    return ensemble_perturbations(members(count, slots))


def taper(horizontal=HORIZONTAL, vertical=VERTICAL):
    return double(model_space_taper(LAYOUT, horizontal_km=horizontal, vertical_lnp=vertical))


def latent_rho(**settings):
    return double(latent_taper(LAYOUT.grid, PATCH, 6, horizontal_km=9000.0, **settings))


def code():
    features = LAYOUT.shape[0] * PATCH**2
    components = np.linalg.qr(np.random.default_rng(1).normal(size=(features, 6)))[0]
    return LinearPatchCode(jnp.asarray(components), jnp.linspace(2.0, 0.5, 6), PATCH, LAYOUT.shape)


def unit(shape, place):
    return jnp.zeros(shape).at[place].set(1.0)


def draw(controlled, seed):
    random = np.random.default_rng(seed)
    return jax.tree.map(lambda leaf: jnp.asarray(random.normal(size=leaf.shape)), controlled.zero_control())


def schur(X, place, horizontal_distance, radius, vertical=1.0):
    """A column of the dense product."""
    column = np.einsum("k...,k->...", X, X[(slice(None), *place)]) / (len(X) - 1)
    return column * vertical * gaspari_cohn(horizontal_distance, radius)


def apart(rows, columns, place):
    phi, lam = np.meshgrid(rows, columns, indexing="ij")
    return great_circle_km(phi, lam, phi[place], lam[place])


@pytest.mark.parametrize("place", [(0, 0, 0), (2, 4, 15), (6, 7, 8)])
def test_in_model_space_it_is_the_dense_schur_product(place):
    X = perturbations()
    found = apply(LocalizedEnsemble(X, taper()), unit(LAYOUT.shape, place))
    heights = np.log([channel.level or 1.0 for channel in LAYOUT.channels])
    ends = gaspari_cohn(heights - heights[place[0]], VERTICAL)[:, None, None]
    distance = apart(LAYOUT.grid.latitude, LAYOUT.grid.longitude, place[1:])
    X = np.asarray(X)
    size = np.sqrt(np.einsum("k...,k...", X, X) / 4 * np.sum(X[(slice(None), *place)] ** 2) / 4)
    np.testing.assert_allclose(found / size, schur(X, place, distance, HORIZONTAL, ends) / size, atol=0.02)
    np.testing.assert_allclose(found[place], np.var(X[(slice(None), *place)], ddof=1), rtol=1e-6)


@pytest.mark.parametrize("between", [1.0, 0.3, 0.0])
def test_in_latent_space_it_is_that_of_the_codes(between):
    X = ensemble_perturbations(members(), code())
    assert X.shape == (5, *code().latent_shape)
    np.testing.assert_allclose(X.sum(axis=0), 0.0, atol=1e-12)
    place = (3, 1, 2)
    found = apply(LocalizedEnsemble(X, latent_rho(between_latents=between)), unit(code().latent_shape, place))
    others = np.where(np.arange(6) == 3, 1.0, between)[:, None, None]
    wanted = schur(np.asarray(X), place, apart(*token_places(LAYOUT.grid, PATCH), place[1:]), 9000.0, others)
    np.testing.assert_allclose(found, wanted, atol=0.02 * float(jnp.abs(X).max()) ** 2)


def test_without_ends_it_is_the_ensemble():
    X = perturbations()
    localized = LocalizedEnsemble(X, taper(np.inf, np.inf))
    control = draw(localized, 1)
    found = eqx.filter_jit(localized.root)(control)
    np.testing.assert_allclose(found, Ensemble(X).root(control.reshape(5)), rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize(("count", "factor"), [(1, 1.0), (5, 0.0)], ids=["one member", "no spread"])
def test_without_spread_there_is_no_covariance(count, factor):
    X = factor * perturbations(count)
    for covariance in (LocalizedEnsemble(X, taper()), Ensemble(X)):
        np.testing.assert_array_equal(apply(covariance, jnp.ones(LAYOUT.shape)), 0.0)


def test_new_members_compile_nothing_anew():
    rho, x = taper(), jnp.ones(LAYOUT.shape)
    apply(LocalizedEnsemble(perturbations(), rho), x)
    other = 2.0 * perturbations()
    with compilations() as made:
        apply(LocalizedEnsemble(other, rho), x)
    assert made == []


def test_the_latent_prior_of_members():
    X, rho, x_b = (
        ensemble_perturbations(members(), code()),
        latent_rho(),
        members()[0],
    )
    prior = ensemble_prior(X, rho, code())
    v = draw(prior, 2)
    z = code().encode(x_b)
    wanted = x_b + code().decode(z + LocalizedEnsemble(X, rho).root(v)) - code().decode(z)
    np.testing.assert_allclose(state(prior, x_b, v), wanted, atol=1e-12)


def static():
    return Diagonal(jnp.asarray(np.random.default_rng(2).uniform(0.5, 2.0, LAYOUT.shape)))


@pytest.mark.parametrize("autoencoder", [None, IdentityCode(LAYOUT.shape)])
@pytest.mark.parametrize("weights", [(0.3, 0.9), (0.0, 1.0), (1.0, 0.0)])
def test_weights_are_of_variances(autoencoder, weights):
    ensemble = LocalizedEnsemble(perturbations(), taper())
    alone = ModelSpacePrior(static()) if autoencoder is None else LatentPrior(autoencoder, static())
    prior = hybrid_prior(alone, ensemble, static_weight=weights[0], ensemble_weight=weights[1])
    assert type(prior) is type(alone)
    x = members()[1]
    wanted = weights[0] * apply(static(), x) + weights[1] * apply(ensemble, x)
    np.testing.assert_allclose(apply(prior.background_error, x), wanted, atol=1e-12)


def test_one_decoder_serves_both_parts_of_a_linear_code_as_two_would():
    rho = latent_rho()
    ensemble = LocalizedEnsemble(ensemble_perturbations(members(), code()), rho)
    alone = LatentPrior(code(), Diagonal(jnp.ones(code().latent_shape)))
    together = hybrid_prior(alone, ensemble, static_weight=0.5, ensemble_weight=0.25)
    apart = HybridPrior((LatentPrior(code(), 0.5 * alone.background_error), LatentPrior(code(), 0.25 * ensemble)))
    v, x_b = draw(together, 3), members()[0]
    np.testing.assert_allclose(state(together, x_b, v), state(apart, x_b, v), atol=1e-12)


SLOTS = 3


def through_a_window(latent):
    """A hybrid prior of states at every slot."""
    autoencoder = code() if latent else None
    X = ensemble_perturbations(members(5, SLOTS), autoencoder)
    rho = latent_rho() if latent else taper()
    ensemble = LocalizedEnsemble(X, rho)
    alone = LatentPrior(code(), Diagonal(jnp.ones(code().latent_shape))) if latent else ModelSpacePrior(static())
    return hybrid_prior(alone, ensemble, static_weight=0.4, ensemble_weight=0.6)


@pytest.mark.parametrize("latent", [False, True])
def test_every_slot_has_its_members_and_one_control(latent):
    prior = through_a_window(latent)
    v, x_b = draw(prior, 4), members(5, SLOTS)[0]
    found = state(prior, x_b, v)
    assert found.shape == (SLOTS, *LAYOUT.shape)
    where = lambda prior: prior.background_error.parts[1].base.perturbations  # noqa: E731
    for slot in range(SLOTS):
        own = eqx.tree_at(where, prior, where(prior)[:, slot])
        np.testing.assert_allclose(found[slot], state(own, x_b[slot], v), atol=1e-12)


@pytest.mark.parametrize("latent", [False, True])
def test_the_static_increment_is_the_same_at_all_slots(latent):
    prior = through_a_window(latent)
    v, x_b = draw(prior, 5), members(5, SLOTS)[0]
    increment = state(prior, x_b, (v[0], 0.0 * v[1])) - x_b
    np.testing.assert_allclose(increment, jnp.broadcast_to(increment[:1], increment.shape), atol=1e-12)
    assert float(jnp.abs(increment).max()) > 0.1


@pytest.mark.parametrize("between", [-0.1, 1.1, np.nan])
def test_a_factor_between_latents_is_from_zero_to_one(between):
    with pytest.raises(ValueError, match="factor from 0 to 1"):
        latent_rho(between_latents=between)


def test_a_taper_of_other_fields_is_refused():
    with pytest.raises(ValueError, match=r"of fields \(6, 2, 4\), the members are of \(7, 8, 16\)"):
        LocalizedEnsemble(perturbations(), latent_rho())
