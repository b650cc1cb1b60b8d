"""A code of a linear map and a residual network of one number at a time.

    p(h)_i = h_i + sum_f v_if silu(u_f h_i + b_f)

    E(x) = A p_e( asinh(4 x) ) + a,     D(z) = p_d( C z + c )

u and b are shared by all numbers, v is each number's own. Such a decoder can be exact where a state is a linear map
followed by a function of each number alone, and there it is far better than dense layers of the same size; that a state
is so is knowledge of the problem. v starts at zero: training starts from a linear decoder.
"""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray


class Pointwise(eqx.Module):
    """p.

    Attributes:
        u: slopes.
        b: offsets.
        v: what each number makes of every feature.
    """

    u: Float[Array, " feature"]
    b: Float[Array, " feature"]
    v: Float[Array, "feature point"]

    def __init__(self, points: int, features: int, key: PRNGKeyArray):
        slopes, offsets = jax.random.split(key)
        self.u = 2.0 * jax.random.normal(slopes, (features,))
        self.b = 2.0 * jax.random.normal(offsets, (features,))
        self.v = jnp.zeros((features, points))

    def __call__(self, h: Float[Array, " point"]) -> Float[Array, " point"]:
        """p(h)."""
        # One feature after the other: no array of points times features is made.
        changes = (v * jax.nn.silu(u * h + b) for u, b, v in zip(self.u, self.b, self.v, strict=True))
        return h + sum(changes)


class PointwiseCode(eqx.Module):
    """E and D of vectors.

    Attributes:
        before: p_e.
        inward: A, a.
        outward: C, c.
        after: p_d.
    """

    before: Pointwise
    inward: eqx.nn.Linear
    outward: eqx.nn.Linear
    after: Pointwise

    def __init__(self, points: int, latent: int, features: int, key: PRNGKeyArray):
        keys = jax.random.split(key, 4)
        self.before = Pointwise(points, features, keys[0])
        self.inward = eqx.nn.Linear(points, latent, key=keys[1])
        self.outward = eqx.nn.Linear(latent, points, key=keys[2])
        self.after = Pointwise(points, features, keys[3])

    def encode(self, x: Float[Array, " point"]) -> Float[Array, " latent"]:
        """E(x)."""
        return self.inward(self.before(jnp.arcsinh(4.0 * x)))

    def decode(self, z: Float[Array, " latent"]) -> Float[Array, " point"]:
        """D(z)."""
        return self.after(self.outward(z))
