"""The patch autoencoder: a linear patch code with a transformer beside it on each side.

    z = W_e p + f(p + position),      p' = W_d z + g(z + position)

p are patches of all channels (tokens), f and g are small pre-norm transformers with global attention, so a
latent value may move the fields anywhere on the globe. f and g end in a matrix that starts at zero: training
starts from the principal components of the patches and can only improve on them. Global attention with a
position embedding a token knows no border at the date line.

Sources: Dosovitskiy et al. (2021), arXiv 2010.11929 (vision transformer); the two-sided transformer autoencoder
of the atmosphere: Fan et al. (2026), doi 10.1126/sciadv.aea4248; the linear path and its start are ours.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from latentda.networks.code import (
    LinearPatchCode,
    from_patches,
    from_tokens,
    to_patches,
    to_tokens,
)


@dataclass(frozen=True)
class AutoencoderSettings:
    """The shape of a :class:`PatchAutoencoder`.

    Attributes:
        patch: side of a patch in grid points; must divide both sides of the grid.
        latent: latent channels a token.
        width: features of a token inside the transformers.
        heads: attention heads.
        blocks: transformer blocks on each side.
        mlp_ratio: hidden features of a block's MLP over ``width``.
    """

    patch: int = 4
    latent: int = 32
    width: int = 192
    heads: int = 6
    blocks: int = 2
    mlp_ratio: int = 4

    def to_dict(self) -> dict[str, int]:
        """For the JSON beside the weights."""
        return asdict(self)


class Block(eqx.Module):
    """Pre-norm transformer block: t + A(N(t)), then t + MLP(N(t))."""

    attention_norm: eqx.nn.LayerNorm
    mlp_norm: eqx.nn.LayerNorm
    query_key_value: eqx.nn.Linear
    projection: eqx.nn.Linear
    up: eqx.nn.Linear
    down: eqx.nn.Linear
    heads: int = eqx.field(static=True)

    def __init__(self, width: int, heads: int, mlp_ratio: int, key: PRNGKeyArray):
        keys = jax.random.split(key, 4)
        self.attention_norm = eqx.nn.LayerNorm(width)
        self.mlp_norm = eqx.nn.LayerNorm(width)
        self.query_key_value = eqx.nn.Linear(width, 3 * width, key=keys[0])
        self.projection = eqx.nn.Linear(width, width, key=keys[1])
        self.up = eqx.nn.Linear(width, mlp_ratio * width, key=keys[2])
        self.down = eqx.nn.Linear(mlp_ratio * width, width, key=keys[3])
        self.heads = heads

    def __call__(self, tokens: Float[Array, "token width"]) -> Float[Array, "token width"]:
        """One block."""
        tokens = tokens + self._attend(jax.vmap(self.attention_norm)(tokens))
        hidden = jax.nn.gelu(jax.vmap(self.up)(jax.vmap(self.mlp_norm)(tokens)))
        return tokens + jax.vmap(self.down)(hidden)

    def _attend(self, tokens: Array) -> Array:
        count, width = tokens.shape
        mixed = jax.vmap(self.query_key_value)(tokens).reshape(count, 3, self.heads, -1)
        query, key, value = mixed[:, 0], mixed[:, 1], mixed[:, 2]
        attended = jax.nn.dot_product_attention(query, key, value)
        return jax.vmap(self.projection)(attended.reshape(count, width))


class TokenTransformer(eqx.Module):
    """Features of a token in, features of a token out, all tokens seeing each other; starts at zero."""

    embed: eqx.nn.Linear
    position: Float[Array, "token width"]
    blocks: tuple[Block, ...]
    norm: eqx.nn.LayerNorm
    out: eqx.nn.Linear

    def __init__(
        self,
        inputs: int,
        outputs: int,
        grid: tuple[int, int],
        settings: AutoencoderSettings,
        key: PRNGKeyArray,
    ):
        keys = jax.random.split(key, settings.blocks + 2)
        self.embed = eqx.nn.Linear(inputs, settings.width, key=keys[0])
        self.position = position_embedding(*grid, settings.width)
        self.blocks = tuple(Block(settings.width, settings.heads, settings.mlp_ratio, k) for k in keys[2:])
        self.norm = eqx.nn.LayerNorm(settings.width)
        out = eqx.nn.Linear(settings.width, outputs, use_bias=False, key=keys[1])
        self.out = eqx.tree_at(lambda layer: layer.weight, out, jnp.zeros_like(out.weight))

    def __call__(self, tokens: Float[Array, "token inputs"]) -> Float[Array, "token outputs"]:
        """f(tokens)."""
        hidden = jax.vmap(self.embed)(tokens) + self.position
        for block in self.blocks:
            hidden = block(hidden)
        return jax.vmap(self.out)(jax.vmap(self.norm)(hidden))


class PatchAutoencoder(eqx.Module):
    """The autoencoder above; an :class:`~latentda.networks.code.Autoencoder`."""

    linear_encoder: Float[Array, "features latent"]
    linear_decoder: Float[Array, "latent features"]
    encoder: TokenTransformer
    decoder: TokenTransformer
    settings: AutoencoderSettings = eqx.field(static=True)
    state_shape: tuple[int, int, int] = eqx.field(static=True)

    def __init__(self, start: LinearPatchCode, settings: AutoencoderSettings, key: PRNGKeyArray):
        self.settings = settings
        self.state_shape = start.state_shape
        self.linear_encoder = start.components / start.sd
        self.linear_decoder = (start.components * start.sd).T
        features = start.components.shape[0]
        grid = start.latent_shape[1:]
        first, second = jax.random.split(key)
        self.encoder = TokenTransformer(features, settings.latent, grid, settings, first)
        self.decoder = TokenTransformer(settings.latent, features, grid, settings, second)

    @property
    def latent_shape(self) -> tuple[int, int, int]:
        """``(latent, row, column)`` of the token grid."""
        _, rows, columns = self.state_shape
        patch = self.settings.patch
        return self.settings.latent, rows // patch, columns // patch

    def encode(self, anomaly: Float[Array, "channel lat lon"]) -> Float[Array, "latent row column"]:
        """Z = E(a)."""
        patches = to_patches(anomaly, self.settings.patch)
        tokens = patches @ self.linear_encoder + self.encoder(patches)
        return from_tokens(tokens, self.latent_shape)

    def decode(self, latent: Float[Array, "latent row column"]) -> Float[Array, "channel lat lon"]:
        """A' = D(z)."""
        tokens = to_tokens(latent)
        patches = tokens @ self.linear_decoder + self.decoder(tokens)
        return from_patches(patches, self.settings.patch, self.state_shape)


