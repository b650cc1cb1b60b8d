"""Codes refined: of the latent vectors near E(x) the one whose decoded state is nearest to x.

    z <- z + (J^T J)^(-1) J^T (x - D(z)),     J = D'(z)

Gauss-Newton on |x - D(z)|^2. A step that does not come nearer is not taken. An encoder has noise of its own; what a
surrogate of the dynamics is trained on, and what the model error is estimated from, should have only the decoder's.
"""

from __future__ import annotations

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float


@eqx.filter_jit
def refine_codes(
    decode: Callable[[Float[Array, " latent"]], Float[Array, " point"]],
    states: Float[Array, "sample point"],
    codes: Float[Array, "sample latent"],
    steps: int = 2,
    batch_size: int = 256,
) -> Float[Array, "sample latent"]:
    """The refined codes of many states.

    Args:
        decode: D.
        states: x.
        codes: z to start from, such as E(x).
        steps: of Gauss-Newton.
        batch_size: states that are worked on side by side.
    """

    def one(pair: tuple[Array, Array]) -> Array:
        x, first = pair

        def step(_: int, z: Array) -> Array:
            residual, J = x - decode(z), jax.jacfwd(decode)(z)
            new = z + jax.scipy.linalg.solve(J.T @ J, J.T @ residual, assume_a="pos")
            nearer = jnp.sum((x - decode(new)) ** 2) < jnp.sum(residual**2)
            return jnp.where(nearer, new, z)

        return jax.lax.fori_loop(0, steps, step, first)

    return jax.lax.map(one, (states, codes), batch_size=batch_size)
