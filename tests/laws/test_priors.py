"""What every prior must obey."""

from functools import cache

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax.flatten_util import ravel_pytree

from latentda.networks import AutoencoderSettings, IdentityCode, LinearPatchCode, PatchAutoencoder
from latentda.operators import BandLimit, Diagonal
from latentda.priors import (
    FilteredCode,
    HybridPrior,
    LatentPrior,
    LocalizedEnsemble,
    ModelSpacePrior,
    ensemble_perturbations,
    ensemble_prior,
    hybrid_prior,
    latent_taper,
    model_space_taper,
)
from tests.worlds import balanced_covariance, check_linearisation, double, inner, sigma_layout, smooth_fields

pytestmark = pytest.mark.usefixtures("float64")

LAYOUT = sigma_layout()
PATCH, LATENT = 4, 6


def diagonal(shape):
    return Diagonal(jnp.asarray(np.random.default_rng(0).uniform(0.5, 2.0, shape)))


def patch_code(shape, patch=PATCH, latent=LATENT):
    """A linear code with random orthonormal components."""
    features = shape[0] * patch**2
    components = np.linalg.qr(np.random.default_rng(1).normal(size=(features, latent)))[0]
    return LinearPatchCode(jnp.asarray(components), jnp.linspace(2.0, 0.5, latent), patch, shape)


def network():
    """A network whose transformers have learnt something."""
    shape = AutoencoderSettings(patch=PATCH, latent=LATENT, width=8, heads=2, blocks=1, mlp_ratio=2)
    code = PatchAutoencoder(patch_code(LAYOUT.shape), shape, jax.random.key(1))
    where = lambda code: (code.encoder.out.weight, code.decoder.out.weight)  # noqa: E731
    random = np.random.default_rng(2)
    return eqx.tree_at(where, code, [jnp.asarray(0.3 * random.normal(size=w.shape)) for w in where(code)])


def model_space():
    return ModelSpacePrior(diagonal(LAYOUT.shape))


def balanced():
    return ModelSpacePrior(balanced_covariance())


def latent_linear():
    code = patch_code(LAYOUT.shape)
    return LatentPrior(code, diagonal(code.latent_shape))


def latent_filtered():
    code = patch_code(LAYOUT.shape)
    filtered = FilteredCode(code, BandLimit(LAYOUT, np.linspace(0.5, 2.0, LAYOUT.shape[0])))
    return LatentPrior(filtered, diagonal(code.latent_shape))


def latent_network():
    return LatentPrior(network(), diagonal(network().latent_shape))


def published():
    return LatentPrior(network(), diagonal(network().latent_shape), form="published")


def hybrid():
    return HybridPrior((latent_network(), model_space()))


def linear_hybrid():
    return HybridPrior((latent_linear(), balanced()))


def members():
    return jnp.asarray(smooth_fields(LAYOUT.grid, 4, LAYOUT.shape[0], 3))


def ensemble():
    taper = model_space_taper(LAYOUT, horizontal_km=6e3, vertical_lnp=1.0)
    return ensemble_prior(ensemble_perturbations(members()), taper)


def latent_ensemble_beside_static():
    static = latent_network()
    taper = latent_taper(LAYOUT.grid, PATCH, LATENT, horizontal_km=9e3, between_latents=0.5)
    localized = LocalizedEnsemble(ensemble_perturbations(members(), static.autoencoder), taper)
    return hybrid_prior(static, localized, static_weight=0.4, ensemble_weight=0.6)


LINEAR = (model_space, balanced, latent_linear, latent_filtered, linear_hybrid, ensemble)
CURVED = (latent_network, published, hybrid, latent_ensemble_beside_static)
ABOUT_THE_BACKGROUND = (*LINEAR, latent_network, hybrid, latent_ensemble_beside_static)

state = eqx.filter_jit(lambda prior, background, v: prior.state(prior.anchor(background), v))


@cache
def built(build):
    return double(build())


def background():
    return jnp.asarray(smooth_fields(LAYOUT.grid, 1, LAYOUT.shape[0])[0], jnp.float64)


def draw(prior, seed):
    """A white control vector."""
    random = np.random.default_rng(seed)
    return jax.tree.map(lambda leaf: jnp.asarray(random.normal(size=leaf.shape)), prior.zero_control())


def image(prior, v):
    return state(prior, background(), v)


@pytest.mark.parametrize("build", ABOUT_THE_BACKGROUND)
def test_without_a_control_the_state_is_the_background(build):
    prior = built(build)
    np.testing.assert_allclose(image(prior, prior.zero_control()), background(), atol=1e-12)