def empty_code(state_shape: tuple[int, int, int], settings: AutoencoderSettings) -> LinearPatchCode:
    """A linear code of zeros: the shape of a start, to be filled by weights or by principal components.

    Raises:
        ValueError: the patch does not divide the grid.
    """
    channels, rows, columns = state_shape
    if rows % settings.patch or columns % settings.patch:
        raise ValueError(
            f"Patches of {settings.patch} do not divide the {rows} x {columns} grid; choose a patch that does."
        )
    features = channels * settings.patch**2
    components = jnp.zeros((features, settings.latent))
    return LinearPatchCode(components, jnp.ones(settings.latent), settings.patch, state_shape)


def position_embedding(rows: int, columns: int, width: int) -> Float[Array, "token width"]:
    """Sines and cosines of token row and of longitude; the latter close around the globe."""
    quarter = width // 4
    row = jnp.arange(rows) / max(rows - 1, 1)
    column = 2 * jnp.pi * jnp.arange(columns) / columns
    order = jnp.arange(1, quarter + 1)
    by_row = jnp.concatenate([f(jnp.pi * order * row[:, None] / 2) for f in (jnp.sin, jnp.cos)], -1)
    # Beyond the grid's Nyquist wavenumber the columns repeat; the spare features cost nothing.
    by_column = jnp.concatenate([f(order * column[:, None]) for f in (jnp.sin, jnp.cos)], -1)
    both = jnp.concatenate(
        [
            jnp.broadcast_to(by_row[:, None], (rows, columns, 2 * quarter)),
            jnp.broadcast_to(by_column[None], (rows, columns, 2 * quarter)),
        ],
        -1,
    )
    padded = jnp.pad(both, ((0, 0), (0, 0), (0, width - 4 * quarter)))
    return 0.3 * padded.reshape(rows * columns, width)
