"""The local ensemble transform Kalman filter: every number of the state has a transform of its own.

    x_a,k(i) = x_b(i) + sum_j X'_j(i) W^i_jk,    W^i of the departures with the taper rho_i of all data about i

Data far from i do not reach it, so that spurious correlations of few members do not either. Here the tapers are a dense
matrix ``(point, datum)``: for systems whose points all see most of the data.

Source: Hunt et al. (2007), doi 10.1016/j.physd.2006.11.008.
"""

from __future__ import annotations

import equinox as eqx
import jax
from jaxtyping import Array, Float, PRNGKeyArray

from latentda.assimilation.ensemble.transform import ensemble_transform


class LETKF(eqx.Module):
    """Local transforms.

    Attributes:
        taper: rho.
    """

    taper: Float[Array, "point datum"]

    def __call__(self, members: Array, departures: Array, key: PRNGKeyArray | None = None) -> Array:
        """Nothing is drawn; the states have as many numbers as the taper has points."""
        del key
        flat = members.reshape(len(members), -1)
        return local_analysis(flat, departures, self.taper).reshape(members.shape)


def local_analysis(
    members: Float[Array, "member point"],
    departures: Float[Array, "member datum"],
    taper: Float[Array, "point datum"],
) -> Float[Array, "member point"]:
    """All points side by side.

    Args:
        members: x_k.
        departures: R^(-1/2) (H(x_k) - y) of each.
        taper: weights of the data at each point, 0 to 1.
    """

    def one(column: Array, weight: Array) -> Array:
        return ensemble_transform(departures, weight).apply(column)

    return jax.vmap(one, in_axes=(1, 0), out_axes=1)(members, taper)
