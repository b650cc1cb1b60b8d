"""Observations of grid values themselves: H picks entries of the state (small systems, tests)."""

from __future__ import annotations

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int


class GridPoints(eqx.Module):
    """y = x[index] of the flattened state."""

    index: Int[Array, " datum"]

    def __call__(self, state: Float[Array, "channel lat lon"]) -> Float[Array, " datum"]:
        """H x."""
        return state.reshape(-1)[self.index]

    def reachable(self, state: Float[Array, "channel lat lon"]) -> Bool[Array, " datum"]:
        """Every grid value has an equivalent."""
        del state
        return jnp.ones(self.index.shape, bool)
