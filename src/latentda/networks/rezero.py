"""Residual networks whose blocks start as the identity: steps of a latent state.

    z <- z + s f(z),        s = 0 at the start

    dense    f(z) = B leaky_relu(A z + a) + b
    product  f(z) = B ( (A z + a) * (C z + c) ) + b

Products are what advection is made of: a product is any quadratic tendency of at most so many terms as it has hidden
numbers, and a block a step of it. Sources: ReZero: Bachlechner et al. (2021), arXiv:2003.04887; dense blocks as a
surrogate in latent space: Peyron et al. (2021), arXiv:2104.00430; products: Fablet et al. (2018),
doi 10.23919/EUSIPCO.2018.8553492.
"""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray


class Dense(eqx.Module):
    """The dense f.

    Attributes:
        A: first layer.
        B: second layer.
    """

    A: eqx.nn.Linear
    B: eqx.nn.Linear

    def __init__(self, size: int, hidden: int, key: PRNGKeyArray):
        first, second = jax.random.split(key)
        self.A = eqx.nn.Linear(size, hidden, key=first)
        self.B = eqx.nn.Linear(hidden, size, key=second)

    def __call__(self, z: Float[Array, " latent"]) -> Float[Array, " latent"]:
        """f(z)."""
        return self.B(jax.nn.leaky_relu(self.A(z)))


class Product(eqx.Module):
    """The product f.

    Attributes:
        A: one factor.
        C: the other.
        B: what is made of the products.
    """

    A: eqx.nn.Linear
    C: eqx.nn.Linear
    B: eqx.nn.Linear

    def __init__(self, size: int, hidden: int, key: PRNGKeyArray):
        keys = jax.random.split(key, 3)
        self.A = eqx.nn.Linear(size, hidden, key=keys[0])
        self.C = eqx.nn.Linear(size, hidden, key=keys[1])
        self.B = eqx.nn.Linear(hidden, size, key=keys[2])

    def __call__(self, z: Float[Array, " latent"]) -> Float[Array, " latent"]:
        """f(z)."""
        return self.B(self.A(z) * self.C(z))


class ReZero(eqx.Module):
    """Blocks one after the other.

    Attributes:
        inner: f of each.
        s: weight of each.
    """

    inner: tuple[Dense | Product, ...]
    s: Float[Array, " block"]

    def __init__(self, inner: type[Dense] | type[Product], blocks: int, size: int, hidden: int, key: PRNGKeyArray):
        self.inner = tuple(inner(size, hidden, k) for k in jax.random.split(key, blocks))
        self.s = jnp.zeros(blocks)

    def __call__(self, z: Float[Array, " latent"]) -> Float[Array, " latent"]:
        """The last block's output."""
        for f, s in zip(self.inner, self.s, strict=True):
            z = z + s * f(z)
        return z
