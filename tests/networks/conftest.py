import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latentda.networks import AutoencoderSettings, LinearPatchCode, PatchAutoencoder

SHAPE = (2, 8, 16)
SETTINGS = AutoencoderSettings(patch=4, latent=4, width=16, heads=2, blocks=1, mlp_ratio=2)


@pytest.fixture(scope="session")
def start():
    """A linear code with orthonormal components."""
    rng = np.random.default_rng(0)
    features = SHAPE[0] * SETTINGS.patch**2
    components = np.linalg.qr(rng.normal(size=(features, SETTINGS.latent)))[0]
    sd = np.linspace(2.0, 0.5, SETTINGS.latent)
    return LinearPatchCode(jnp.asarray(components, jnp.float32), jnp.asarray(sd, jnp.float32), SETTINGS.patch, SHAPE)


@pytest.fixture(scope="session")
def network(start):
    """As built, its transformers still silent."""
    return PatchAutoencoder(start, SETTINGS, jax.random.key(1))


@pytest.fixture(scope="session")
def awake(network):
    """With output matrices that are not zero, as after training."""
    rng = np.random.default_rng(2)
    where = lambda code: (code.encoder.out.weight, code.decoder.out.weight)  # noqa: E731
    drawn = [jnp.asarray(0.3 * rng.normal(size=w.shape), jnp.float32) for w in where(network)]
    return eqx.tree_at(where, network, drawn)


@pytest.fixture(scope="session")
def anomaly():
    return jnp.asarray(np.random.default_rng(3).normal(size=SHAPE), jnp.float32)
