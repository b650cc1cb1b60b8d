"""A learned step rolled out, on states or on their codes.

    F^k(a) = f^k(a),        or with a code        F^k(a) = D( f^k(E(a)) ) + a - D(E(a))

A step on codes is encoded once and decoded where a state is wanted: between them a forecast has the size of the code.
What the code cannot carry persists, so that F^0 is the identity and a step that does nothing is persistence.
"""

from __future__ import annotations

from typing import Protocol

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float


class Step(Protocol):
    """One step f, with the time that it spans; a pytree."""

    @property
    def step_hours(self) -> int:
        """The time that one step spans (h)."""

    def __call__(self, field: Float[Array, "channel row column"], /) -> Float[Array, "channel row column"]:
        """Of a state of standardised anomalies, or of a code."""


class Code(Protocol):
    """E and D."""

    def encode(self, anomaly: Float[Array, "channel lat lon"]) -> Float[Array, "latent row column"]:
        """E(a)."""

    def decode(self, latent: Float[Array, "latent row column"]) -> Float[Array, "channel lat lon"]:
        """D(z)."""


def roll_out(
    step: Step, starts: Float[Array, "sample channel lat lon"], steps: int, code: Code | None = None
) -> Float[Array, "sample step channel lat lon"]:
    """F, F^2, ... of every start.

    Args:
        step: f.
        starts: standardised anomalies.
        steps: how many.
        code: on whose latent fields f acts; without it f acts on states.
    """
    first = starts if code is None else jax.vmap(code.encode)(starts)

    def advance(fields: Array, _: None) -> tuple[Array, Array]:
        later = jax.vmap(step)(fields)
        return later, later

    _, made = jax.lax.scan(advance, first, None, length=steps)
    if code is not None:
        rest = starts - jax.vmap(code.decode)(first)
        made = jax.vmap(jax.vmap(code.decode))(made) + rest
    return jnp.swapaxes(made, 0, 1)
