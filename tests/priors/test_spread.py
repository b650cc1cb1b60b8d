import jax
import jax.numpy as jnp
import numpy as np

from latentda.networks import LinearPatchCode
from latentda.operators import Diagonal
from latentda.priors import LatentPrior, ModelSpacePrior, background_draws, background_spread

SHAPE = (2, 4, 6)
SAMPLES = 800
# A sample standard deviation scatters by 1 / sqrt(2 N) of itself; there are 48 of them.
SCATTER = 4.5 / np.sqrt(2.0 * SAMPLES)


def test_spread_of_a_diagonal_prior_is_its_standard_deviation():
    sd = np.random.default_rng(0).uniform(0.2, 3.0, SHAPE).astype(np.float32)
    prior = ModelSpacePrior(Diagonal(jnp.asarray(sd)))
    found = background_spread(prior, jnp.ones(SHAPE), jax.random.key(0), SAMPLES)
    np.testing.assert_allclose(found, sd, rtol=SCATTER)


def test_draws_are_those_whose_mean_square_is_the_spread():
    prior = ModelSpacePrior(Diagonal(jnp.linspace(0.5, 2.0, 48).reshape(SHAPE)))
    draws = background_draws(prior, jnp.ones(SHAPE), jax.random.key(2), 20)
    assert draws.shape == (20, *SHAPE)
    found = np.sqrt(np.mean(np.square(draws), axis=0))
    np.testing.assert_allclose(found, background_spread(prior, jnp.ones(SHAPE), jax.random.key(2), 20), rtol=1e-4)


def test_spread_of_a_linear_latent_prior_is_that_of_the_decoded_errors():
    columns = np.linalg.qr(np.random.default_rng(1).normal(size=(8, 5)))[0]
    code = LinearPatchCode(jnp.asarray(columns, jnp.float32), jnp.linspace(0.5, 2.0, 5), 2, SHAPE)
    prior = LatentPrior(code, Diagonal(jnp.full(code.latent_shape, 0.7)))
    found = background_spread(prior, jnp.ones(SHAPE), jax.random.key(1), SAMPLES)
    unit = Diagonal(jnp.ones(code.latent_shape))
    decoded = [code.decode(e) for e in jnp.eye(30).reshape(30, *code.latent_shape)]
    assert unit.sd.shape == code.latent_shape
    np.testing.assert_allclose(found, 0.7 * np.sqrt(np.sum(np.square(decoded), axis=0)), rtol=SCATTER)
