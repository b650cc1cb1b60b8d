"""Variational analysis: minimise the one cost function and report what it did.

One compiled function a combination of shapes: prior, model, climatology and observations are its arguments, never
closures, so a cycle compiles once, and other weights of a network or a model compile nothing anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Array, Float
from numpy import ndarray

from latentda.assimilation.variational.cost import CostFunction, ObservationTerm
from latentda.assimilation.variational.minimise import Lbfgs, Minimiser, Minimum, Result
from latentda.assimilation.variational.preconditioner import Preconditioner
from latentda.assimilation.variational.prior import Prior
from latentda.assimilation.variational.window import Instant, Window
from latentda.fields import Standardizer
from latentda.user_error import UserError


class AnalysisError(UserError):
    """An analysis that cannot be made, said in one sentence."""


@dataclass(frozen=True, eq=False)
class Analysis:
    """The outcome of one analysis.

    Attributes:
        state: x_a, standardised anomalies ``(channel, lat, lon)``.
        background: x_b, likewise.
        trajectory: the analysis at the window's slots, physical units.
        minimum: control vector, costs, gradient norms, iterations.
        result: how the minimisation ended; ``result.advice`` says what to do.
        observation_background: R^(-1/2) (H(x_b) - y) a slot.
        observation_analysis: R^(-1/2) (H(x_a) - y) a slot.
    """

    state: Float[Array, "channel lat lon"]
    background: Float[Array, "channel lat lon"]
    trajectory: Float[Array, "slot channel lat lon"]
    minimum: Minimum
    result: Result
    observation_background: list[ndarray]
    observation_analysis: list[ndarray]

    @property
    def increment(self) -> Float[Array, "channel lat lon"]:
        """x_a - x_b."""
        return self.state - self.background


class Variational(eqx.Module):
    """3D-Var, 4D-Var and their latent forms: which one is the prior's and the window's choice.

    Attributes:
        prior: x(v).
        standardizer: between anomalies and physical fields.
        window: M_k; the identity by default.
        minimiser: the iteration.
    """

    prior: Prior
    standardizer: Standardizer
    window: Window = Instant()
    minimiser: Minimiser = Lbfgs()

    def analyse(
        self,
        background: Float[Array, "channel lat lon"],
        terms: tuple[ObservationTerm, ...],
        start_hours: int,
        preconditioner: Preconditioner | None = None,
        *,
        hand_on: bool = False,
    ) -> Analysis:
        """Combine a background (standardised anomalies at the window's start) with observations.

        Args:
            background: x_b.
            terms: the observations of each slot of the window.
            start_hours: valid time of the background, hours since 1970.
            preconditioner: of an earlier analysis, ``analysis.minimum.preconditioner``.
            hand_on: whether what the minimiser learns of the Hessian is wanted, for a later analysis.

        Raises:
            AnalysisError: the background or an observation is not finite, or there is no slot.
        """
        _require_finite(background, terms)
        hours = np.int32(start_hours)
        state, trajectory, minimum, before, after = self._solve(background, terms, hours, preconditioner, hand_on)
        result = Result(int(minimum.result))
        return Analysis(
            state,
            background,
            trajectory,
            minimum,
            result,
            [np.asarray(d) for d in before],
            [np.asarray(d) for d in after],
        )

    def cost(
        self, background: Float[Array, "channel lat lon"], terms: tuple[ObservationTerm, ...], start_hours: Any
    ) -> CostFunction:
        """J of one background and its observations; arguments as in :meth:`analyse`."""
        anchor = self.prior.anchor(background)
        return CostFunction(self.prior, anchor, self.window, terms, self.standardizer, start_hours)

    @eqx.filter_jit
    def _solve(
        self,
        background: Array,
        terms: tuple[ObservationTerm, ...],
        hours: Any,
        preconditioner: Preconditioner | None,
        hand_on: bool,
    ) -> tuple[Array, Array, Minimum, list[Array], list[Array]]:
        cost = self.cost(background, terms, hours)
        minimum = self.minimiser.minimise(cost, cost.zero_control(), preconditioner, hand_on=hand_on)
        trajectory = cost.trajectory(minimum.control)
        before, after = cost.departures(cost.forecast(background)), cost.departures(trajectory)
        return cost.state(minimum.control), trajectory, minimum, before, after


def _require_finite(background: Array, terms: tuple[ObservationTerm, ...]) -> None:
    if not terms:
        raise AnalysisError("An analysis needs at least one slot of observations; it may be empty.")
    if not bool(jax.numpy.isfinite(background).all()):
        raise AnalysisError("The background holds NaN or infinity; repair the forecast before it.")
    for term in terms:
        value, error = np.asarray(term.value), np.asarray(term.error)
        good = np.isfinite(value) & np.isfinite(error) & (error > 0)
        if not np.all(good | ~np.asarray(term.valid)):
            raise AnalysisError("An observation or its error is NaN, infinite or not positive.")
