"""Isotropic covariances on the sphere: a block across channels for every total wavenumber."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from latentda.operators.covariance import Control, Covariance
from latentda.operators.samples import divisor, in_pieces, require_variance
from latentda.operators.spherical_transform import SphericalTransform


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
        UserError: a channel without variance anywhere.
    """
    (blocks,) = estimate_independent_blocks(lambda: in_pieces(samples), (samples.shape[1],), transform)
    return blocks


def estimate_independent_blocks(
    pieces: Callable[[], Iterable[np.ndarray]], sizes: Sequence[int], transform: SphericalTransform
) -> tuple[SphericalBlocks, ...]:
    """The same for groups of consecutive channels that know nothing of each other, in two passes over the samples.

    Args:
        pieces: called once a pass, yields pieces ``(sample, channel, lat, lon)``.
        sizes: channels of each group; there may be none.
        transform: to harmonics.

    Raises:
        UserError: a channel without variance anywhere.
    """
    square, count = np.zeros(()), 0
    for piece in pieces():
        square = square + np.mean(np.square(piece, dtype=np.float64), axis=3).sum(axis=0)
        count += len(piece)
    require_variance(square)
    sd = np.sqrt(square / count).astype(np.float32)[:, :, None]
    parts = [slice(end - size, end) for size, end in zip(sizes, np.cumsum(sizes).tolist(), strict=True)]
    products = [np.zeros((transform.spectral_shape[1], size, size)) for size in sizes]
    for piece in pieces():
        spectral = np.asarray(transform.to_spectral(jnp.asarray(piece / divisor(sd), jnp.float32)), np.float64)
        for total, part in zip(products, parts, strict=True):
            total += np.einsum("simn,sjmn->nij", spectral[:, part], spectral[:, part], optimize=True)
    harmonics = count * np.maximum(transform.mask.sum(0), 1)[:, None, None]
    roots = [_roots(total / harmonics) for total in products]
    return tuple(
        SphericalBlocks(root, jnp.asarray(sd[part]), transform) for root, part in zip(roots, parts, strict=True)
    )


def _roots(blocks: np.ndarray) -> Array:
    """Lower roots; a floor of 1e-6 of the largest mean variance keeps near-singular blocks positive."""
    size = blocks.shape[-1]
    floor = 1e-6 * np.trace(blocks, axis1=1, axis2=2).max() / max(size, 1)
    return jnp.asarray(np.linalg.cholesky(blocks + floor * np.eye(size)), jnp.float32)
