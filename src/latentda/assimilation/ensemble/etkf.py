"""The ensemble transform Kalman filter, and what every ensemble analysis is.

    x_a,k = x_b + sum_j X'_j ( w_j / (N - 1)^(1/2) + T_jk )

w and T are those of :mod:`latentda.assimilation.ensemble.transform`, of all data at once. For a linear H the mean is
that of the Kalman filter with the members' covariance P, and so is the covariance, (I - K H) P.

Source: Bishop et al. (2001), doi 10.1175/1520-0493(2001)129<0420:ASWTET>2.0.CO;2.
"""

from __future__ import annotations

from typing import Protocol

import equinox as eqx
from jaxtyping import Array, Float, PRNGKeyArray

from latentda.assimilation.ensemble.transform import ensemble_transform


class EnsembleAnalysis(Protocol):
    """Members of the background and their departures in, members of the analysis out."""

    def __call__(
        self,
        members: Float[Array, "member ..."],
        departures: Float[Array, "member datum"],
        key: PRNGKeyArray,
    ) -> Float[Array, "member ..."]:
        """One analysis.

        Args:
            members: x_k.
            departures: R^(-1/2) (H(x_k) - y) of each.
            key: for what is drawn, if anything.
        """


class ETKF(eqx.Module):
    """The global transform."""

    def __call__(self, members: Array, departures: Array, key: PRNGKeyArray | None = None) -> Array:
        """Nothing is drawn."""
        del key
        return ensemble_transform(departures).apply(members)
