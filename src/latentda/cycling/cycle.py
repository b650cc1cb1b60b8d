"""One finished cycle, and how a run of them is laid out in time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from jaxtyping import Float
from numpy import ndarray

from latentda.assimilation.feedback import feedback
from latentda.assimilation.first_guess import FirstGuess
from latentda.assimilation.intake import Intake
from latentda.grid import Time, hours_since_1970

Observe = Callable[[int], Any]
"""``observe(hours since 1970)`` -> the observations of a cycle: an observation table, or a data frame that is one."""


@dataclass(frozen=True, init=False)
class CycleSettings:
    """How long and how often.

    Attributes:
        start_hours: time of the first analysis, hours since 1970; given so, or as a date.
        cycles: number of analyses.
        interval_hours: time between them.

    Raises:
        UserError: a date that is none, or not on the hour.
    """

    start_hours: int
    cycles: int
    interval_hours: int = 12

    def __init__(self, start_hours: int | np.integer | Time, cycles: int, interval_hours: int = 12):
        whole = isinstance(start_hours, int | np.integer)
        hours = int(start_hours if whole else hours_since_1970(start_hours))  # type: ignore[arg-type]
        for name, value in (("start_hours", hours), ("cycles", cycles), ("interval_hours", interval_hours)):
            object.__setattr__(self, name, value)


@dataclass(frozen=True, eq=False)
class Cycle:
    """One finished cycle.

    Attributes:
        hours: analysis time, hours since 1970.
        background: physical units ``(channel, lat, lon)``.
        analysis: likewise.
        facts: used and refused data; cost before and after, J_o / p likewise, |grad J| at the end over that at the
            start, iterations, evaluations, how the minimisation ended.
        table: the observations with their verdicts; None for a cycle read from disk.
        first_guess: what they were screened against; likewise.
        intake: that screened them; likewise.
        carried: what the method hands on from here; None but for the last cycle of a window.
        spread: standard deviation of the analysis error, physical units, where the method knows it.
    """

    hours: int
    background: Float[ndarray, "channel lat lon"]
    analysis: Float[ndarray, "channel lat lon"]
    facts: dict[str, Any]
    table: pa.Table | None = None
    first_guess: FirstGuess | None = None
    intake: Intake | None = None
    carried: Any = None
    spread: Float[ndarray, "channel lat lon"] | None = None

    def feedback(self) -> pa.Table | None:
        """Every datum with what became of it; None for a cycle read from disk."""
        if self.table is None or self.first_guess is None or self.intake is None:
            return None
        return feedback(self.intake, self.table, self.hours, self.first_guess, self.analysis)
