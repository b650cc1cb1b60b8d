import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latentda.networks import DenseCode, Pointwise, PointwiseCode, Product, ReZero, standardized_code
from latentda.training import chain_loss, joint_loss, reconstruction_loss

KEY = jax.random.key(0)
STATES = jax.random.normal(KEY, (5, 3, 8))


class Halves:
    """A code that keeps half of every state."""

    def encode(self, x):
        return x[:4]

    def decode(self, z):
        return jnp.concatenate([z, z])


def test_a_chain_feeds_the_step_with_its_own_output():
    codes = jnp.arange(3.0)[None, :, None] * jnp.ones((2, 3, 4))
    assert chain_loss(lambda z: z + 1.0, codes) == 0.0
    # Off by 1/2 a step: 1/2 after the first, 1 after the second.
    assert chain_loss(lambda z: z + 0.5, codes) == pytest.approx((0.25 + 1.0) / 2)


def test_the_joint_loss_is_reconstruction_and_weighted_forecast():
    forecast = joint_loss((Halves(), lambda z: z), STATES, 5.0) - joint_loss((Halves(), lambda z: z), STATES, 0.0)
    start = jax.vmap(lambda x: Halves().decode(Halves().encode(x)))(STATES[:, 0])
    assert forecast == pytest.approx(5.0 * float(jnp.mean((start[:, None] - STATES[:, 1:]) ** 2)), rel=1e-5)
    states = STATES[:, 1:].reshape(-1, 8)
    assert joint_loss((Halves(), lambda z: z), STATES, 0.0) == reconstruction_loss(Halves(), states)


@pytest.mark.parametrize("code", [PointwiseCode(8, 4, 3, KEY), DenseCode((8, 6, 4), KEY)])
def test_codes_of_vectors(code):
    codes = jax.vmap(code.encode)(STATES.reshape(-1, 8))
    assert codes.shape == (15, 4)
    standardized = standardized_code(code, codes)
    found = jax.vmap(standardized.encode)(STATES.reshape(-1, 8))
    np.testing.assert_allclose(found.mean(axis=0), 0.0, atol=1e-4)
    np.testing.assert_allclose(np.cov(found.T), np.eye(4), atol=1e-2)
    np.testing.assert_allclose(standardized.decode(found[0]), code.decode(codes[0]), atol=1e-4)


def test_a_rezero_network_starts_as_the_identity():
    network = ReZero(Product, 3, 4, 5, KEY)
    np.testing.assert_array_equal(network(STATES[0, 0, :4]), STATES[0, 0, :4])


def test_a_pointwise_network_takes_every_number_by_itself():
    curved = eqx.tree_at(lambda p: p.v, Pointwise(8, 3, KEY), jax.random.normal(KEY, (3, 8)))
    J = jax.jacfwd(curved)(STATES[0, 0])
    np.testing.assert_allclose(J, jnp.diag(jnp.diag(J)), atol=1e-6)
    h, u, b, v = STATES[0, 0, 2], curved.u, curved.b, curved.v[:, 2]
    assert curved(STATES[0, 0])[2] == pytest.approx(float(h + jnp.sum(v * jax.nn.silu(u * h + b))), rel=1e-5)