def test_the_published_form_starts_from_what_the_code_keeps_of_the_background():
    prior = built(published)
    kept = prior.autoencoder.decode(prior.autoencoder.encode(background()))
    found = image(prior, prior.zero_control())
    np.testing.assert_allclose(found, kept, atol=1e-12)
    assert float(jnp.abs(found - background()).max()) > 0.1


@pytest.mark.parametrize("build", LINEAR)
def test_linear_priors_are_linear_in_the_control(build):
    prior = built(build)
    v, w = draw(prior, 1), draw(prior, 2)
    mixed = image(prior, jax.tree.map(lambda a, b: 2.0 * a - 3.0 * b, v, w)) - background()
    apart = 2.0 * (image(prior, v) - background()) - 3.0 * (image(prior, w) - background())
    assert mixed.dtype == jnp.float64
    np.testing.assert_allclose(mixed, apart, atol=1e-11 * float(jnp.abs(apart).max()))


@pytest.mark.parametrize("build", LINEAR)
def test_increments_of_linear_priors_do_not_know_the_background(build):
    prior = built(build)
    v, other = draw(prior, 3), 1.0 - 2.0 * background()
    increment = image(prior, v) - background()
    np.testing.assert_allclose(state(prior, other, v) - other, increment, atol=1e-11 * float(jnp.abs(increment).max()))


@pytest.mark.parametrize("build", LINEAR)
def test_the_adjoint_is_the_transpose(build):
    prior = built(build)
    v, direction, x_b = draw(prior, 4), draw(prior, 5), background()
    push = jax.jit(lambda v, d: jax.jvp(lambda v: state(prior, x_b, v), (v,), (d,))[1])
    pull = jax.jit(lambda v, w: jax.vjp(lambda v: state(prior, x_b, v), v)[1](w)[0])
    weight = jnp.asarray(np.random.default_rng(6).normal(size=LAYOUT.shape))
    left = inner(push(v, direction), weight)
    assert left == pytest.approx(inner(direction, pull(v, weight)), rel=1e-10)
    assert abs(left) > 1e-6


@pytest.mark.parametrize("build", CURVED)
def test_curved_priors_have_a_tangent_and_its_transpose(build):
    prior = built(build)
    point, back = ravel_pytree(draw(prior, 7))
    direction, _ = ravel_pytree(draw(prior, 8))
    # Attention works in single precision, so the steps are not small.
    x_b = background()
    check_linearisation(lambda v: state(prior, x_b, back(v)), point, direction, rel=1e-5, exponents=(1, 2), atol=0.1)


@pytest.mark.parametrize("build", [model_space, latent_linear, latent_network])
def test_a_hybrid_of_one_is_its_part(build):
    part = built(build)
    v = draw(part, 9)
    np.testing.assert_allclose(image(HybridPrior((part,)), (v,)), image(part, v), atol=1e-12)


@pytest.mark.parametrize("build", [hybrid, linear_hybrid])
def test_a_hybrid_adds_the_increments_of_its_parts(build):
    prior = built(build)
    controls = draw(prior, 10)
    parts = [image(part, v) - background() for part, v in zip(prior.parts, controls, strict=True)]
    np.testing.assert_allclose(image(prior, controls) - background(), sum(parts), atol=1e-11)


@pytest.mark.parametrize("form", ["increment", "published"])
def test_with_the_identity_for_a_code_latent_space_is_model_space(form):
    plain = built(balanced)
    latent = LatentPrior(IdentityCode(LAYOUT.shape), plain.background_error, form)
    v = draw(plain, 11)
    np.testing.assert_allclose(image(latent, v), image(plain, v), atol=1e-12)


@settings(max_examples=4, deadline=None, derandomize=True)
@given(
    channels=st.integers(1, 3),
    rows=st.integers(1, 7),
    columns=st.integers(1, 9),
    patch=st.integers(1, 4),
    data=st.data(),
)
def test_any_grid_and_patch_give_back_the_background(channels, rows, columns, patch, data):
    shape = (channels, rows, columns)
    latent = data.draw(st.integers(1, channels * patch**2))
    # The fixture's precision ends where hypothesis begins.
    with jax.enable_x64(True):
        code = patch_code(shape, patch, latent)
        prior = LatentPrior(code, diagonal(code.latent_shape))
        x_b = jnp.asarray(np.random.default_rng(3).normal(size=shape))
        anchor = prior.anchor(x_b)
        np.testing.assert_allclose(prior.state(anchor, prior.zero_control()), x_b, atol=1e-12)
        assert prior.state(anchor, draw(prior, 12)).shape == shape
