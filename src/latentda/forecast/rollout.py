"""A learned step rolled out, on states or on their codes.

    F^k(a) = f^k(a),        or with a code        F^k(a) = D( f^k(E(a)) ) + a - D(E(a))

A step on codes is encoded once and decoded at the steps where a state is wanted: between them a forecast has the size
of the code.
What the code cannot carry persists, so that F^0 is the identity and a step that does nothing is persistence.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import jax
import jax.numpy as jnp
import numpy as np
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
    step: Step, starts: Float[Array, "sample channel lat lon"], steps: Sequence[int], code: Code | None = None
) -> Float[Array, "sample step channel lat lon"]:
    """F^k of every start, for the steps k that are wanted.

    Args:
        step: f.
        starts: standardised anomalies.
        steps: the k, at least one and increasing; 0 is the start itself.
        code: on whose latent fields f acts; without it f acts on states.
    """
    later = np.asarray([k for k in steps if k > 0], int)
    if not later.size:
        return starts[:, None]
    first = starts if code is None else jax.vmap(code.encode)(starts)

    def advance(fields: Array, _: None) -> tuple[Array, Array]:
        fields = jax.vmap(step)(fields)
        return fields, fields

    _, made = jax.lax.scan(advance, first, None, length=int(later[-1]))
    made = made[later - 1]
    if code is not None:
        rest = starts - jax.vmap(code.decode)(first)
        made = jax.vmap(jax.vmap(code.decode))(made) + rest
    if len(later) < len(steps):
        made = jnp.concatenate([starts[None], made])
    return jnp.swapaxes(made, 0, 1)
