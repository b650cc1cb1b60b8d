import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latentda.grid import gaussian_grid
from latentda.operators import SphericalBlocks, SphericalTransform, estimate_spherical_blocks


def isotropic(transform):
    """A known covariance across two channels: correlated, of falling variance."""
    n = np.arange(transform.spectral_shape[1])
    power = np.where(n > 0, 1.0, 0.3) / (1.0 + n) ** 3
    variance = np.sum((2 * n + 1) * power * (n <= transform.truncation)) / (4 * np.pi)
    root = np.sqrt(power / variance)[:, None, None] * np.array([[1.0, 0.0], [0.6, 0.8]])
    sd = np.array([2.0, 0.5])[:, None, None] * np.ones((1, transform.grid.shape[0], 1))
    return SphericalBlocks(jnp.asarray(root, jnp.float32), jnp.asarray(sd, jnp.float32), transform)


def covariance_with(covariance, channel, row, column):
    unit = np.zeros((2, *covariance.transform.grid.shape), np.float32)
    unit[channel, row, column] = 1.0
    return np.asarray(covariance.apply(unit))


def test_isotropic_covariance_by_hand():
    transform = SphericalTransform(gaussian_grid(8, 16))
    covariance = isotropic(transform)
    found = covariance_with(covariance, 1, 5, 3)
    assert found[1, 5, 3] == pytest.approx(0.25, rel=1e-4)
    assert found[0, 5, 3] == pytest.approx(0.6 * 2.0 * 0.5, rel=1e-4)
    # The addition theorem: correlations depend on the distance alone.
    phi, lam = np.deg2rad(np.meshgrid(transform.grid.latitude, transform.grid.longitude, indexing="ij"))
    cosine = np.sin(phi) * np.sin(phi[5, 3])
    cosine += np.cos(phi) * np.cos(phi[5, 3]) * np.cos(lam - lam[5, 3])
    power = np.asarray(covariance.blocks[:, 0, 0], float) ** 2
    n = np.arange(transform.truncation + 1)
    series = (2 * n + 1) * power[: n.size] / (4 * np.pi)
    expected = np.polynomial.legendre.legval(cosine, series)
    np.testing.assert_allclose(found[1] / 0.25, expected, atol=1e-5)


def test_estimate_recovers_an_isotropic_covariance():
    transform, count = SphericalTransform(gaussian_grid(8, 16)), 1000
    truth = isotropic(transform)
    white = np.random.default_rng(3).normal(size=(count, 2, *transform.spectral_shape))
    samples = np.asarray(jax.vmap(truth.root)(jnp.asarray(white, jnp.float32)))
    found = estimate_spherical_blocks(samples, transform)
    sd = np.array([2.0, 0.5])[:, None, None]
    for at in [(0, 1, 0), (1, 5, 7)]:
        error = covariance_with(found, *at) - covariance_with(truth, *at)
        assert np.abs(error / sd / sd[at[0]]).max() < 5.0 * np.sqrt(2.0 / count)


def test_a_latitude_without_variance_gets_no_increment():
    samples = np.random.default_rng(0).normal(size=(5, 2, 8, 16))
    samples[:, 0, 3] = 0.0
    found = estimate_spherical_blocks(samples, SphericalTransform(gaussian_grid(8, 16)))
    draw = np.asarray(found.root(jnp.ones_like(found.zero_control())))
    assert np.isfinite(draw).all()
    assert not draw[0, 3].any()
    assert draw[1, 3].any()


def test_a_channel_that_never_varies_is_refused():
    samples = np.random.default_rng(0).normal(size=(5, 2, 8, 16))
    samples[:, 0] = 0.0
    with pytest.raises(ValueError, match="never varies"):
        estimate_spherical_blocks(samples, SphericalTransform(gaussian_grid(8, 16)))
