import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latentda.networks import IdentityCode
from latentda.operators import Diagonal, estimate_zonal_blocks
from latentda.priors import LatentPrior, WhitenedCode, latent_correlations
from tests.worlds import sigma_layout, smooth_fields

SAMPLES = smooth_fields(sigma_layout().grid, 200, 2)[:, :, 2:5, ::2]
ROWS = np.array([-20.0, 0.0, 20.0])


@pytest.fixture(scope="module")
def code():
    error = estimate_zonal_blocks(SAMPLES, ROWS, localization_radius_km=2e4)
    return WhitenedCode(IdentityCode(error.sd.shape), error)


def test_decoding_undoes_encoding(code):
    field = jnp.asarray(SAMPLES[0])
    np.testing.assert_allclose(code.decode(code.encode(field)), field, atol=1e-3)


def test_errors_become_white(code):
    white = np.stack([np.asarray(z) for z in jax.jit(jax.vmap(code.encode))(SAMPLES)])
    # Below 1, since the fields have no variance in the smallest scales, where the covariance keeps a floor.
    assert 0.7 < white.std() < 1.05
    before, after = latent_correlations(SAMPLES), latent_correlations(white)
    assert before.next_token > 0.5
    assert after.next_token < 0.15


def test_a_diagonal_prior_of_the_whitened_code_is_the_structured_one(code):
    background = jnp.asarray(SAMPLES[1])
    control = jnp.asarray(np.random.default_rng(0).normal(size=code.latent_shape), jnp.float32)
    structured = LatentPrior(code.code, code.latent_error)
    diagonal = LatentPrior(code, Diagonal(jnp.ones(code.latent_shape)))
    wanted = structured.state(structured.anchor(background), control)
    found = diagonal.state(diagonal.anchor(background), control)
    np.testing.assert_allclose(found, wanted, atol=2e-3)


def test_wavenumbers_without_variance_have_no_inverse():
    error = estimate_zonal_blocks(SAMPLES, ROWS, localization_radius_km=2e4, wavenumbers=2)
    with pytest.raises(ValueError, match="2 of 5 wavenumbers"):
        error.inverse_root(jnp.asarray(SAMPLES[0]))
