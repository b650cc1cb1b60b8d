"""Given pairs of states to learn differences from: forecasts of unlike lead, valid at one time.

Their differences are samples of forecast error itself (see :mod:`latentda.priors.nmc`), where two states half a day
apart in a store only have its size. A batch of B states then is B / 2 single states of the store and B / 4 pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from latentda.user_error import UserError


@dataclass(frozen=True, eq=False)
class GivenPairs:
    """Pairs in memory, in order of time.

    Attributes:
        states: standardised anomalies, any floating type.
    """

    states: Float[ndarray, "pair 2 channel lat lon"]

    def split(self, held_out: float = 0.1) -> tuple[GivenPairs, GivenPairs]:
        """The pairs to train on, and the last ones, to score on.

        Raises:
            UserError: fewer than two pairs.
        """
        count = len(self.states)
        if count < 2:
            raise UserError(f"Learning from pairs of states needs at least two; got {count}.")
        cut = count - max(1, round(held_out * count))
        return GivenPairs(self.states[:cut]), GivenPairs(self.states[cut:])

    def batch(self, size: int, seed: int, step: int) -> Float[ndarray, "pair 2 channel lat lon"]:
        """The pairs of a step, float32: every epoch a fresh permutation."""
        place = step * size + np.arange(size)
        epochs, within = np.divmod(place, len(self.states))
        order = {e: np.random.default_rng([seed, e]).permutation(len(self.states)) for e in np.unique(epochs)}
        chosen = [order[e][i] for e, i in zip(epochs, within, strict=True)]
        return self.states[chosen].astype(np.float32)

    def pieces(self, length: int = 4) -> Iterator[Float[ndarray, "pair 2 channel lat lon"]]:
        """All pairs in order, a few at a time, float32."""
        for first in range(0, len(self.states), length):
            yield self.states[first : first + length].astype(np.float32)


@dataclass(frozen=True, eq=False)
class StatesAndPairs:
    """``batches(step)`` -> (single states of a store, given pairs).

    Attributes:
        states: batches of single states.
        pairs: the given pairs.
        count: pairs a step.
        seed: of their order.
    """

    states: Callable[[int], ndarray]
    pairs: GivenPairs
    count: int
    seed: int

    def __call__(self, step: int) -> tuple[ndarray, ndarray]:
        """The batch of a step."""
        return self.states(step), self.pairs.batch(self.count, self.seed, step)
