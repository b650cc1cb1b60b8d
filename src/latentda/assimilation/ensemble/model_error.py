"""A model error estimated from a model's own one-step errors.

    e_i = x_(i+1) - M(x_i),     Q = 1/n sum_i e_i e_i^T = V L V^T,     Q^(1/2) = V L^(1/2)

x_i are states that the model has not been fitted to, a step apart. The mean of e counts as error: a filter that takes
out no bias must expect it. For a model in latent space x_i are codes, of a truth that has noise of its own where the
world has: then Q holds both the surrogate's error and the noise. An estimate needs more samples than Q has dimensions.
"""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Float

from latentda.assimilation.ensemble.roots import full_precision


def estimated_model_error(errors: Float[Array, "sample number"]) -> Float[Array, "column number"]:
    """The columns of Q^(1/2), the largest first, as :func:`add_model_error` takes them.

    Args:
        errors: e.
    """
    with full_precision():
        return covariance_root(errors.T @ errors / len(errors))


def covariance_root(
    covariance: Float[Array, "number number"], columns: int | None = None
) -> Float[Array, "column number"]:
    """The columns V L^(1/2) of a covariance, the largest first.

    Args:
        covariance: symmetric; what rounding leaves below zero counts as zero.
        columns: how many of them; without it all.
    """
    values, vectors = jnp.linalg.eigh(covariance)
    return (jnp.sqrt(jnp.maximum(values, 0.0)) * vectors).T[::-1][:columns]
