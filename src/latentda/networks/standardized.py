"""A code whose latent numbers are standardised: mean zero, covariance the identity.

    E'(x) = U^(-1) (E(x) - m),     D'(z) = D(m + U z),     U U^T = the codes' covariance, m their mean

An exact change of coordinates: what one code can represent the other can.
"""

from __future__ import annotations

from typing import Protocol

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float


class VectorCode(Protocol):
    """An encoder and a decoder of vectors."""

    def encode(self, x: Float[Array, " point"]) -> Float[Array, " latent"]:
        """E(x)."""

    def decode(self, z: Float[Array, " latent"]) -> Float[Array, " point"]:
        """D(z)."""


class StandardizedCode(eqx.Module):
    """A :class:`VectorCode` around another.

    Attributes:
        code: E and D.
        mean: m.
        root: U, lower triangular.
    """

    code: VectorCode
    mean: Float[Array, " latent"]
    root: Float[Array, "latent latent"]

    def encode(self, x: Float[Array, " point"]) -> Float[Array, " latent"]:
        """E'(x)."""
        return self.standardized(self.code.encode(x))

    def standardized(self, z: Float[Array, " latent"]) -> Float[Array, " latent"]:
        """U^(-1) (z - m)."""
        return jax.scipy.linalg.solve_triangular(self.root, z - self.mean, lower=True)

    def decode(self, z: Float[Array, " latent"]) -> Float[Array, " point"]:
        """D'(z)."""
        return self.code.decode(self.mean + self.root @ z)


def standardized_code(code: VectorCode, codes: Float[Array, "sample latent"]) -> StandardizedCode:
    """Standardise by a sample of codes.

    Args:
        code: E and D.
        codes: more than the latent space has dimensions.
    """
    return StandardizedCode(code, codes.mean(axis=0), jnp.linalg.cholesky(jnp.cov(codes.T)))
