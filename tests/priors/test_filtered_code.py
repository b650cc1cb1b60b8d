import equinox as eqx
import jax.numpy as jnp
import numpy as np

from latentda.networks import Autoencoder, IdentityCode
from latentda.operators import BandLimit, Diagonal
from latentda.priors import FilteredCode, LatentPrior
from tests.worlds import sigma_layout

LAYOUT = sigma_layout()
NOISE = np.random.default_rng(0).normal(size=(2, *LAYOUT.shape)).astype(np.float32)


def test_increments_lie_in_the_band_and_the_background_stays():
    limit = BandLimit(LAYOUT, np.ones(len(LAYOUT.channels)))
    code = FilteredCode(IdentityCode(LAYOUT.shape), limit)
    assert isinstance(code, Autoencoder)
    prior = LatentPrior(code, Diagonal(jnp.ones(LAYOUT.shape)))
    background, control = jnp.asarray(NOISE)
    state = eqx.filter_jit(lambda v: prior.state(prior.anchor(background), v))
    np.testing.assert_allclose(state(0.0 * control), background, atol=1e-6)
    increment = state(control) - background
    np.testing.assert_allclose(increment, limit(control), atol=1e-4)
    np.testing.assert_allclose(limit(increment), increment, atol=1e-4)
