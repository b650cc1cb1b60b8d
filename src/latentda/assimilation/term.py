"""Observation terms: what every analysis asks of the data of one time, R^(-1/2) (H(x) - y).

R is diagonal, or correlated along the ascents of soundings. With a Huber limit the square of a datum's misfit becomes
the Huber norm in the cost.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from latentda.assimilation.places import Places
from latentda.assimilation.robust import huber_residual
from latentda.observations import VerticalCorrelation
from latentda.user_error import UserError


class ObservationOperator(Protocol):
    """H on a physical state; needs no more than this."""

    def __call__(self, state: Float[Array, "channel lat lon"]) -> Float[Array, " datum"]:
        """The model's equivalents of the data."""


class ObservationTerm(eqx.Module):
    """The data of one slot of the window: H, y, the diagonal of R, and which rows are real data.

    Attributes:
        operator: H.
        value: y, in the data's units.
        error: standard deviations of R, the same units.
        valid: False for padding.
        correlation: of errors within soundings; without it R is diagonal.
        huber_limit: departures beyond so many standard deviations are taken for suspect; infinite: none is.
        places: where the data are, for methods that localise.
    """

    operator: ObservationOperator
    value: Float[Array, " datum"]
    error: Float[Array, " datum"]
    valid: Bool[Array, " datum"]
    correlation: VerticalCorrelation | None = None
    huber_limit: float = eqx.field(default=float("inf"), static=True)
    places: Places | None = None

    def departure(self, state: Float[Array, "channel lat lon"]) -> Float[Array, " datum"]:
        """R^(-1/2) (H(x) - y); zero for padding."""
        # A zero error in padding would make the gradient NaN even though the value is not taken.
        error = jnp.where(self.valid, self.error, 1.0)
        departure = jnp.where(self.valid, (self.operator(state) - self.value) / error, 0.0)
        return departure if self.correlation is None else self.correlation.whiten(departure)

    def residual(self, departure: Float[Array, " datum"]) -> Float[Array, " datum"]:
        """What is squared in the cost: the departure, or its Huber residual."""
        return departure if self.huber_limit == float("inf") else huber_residual(departure, self.huber_limit)

    @property
    def independent_and_gaussian(self) -> bool:
        """Whether the cost is that of independent Gaussian errors: no correlation, no Huber limit."""
        return self.correlation is None and self.huber_limit == float("inf")


def require_independent_gaussian(terms: Iterable[ObservationTerm], what: str) -> None:
    """Refuse terms whose data do not err independently and Gaussian.

    Args:
        terms: the observations.
        what: needs them so, in plural, to begin the sentence with.

    Raises:
        UserError: there is a correlation or a Huber limit.
    """
    if not all(term.independent_and_gaussian for term in terms):
        raise UserError(
            f"{what} are known for independent Gaussian errors of observations: leave out correlations and Huber limit."
        )
