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
    """Principal components of the scaled patches: z = s^-1 V^T (p / t), p = t V s z, V with orthonormal columns.

    The best linear code of one patch of all channels, errors measured in units of t; every token sees only its
    own patch.

    Attributes:
        components: V, ``(channel*patch*patch, latent)``.
        sd: standard deviation s of each component over the training states.
        patch: side of a patch in grid points.
        state_shape: ``(channel, lat, lon)``.
        scale: t, one positive number a feature of a patch; 1 without it.
        periodic: whether the columns close around the globe, see :func:`to_patches`.
    """

    components: Float[Array, "features latent"]
    sd: Float[Array, " latent"]
    patch: int = eqx.field(static=True)
    state_shape: tuple[int, int, int] = eqx.field(static=True)
    scale: Float[Array, " features"] | None = None
    periodic: bool = eqx.field(static=True, default=True)

    @property
    def encoder(self) -> Float[Array, "features latent"]:
        """The matrix from a patch to its token: t^-1 V s^-1."""
        encoder = self.components / self.sd
        return encoder if self.scale is None else encoder / self.scale[:, None]

    @property
    def decoder(self) -> Float[Array, "latent features"]:
        """The matrix from a token to its patch: (t V s)^T."""
        decoder = (self.components * self.sd).T
        return decoder if self.scale is None else decoder * self.scale

    @property
    def latent_shape(self) -> tuple[int, int, int]:
        """Latent channels on the grid of patches."""
        return self.components.shape[1], *token_grid(self.state_shape, self.patch)

    def encode(self, anomaly: Array) -> Array:
        """Project every patch."""
        tokens = to_patches(anomaly, self.patch, self.periodic) @ self.encoder
        return from_tokens(tokens, self.latent_shape)

    def decode(self, latent: Array) -> Array:
        """Compose every patch."""
        return from_patches(to_tokens(latent) @ self.decoder, self.patch, self.state_shape)


def token_grid(state_shape: tuple[int, ...], patch: int) -> tuple[int, int]:
    """Rows and columns of the patches that cover a state; the last ones may reach beyond it."""
    return -(-state_shape[1] // patch), -(-state_shape[2] // patch)


def to_patches(
    state: Float[Array, "channel lat lon"], patch: int, periodic: bool = True
) -> Float[Array, "token features"]:
    """Cut a state into ``patch`` x ``patch`` squares, a row a square, all channels together.

    Where the patch does not divide the grid, the last row of patches is filled with copies of the last row of
    points. The last column of patches is filled with the first points of each row if the grid is ``periodic``, and
    with copies of the last point of each row if it is not. :func:`from_patches` drops what was filled in.
    """
    rows, columns = token_grid(state.shape, patch)
    below, beyond = rows * patch - state.shape[1], columns * patch - state.shape[2]
    state = jnp.pad(state, ((0, 0), (0, below), (0, 0)), mode="edge")
    state = jnp.pad(state, ((0, 0), (0, 0), (0, beyond)), mode="wrap" if periodic else "edge")
    channels = state.shape[0]
    cut = state.reshape(channels, rows, patch, columns, patch)
    return cut.transpose(1, 3, 0, 2, 4).reshape(-1, channels * patch * patch)


def from_patches(
    patches: Float[Array, "token features"], patch: int, shape: tuple[int, int, int]
) -> Float[Array, "channel lat lon"]:
    """Undo :func:`to_patches`."""
    channels, latitudes, longitudes = shape
    rows, columns = token_grid(shape, patch)
    cut = patches.reshape(rows, columns, channels, patch, patch).transpose(2, 0, 3, 1, 4)
    return cut.reshape(channels, rows * patch, columns * patch)[:, :latitudes, :longitudes]


def fold_patches(
    wide: Float[Array, "token wide_features"], patch: int, overlap: int, shape: tuple[int, int, int], periodic: bool
) -> Float[Array, "token features"]:
    """Add up squares that reach ``overlap`` points beyond their patch on every side, for :func:`from_patches`.

    What reaches beyond the first or last row of patches is dropped, and beyond the first or last column, too, unless
    the grid is ``periodic``.

    Args:
        wide: squares of side ``patch + 2 * overlap`` of all channels, a row a token.
        patch: side of a patch.
        overlap: at most ``patch``.
        shape: of the state.
        periodic: whether the columns close around the globe.
    """
    rows, columns = token_grid(shape, patch)
    side = patch + 2 * overlap
    squares = wide.reshape(rows, columns, shape[0], side, side)
    squares = _fold(squares, patch, overlap, token_axis=0, point_axis=3, periodic=False)
    squares = _fold(squares, patch, overlap, token_axis=1, point_axis=4, periodic=periodic)
    return squares.reshape(rows * columns, -1)


def _fold(wide: Array, patch: int, overlap: int, *, token_axis: int, point_axis: int, periodic: bool) -> Array:
    """Give the neighbours along one axis what reaches into them."""
    before, own, after = jnp.split(wide, (overlap, overlap + patch), axis=point_axis)
    last = wide.shape[token_axis] - 1
    number = jnp.arange(last + 1).reshape([-1 if axis == token_axis else 1 for axis in range(wide.ndim)])
    if not periodic:
        before, after = jnp.where(number == 0, 0.0, before), jnp.where(number == last, 0.0, after)
    rest = [(0, patch - overlap) if axis == point_axis else (0, 0) for axis in range(wide.ndim)]
    at_start = jnp.pad(jnp.roll(after, 1, token_axis), rest)
    at_end = jnp.pad(jnp.roll(before, -1, token_axis), [pair[::-1] for pair in rest])
    return own + at_start + at_end


def to_tokens(latent: Float[Array, "latent row column"]) -> Float[Array, "token latent"]:
    """A row a token, west to east, row after row."""
    return jnp.moveaxis(latent, 0, -1).reshape(-1, latent.shape[0])


def from_tokens(tokens: Float[Array, "token latent"], shape: tuple[int, int, int]) -> Float[Array, "latent row column"]:
    """Undo :func:`to_tokens`."""
    latent, rows, columns = shape
    return jnp.moveaxis(tokens.reshape(rows, columns, latent), -1, 0)
