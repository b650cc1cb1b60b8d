"""What the rest of the package asks of an autoencoder, and the two that need no training.

    z = E(a),   a' = D(z)

with a a state of standardised anomalies ``(channel, lat, lon)`` and z a latent field
``(latent, row, column)`` on a coarser grid of tokens.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float


@runtime_checkable
class Autoencoder(Protocol):
    """An encoder and a decoder; both pure functions of arrays of one state."""

    def encode(self, anomaly: Float[Array, "channel lat lon"]) -> Float[Array, "latent row column"]:
        """E(a)."""

    def decode(self, latent: Float[Array, "latent row column"]) -> Float[Array, "channel lat lon"]:
        """D(z)."""

    @property
    def latent_shape(self) -> tuple[int, int, int]:
        """``(latent, row, column)``."""


class IdentityCode(eqx.Module):
    """E = D = identity: latent space is model space. The limit that ties both together."""

    latent_shape: tuple[int, int, int] = eqx.field(static=True)

    def encode(self, anomaly: Array) -> Array:
        """The anomaly itself."""
        return anomaly

    def decode(self, latent: Array) -> Array:
        """The latent itself."""
        return latent


class LinearPatchCode(eqx.Module):
    """Principal components of the patches: z = s^-1 W^T p, p = W s z, W with orthonormal columns.

    The best linear code of one patch of all channels; every token sees only its own patch.

    Attributes:
        components: W, ``(channel*patch*patch, latent)``.
        sd: standard deviation s of each component over the training states.
        patch: side of a patch in grid points.
        state_shape: ``(channel, lat, lon)``.
    """

    components: Float[Array, "features latent"]
    sd: Float[Array, " latent"]
    patch: int = eqx.field(static=True)
    state_shape: tuple[int, int, int] = eqx.field(static=True)

    @property
    def latent_shape(self) -> tuple[int, int, int]:
        """Latent channels on the grid of patches."""
        _, rows, columns = self.state_shape
        return self.components.shape[1], rows // self.patch, columns // self.patch

    def encode(self, anomaly: Array) -> Array:
        """Project every patch."""
        tokens = to_patches(anomaly, self.patch) @ (self.components / self.sd)
        return from_tokens(tokens, self.latent_shape)

    def decode(self, latent: Array) -> Array:
        """Compose every patch."""
        patches = to_tokens(latent) @ (self.components * self.sd).T
        return from_patches(patches, self.patch, self.state_shape)


def to_patches(state: Float[Array, "channel lat lon"], patch: int) -> Float[Array, "token features"]:
    """Cut a state into ``patch`` x ``patch`` squares, a row a square, all channels together."""
    channels, rows, columns = state.shape
    cut = state.reshape(channels, rows // patch, patch, columns // patch, patch)
    return cut.transpose(1, 3, 0, 2, 4).reshape(-1, channels * patch * patch)


def from_patches(
    patches: Float[Array, "token features"], patch: int, shape: tuple[int, int, int]
) -> Float[Array, "channel lat lon"]:
    """Undo :func:`to_patches`."""
    channels, rows, columns = shape
    cut = patches.reshape(rows // patch, columns // patch, channels, patch, patch)
    return cut.transpose(2, 0, 3, 1, 4).reshape(shape)


def to_tokens(latent: Float[Array, "latent row column"]) -> Float[Array, "token latent"]:
    """A row a token, west to east, row after row."""
    return jnp.moveaxis(latent, 0, -1).reshape(-1, latent.shape[0])


def from_tokens(tokens: Float[Array, "token latent"], shape: tuple[int, int, int]) -> Float[Array, "latent row column"]:
    """Undo :func:`to_tokens`."""
    latent, rows, columns = shape
    return jnp.moveaxis(tokens.reshape(rows, columns, latent), -1, 0)
