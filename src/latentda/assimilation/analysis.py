"""What an analysis gives, whatever made it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from jaxtyping import Array, Float
from numpy import ndarray

from latentda.user_error import UserError


class AnalysisError(UserError):
    """An analysis that cannot be made, said in one sentence."""


class Result(IntEnum):
    """How an analysis ended."""

    CONVERGED = 0
    ITERATIONS_SPENT = 1
    NOT_FINITE = 2

    @property
    def advice(self) -> str:
        """What to do about it."""
        return {
            Result.CONVERGED: "converged",
            Result.ITERATIONS_SPENT: "the gradient is still above its tolerance: allow more iterations",
            Result.NOT_FINITE: "the cost became NaN or infinite: check the observations and the background",
        }[self]


@dataclass(frozen=True, eq=False)
class Analysis:
    """The outcome of one analysis.

    Attributes:
        state: x_a at the window's start, or in 4DEnVar at its slots, standardised anomalies.
        background: x_b, likewise.
        trajectory: the analysis at the window's slots, physical units.
        result: how it ended; ``result.advice`` says what to do.
        observation_background: R^(-1/2) (H(x_b) - y) a slot.
        observation_analysis: R^(-1/2) (H(x_a) - y) a slot.
        facts: plain values that its method tells of it: costs, iterations.
        minimum: control vector, costs, gradient norms, of a minimisation.
        members: of an ensemble at the window's last slot, physical units, where the method has them.
        spread: standard deviation of the analysis error at the slots, physical units, where the method knows it.
    """

    state: Float[Array, "*slot channel lat lon"]
    background: Float[Array, "*slot channel lat lon"]
    trajectory: Float[Array, "slot channel lat lon"]
    result: Result
    observation_background: list[ndarray]
    observation_analysis: list[ndarray]
    facts: Mapping[str, Any] = field(default_factory=dict)
    minimum: Any = None
    members: Float[Array, "member channel lat lon"] | None = None
    spread: Float[Array, "slot channel lat lon"] | None = None

    @property
    def increment(self) -> Float[Array, "*slot channel lat lon"]:
        """x_a - x_b."""
        return self.state - self.background
