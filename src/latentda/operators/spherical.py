"""Isotropic covariances on the sphere: a block across channels for every total wavenumber."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from latentda.operators.covariance import Control, Covariance
from latentda.operators.spherical_transform import SphericalTransform
from latentda.user_error import UserError


class SphericalBlocks(Covariance):
    """Isotropic correlations, one block across channels a total wavenumber, times a standard deviation.

    U v = s * synthesis(L_n v_n): homogeneous on the sphere but for s(channel, lat, lon).

    Attributes:
        blocks: L_n, lower triangular, ``(n, channel, channel)``.
        sd: s, broadcastable to ``(channel, lat, lon)``.
    """

    blocks: Float[Array, "n channel channel"]
    sd: Float[Array, "channel lat #lon"]
    transform: SphericalTransform

    def root(self, control: Control) -> Array:
        """U v."""
        mixed = jnp.einsum("nij,jmn->imn", self.blocks, control * self.transform.mask)
        return self.sd * self.transform.to_grid(mixed)

    def zero_control(self) -> Control:
        """Zeros ``(channel, m, n)``."""
        shape = (self.blocks.shape[1], *self.transform.spectral_shape)
        return jnp.zeros(shape, self.blocks.dtype)


def estimate_spherical_blocks(
    samples: Float[np.ndarray, "sample channel lat lon"], transform: SphericalTransform
) -> SphericalBlocks:
    """Zonal-mean standard deviations, then a covariance across channels a total wavenumber.

    Raises:
        UserError: a channel without variance somewhere.
    """
    variance = np.mean(np.asarray(samples, np.float64) ** 2, axis=(0, 3))
    if not np.all(variance > 0):
        raise UserError("A channel of the samples never varies: it cannot carry a covariance.")
    sd = np.sqrt(variance).astype(np.float32)[:, :, None]
    spectral = np.asarray(transform.to_spectral(jnp.asarray(samples / sd, jnp.float32)), np.float64)
    products = np.einsum("simn,sjmn->nij", spectral, spectral, optimize=True)
    count = len(samples) * np.maximum(transform.mask.sum(0), 1)
    blocks = products / count[:, None, None]
    size = blocks.shape[-1]
    floor = 1e-6 * np.trace(blocks, axis1=1, axis2=2).max() / size
    roots = np.linalg.cholesky(blocks + floor * np.eye(size))
    return SphericalBlocks(jnp.asarray(roots, jnp.float32), jnp.asarray(sd), transform)
