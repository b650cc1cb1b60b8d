"""A stand-in for the ensemble transform of the other branch; goes at the merge."""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float


class Transform(NamedTuple):
    """w and T."""

    mean: Float[Array, " member"]
    perturbations: Float[Array, "member member"]

    @property
    def weights(self) -> Float[Array, "member member"]:
        """W."""
        return self.mean[:, None] / (len(self.mean) - 1) ** 0.5 + self.perturbations


def ensemble_transform(
    departures: Float[Array, "member datum"], taper: Float[Array, " datum"] | None = None
) -> Transform:
    """w = -A^-1 Y dbar and T = A^(-1/2), A = I + Y Y^T."""
    count = departures.shape[0]
    mean = departures.mean(0)
    Y = (departures - mean) / (count - 1) ** 0.5
    if taper is not None:
        root = jnp.sqrt(taper)
        Y, mean = Y * root, mean * root
    values, vectors = jnp.linalg.eigh(jnp.eye(count, dtype=Y.dtype) + Y @ Y.T)
    w = -(vectors / values) @ (vectors.T @ (Y @ mean))
    return Transform(w, (vectors / jnp.sqrt(values)) @ vectors.T)
