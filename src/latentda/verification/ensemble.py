"""Is an ensemble's spread the size of its error, and is the truth one of its members?

    ratio = ( (K + 1) / K  sum w var_K  /  sum w (mean - truth)^2 )^(1/2)

over all points and cases, var_K with K - 1 in the denominator and w the area: 1 for an ensemble of K members from whose
distribution the truth is drawn. The rank of the truth among K members is then uniform on 0 ... K.

Source: Fortin et al. (2014), doi 10.1175/JHM-D-14-0008.1; Hamill (2001), doi
10.1175/1520-0493(2001)129<0550:IORHFV>2.0.CO;2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from latentda.grid import Layout
from latentda.user_error import UserError


@dataclass(frozen=True, eq=False)
class EnsembleSums:
    """Area-weighted sums of some cases, a row a channel.

    Attributes:
        variance: sum of (K + 1) / K var_K.
        square: sum of squared errors of the mean.
        ranks: share of points, by rank of the truth.
        cases: how many.
    """

    variance: Float[ndarray, " channel"]
    square: Float[ndarray, " channel"]
    ranks: Float[ndarray, "channel rank"]
    cases: int

    @property
    def ratio(self) -> Float[ndarray, " channel"]:
        """Spread over error."""
        return np.sqrt(self.variance / self.square)

    @property
    def frequencies(self) -> Float[ndarray, "channel rank"]:
        """Of the ranks; their sum is 1."""
        return self.ranks / self.cases


def ensemble_sums(
    members: Float[ndarray, "member channel lat lon"], truth: Float[ndarray, "channel lat lon"], layout: Layout
) -> EnsembleSums:
    """The sums of one case.

    Raises:
        UserError: fewer than two members.
    """
    count = len(members)
    if count < 2:
        raise UserError(f"A spread needs at least two members; got {count}.")
    area = layout.grid.area_weights / layout.grid.area_weights.sum()
    members = np.asarray(members, np.float64)
    variance = (count + 1) / count * members.var(axis=0, ddof=1)
    square = (members.mean(axis=0) - truth) ** 2
    rank = np.sum(members < truth, axis=0)
    ranks = np.stack([np.sum(area * (rank == k), axis=(1, 2)) for k in range(count + 1)], axis=1)
    return EnsembleSums(np.sum(area * variance, axis=(1, 2)), np.sum(area * square, axis=(1, 2)), ranks, 1)


def merge_ensembles(parts: Sequence[EnsembleSums]) -> EnsembleSums:
    """The sums of all cases together."""

    def add(one: EnsembleSums, other: EnsembleSums) -> EnsembleSums:
        return EnsembleSums(
            one.variance + other.variance, one.square + other.square, one.ranks + other.ranks, one.cases + other.cases
        )

    return reduce(add, parts)
