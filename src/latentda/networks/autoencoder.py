"""The patch autoencoder: a linear patch code with a transformer beside it on each side.

    z = W_e p + f(p + position),      p' = W_d z + A g(z + position)

p are patches of all channels (tokens), f and g are small pre-norm transformers with global attention, so a
latent value may move the fields anywhere on the globe. f and g end in a matrix that starts at zero: training
starts from the principal components of the patches and can only improve on them. Global attention with a
position embedding a token knows no border at the date line. The squares that g gives may be wider than a patch; A adds
them up where they overlap, so that borders between patches need not show. Any grid will do: patches that reach beyond
its last row or column are filled and cropped (:func:`~latentda.networks.code.to_patches`).

Sources: Dosovitskiy et al. (2021), arXiv 2010.11929 (vision transformer); the two-sided transformer autoencoder
of the atmosphere: Fan et al. (2026), doi 10.1126/sciadv.aea4248; the linear path and its start are ours.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from latentda.networks.code import (
    LinearPatchCode,
    fold_patches,
    from_patches,
    from_tokens,
    to_patches,
    to_tokens,
    token_grid,
)
from latentda.user_error import UserError


@dataclass(frozen=True)
class AutoencoderSettings:
    """The shape of a :class:`PatchAutoencoder`.

    Attributes:
        patch: side of a patch in grid points.
        latent: latent channels a token.
        width: features of a token inside the transformers.
        heads: attention heads.
        blocks: transformer blocks on each side.
        mlp_ratio: hidden features of a block's MLP over ``width``.
        overlap: grid points by which the decoder's squares reach into the neighbouring patches.

    Raises:
        UserError: a number that is not positive, heads that do not divide the width, or more overlap than a patch.
    """

    patch: int = 4
    latent: int = 32
    width: int = 192
    heads: int = 6
    blocks: int = 2
    mlp_ratio: int = 4
    overlap: int = 0

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if value < (0 if name in ("blocks", "overlap") else 1):
                raise UserError(f"The network's {name} is {value}; it must be positive.")
        if self.width % self.heads:
            raise UserError(
                f"A width of {self.width} cannot be shared by {self.heads} heads; choose a multiple of the heads."
            )
        if self.overlap > self.patch:
            raise UserError(f"An overlap of {self.overlap} points reaches beyond the next patch of {self.patch}.")

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
        position: Float[Array, "token width"],
        settings: AutoencoderSettings,
        key: PRNGKeyArray,
    ):
        keys = jax.random.split(key, settings.blocks + 2)
        self.embed = eqx.nn.Linear(inputs, settings.width, key=keys[0])
        self.position = position
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
    periodic: bool = eqx.field(static=True)

    def __init__(self, start: LinearPatchCode, settings: AutoencoderSettings, key: PRNGKeyArray):
        self.settings = settings
        self.state_shape = start.state_shape
        self.periodic = start.periodic
        self.linear_encoder = start.encoder
        self.linear_decoder = start.decoder
        features = start.components.shape[0]
        # In patches: the last one may reach beyond the circle, which closes all the same.
        circle = start.state_shape[2] / settings.patch if start.periodic else None
        position = position_embedding(*start.latent_shape[1:], settings.width, circle)
        first, second = jax.random.split(key)
        self.encoder = TokenTransformer(features, settings.latent, position, settings, first)
        wide = start.state_shape[0] * (settings.patch + 2 * settings.overlap) ** 2
        self.decoder = TokenTransformer(settings.latent, wide, position, settings, second)

    @property
    def latent_shape(self) -> tuple[int, int, int]:
        """``(latent, row, column)`` of the token grid."""
        return self.settings.latent, *token_grid(self.state_shape, self.settings.patch)

    def encode(self, anomaly: Float[Array, "channel lat lon"]) -> Float[Array, "latent row column"]:
        """z = E(a)."""
        patches = to_patches(anomaly, self.settings.patch, self.periodic)
        tokens = patches @ self.linear_encoder + self.encoder(patches)
        return from_tokens(tokens, self.latent_shape)

    def decode(self, latent: Float[Array, "latent row column"]) -> Float[Array, "channel lat lon"]:
        """a' = D(z)."""
        tokens, patch = to_tokens(latent), self.settings.patch
        squares = self.decoder(tokens)
        if self.settings.overlap:
            squares = fold_patches(squares, patch, self.settings.overlap, self.state_shape, self.periodic)
        return from_patches(tokens @ self.linear_decoder + squares, patch, self.state_shape)

    def with_overlap(self, overlap: int) -> PatchAutoencoder:
        """The same map with a wider square a token, to be trained further.

        Raises:
            UserError: less overlap than the network has.
        """
        more = overlap - self.settings.overlap
        if more < 0:
            raise UserError(f"The network's patches overlap by {self.settings.overlap} points already.")
        side, width = self.settings.patch + 2 * self.settings.overlap, self.settings.width
        weight = self.decoder.out.weight.reshape(self.state_shape[0], side, side, width)
        wider = jnp.pad(weight, ((0, 0), (more, more), (more, more), (0, 0))).reshape(-1, width)
        widened = eqx.tree_at(lambda network: network.decoder.out.weight, self, wider)
        settings = replace(self.settings, overlap=overlap)
        shape = PatchAutoencoder(empty_code(self.state_shape, settings, self.periodic), settings, jax.random.key(0))
        dynamic, static = eqx.partition(shape, eqx.is_array)
        arrays = jax.tree.leaves(eqx.filter(widened, eqx.is_array))
        return eqx.combine(jax.tree.unflatten(jax.tree.structure(dynamic), arrays), static)


def empty_code(
    state_shape: tuple[int, int, int], settings: AutoencoderSettings, periodic: bool = True
) -> LinearPatchCode:
    """A linear code of zeros: the shape of a start, to be filled by weights or by principal components."""
    components = jnp.zeros((state_shape[0] * settings.patch**2, settings.latent))
    return LinearPatchCode(components, jnp.ones(settings.latent), settings.patch, state_shape, periodic=periodic)


def position_embedding(rows: int, columns: int, width: int, circle: float | None = None) -> Float[Array, "token width"]:
    """Sines and cosines of token row and token column.

    Args:
        rows: of tokens.
        columns: of tokens.
        width: features of a token.
        circle: columns around the globe, on which the features of longitude close; None for a region, whose
            columns are told apart from edge to edge as the rows are.
    """
    quarter = width // 4
    order = jnp.arange(1, quarter + 1)
    across = jnp.pi / 2 * jnp.arange(rows) / max(rows - 1, 1)
    if circle is None:
        along = jnp.pi / 2 * jnp.arange(columns) / max(columns - 1, 1)
    else:
        # Beyond the grid's Nyquist wavenumber the columns repeat; the spare features cost nothing.
        along = 2 * jnp.pi * jnp.arange(columns) / circle
    by_row, by_column = (
        jnp.concatenate([f(order * angle[:, None]) for f in (jnp.sin, jnp.cos)], -1) for angle in (across, along)
    )
    both = jnp.concatenate(
        [
            jnp.broadcast_to(by_row[:, None], (rows, columns, 2 * quarter)),
            jnp.broadcast_to(by_column[None], (rows, columns, 2 * quarter)),
        ],
        -1,
    )
    padded = jnp.pad(both, ((0, 0), (0, 0), (0, width - 4 * quarter)))
    return 0.3 * padded.reshape(rows * columns, width)
