"""A code of dense layers, as in Peyron et al. (2021), arXiv:2104.00430.

E: leaky_relu between layers of sizes n, ..., m and tanh at the end,     D: the mirror, with a linear end
"""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray


class DenseCode(eqx.Module):
    """E and D of vectors.

    Attributes:
        encoder: its layers.
        decoder: its layers.
    """

    encoder: tuple[eqx.nn.Linear, ...]
    decoder: tuple[eqx.nn.Linear, ...]

    def __init__(self, sizes: tuple[int, ...], key: PRNGKeyArray):
        first, second = jax.random.split(key)
        self.encoder, self.decoder = _layers(sizes, first), _layers(sizes[::-1], second)

    def encode(self, x: Float[Array, " point"]) -> Float[Array, " latent"]:
        """E(x)."""
        return jnp.tanh(_through(self.encoder, x))

    def decode(self, z: Float[Array, " latent"]) -> Float[Array, " point"]:
        """D(z)."""
        return _through(self.decoder, z)


def _layers(sizes: tuple[int, ...], key: PRNGKeyArray) -> tuple[eqx.nn.Linear, ...]:
    keys = jax.random.split(key, len(sizes) - 1)
    return tuple(eqx.nn.Linear(a, b, key=k) for a, b, k in zip(sizes[:-1], sizes[1:], keys, strict=True))


def _through(layers: tuple[eqx.nn.Linear, ...], x: Array) -> Array:
    for layer in layers[:-1]:
        x = jax.nn.leaky_relu(layer(x))
    return layers[-1](x)
