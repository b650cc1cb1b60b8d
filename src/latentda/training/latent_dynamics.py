"""Losses of a step in latent space, chained: its own output is its next input, as in a forecast.

    apart      1/s sum_k | g^k(z_0) - z_k |^2                                           of given codes
    together   1/s sum_k | D(E(x_k)) - x_k |^2 + w | D(g^k(E(x_0))) - x_k |^2           of code and step at once

k = 1, ..., s; |.|^2 is the mean of squares over numbers. Apart is for the codes of a code that is trained already;
together is the published loss (w = 5, s = 2). Source: Peyron et al. (2021), arXiv:2104.00430.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from latentda.networks import VectorCode

Step = Callable[[Float[Array, " latent"]], Float[Array, " latent"]]
"""G."""


def reconstruction_loss(code: VectorCode, states: Float[Array, "sample point"]) -> Float[Array, ""]:
    """The mean of |D(E(x)) - x|^2."""
    return jnp.mean((jax.vmap(lambda x: code.decode(code.encode(x)))(states) - states) ** 2)


def chain_loss(step: Step, codes: Float[Array, "sample time latent"]) -> Float[Array, ""]:
    """Apart.

    Args:
        step: g.
        codes: z_0, ..., z_s.
    """
    return jnp.mean((_chained(step, codes[:, 0], codes.shape[1] - 1) - codes[:, 1:]) ** 2)


def joint_loss(
    code_and_step: tuple[VectorCode, Step], states: Float[Array, "sample time point"], weight: float = 5.0
) -> Float[Array, ""]:
    """Together.

    Args:
        code_and_step: E and D, and g.
        states: x_0, ..., x_s.
        weight: w.
    """
    code, step = code_and_step
    later = states[:, 1:]
    forecasts = _chained(step, jax.vmap(code.encode)(states[:, 0]), later.shape[1])
    decoded = jax.vmap(jax.vmap(code.decode))(forecasts)
    return reconstruction_loss(code, later.reshape(-1, later.shape[-1])) + weight * jnp.mean((decoded - later) ** 2)


def _chained(step: Step, z: Float[Array, "sample latent"], steps: int) -> Float[Array, "sample time latent"]:
    forecasts = []
    for _ in range(steps):
        z = jax.vmap(step)(z)
        forecasts.append(z)
    return jnp.stack(forecasts, axis=1)
