"""The first guess at appropriate time: the background at the times of the observations, not of the analysis only.

    y - H( x_b(t) ),    x_b(t) linear between the forecasts to t_a + offset_k,

for a datum of time t. In a three-dimensional analysis the increment is taken as constant over the window,

    H_t(x) = H(x) + c,    c = H( x_b(t) ) - H( x_b(t_a) ),

so the term of the cost is the usual one of the data y - c.

Source: Fisher & Andersson (2001), ECMWF Technical Memorandum 347, doi 10.21957/3gi2z6zi5; Lorenc & Rawlins (2005),
doi 10.1256/qj.04.106.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy import ndarray


@dataclass(frozen=True, eq=False)
class FirstGuess:
    """x_b around an analysis time.

    Attributes:
        states: physical units.
        offsets: their times relative to the analysis (h), increasing, 0 among them.

    Raises:
        ValueError: offsets that do not rise, without 0, or of another number than states.
    """

    states: Float[ndarray, "slot channel lat lon"]
    offsets: tuple[float, ...] = (0,)

    def __post_init__(self) -> None:
        if len(self.offsets) != len(self.states) or 0 not in self.offsets or (np.diff(self.offsets) <= 0).any():
            raise ValueError(
                f"A first guess has a state at each of some rising times around 0; got {len(self.states)} states at "
                f"{self.offsets} h."
            )

    @classmethod
    def instant(cls, background: Float[ndarray, "channel lat lon"]) -> FirstGuess:
        """A background known at the analysis time alone."""
        return cls(background[None])

    @property
    def background(self) -> Float[ndarray, "channel lat lon"]:
        """x_b(t_a)."""
        return self.states[self.offsets.index(0)]

    def interpolate(
        self, equivalents: Float[ndarray, "slot row"], hours: Float[ndarray, " row"]
    ) -> Float[ndarray, " row"]:
        """H(x_b(t)) of rows from those of every state; times beyond the first and last state take these.

        Args:
            equivalents: H(x_b) at every offset.
            hours: t - t_a of the rows.
        """
        if len(self.offsets) == 1:
            return equivalents[0]
        offsets = np.asarray(self.offsets, float)
        later = np.clip(np.searchsorted(offsets, hours, side="right"), 1, len(offsets) - 1)
        weight = np.clip((hours - offsets[later - 1]) / (offsets[later] - offsets[later - 1]), 0.0, 1.0)
        rows = np.arange(len(hours))
        before, after = equivalents[later - 1, rows], equivalents[later, rows]
        # A weight of one or zero takes nothing from the other state, which may have no equivalent.
        return np.where(weight == 0.0, before, np.where(weight == 1.0, after, before + weight * (after - before)))
