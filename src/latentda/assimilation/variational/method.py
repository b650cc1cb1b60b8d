"""Variational analysis: minimise the one cost function and report what it did.

One compiled function a combination of shapes: prior, model, climatology and observations are its arguments, never
closures, so a cycle compiles once, and other weights of a network or a model compile nothing anew.
"""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from latentda.assimilation.analysis import Analysis, AnalysisError, Result
from latentda.assimilation.carried import CarriedState, CarriesState
from latentda.assimilation.term import ObservationTerm
from latentda.assimilation.variational.cost import CostFunction
from latentda.assimilation.variational.minimise import Lbfgs, Minimiser, Minimum
from latentda.assimilation.variational.preconditioner import Preconditioner
from latentda.assimilation.variational.prior import Prior
from latentda.assimilation.variational.window import Instant, Window
from latentda.fields import Standardizer
from latentda.forecast import host_failures_told


class Variational(CarriesState):
    """3D-Var, 4D-Var and their latent forms: which one is the prior's and the window's choice.

    Attributes:
        prior: x(v).
        standardizer: between anomalies and physical fields.
        window: M_k; the identity by default.
        minimiser: the iteration.
        hand_on: whether a minimiser begins with what it learnt of the Hessian in the window before. It pays where
            Hessians stay alike: in three dimensions with stations that stay. In a window every day's flow makes another
            Hessian, and it costs iterations.
    """

    prior: Prior
    standardizer: Standardizer
    window: Window = Instant()
    minimiser: Minimiser = Lbfgs()
    hand_on: bool = eqx.field(static=True, default=False)

    @property
    def lead_hours(self) -> tuple[int, ...]:
        """Times of the window's slots after its start (h)."""
        return self.window.lead_hours

    @property
    def observes(self) -> bool:
        """It does."""
        return True

    def analyse(
        self, carried: CarriedState, observations: tuple[ObservationTerm, ...], start_hours: int
    ) -> tuple[Analysis, CarriedState]:
        """Combine the carried background with the observations of each slot; see :meth:`solve`."""
        background = jnp.asarray(self.first_guess(carried).background)
        anomaly = self.standardizer.to_anomaly(background, np.int32(start_hours))
        learnt = carried.learnt if self.hand_on and carried.learnt.direction.size else None
        analysis = self.solve(anomaly, observations, start_hours, learnt, hand_on=self.hand_on)
        return analysis, CarriedState.of(analysis.trajectory[-1], analysis.minimum.preconditioner)

    @host_failures_told()
    def solve(
        self,
        background: Float[Array, "*slot channel lat lon"],
        terms: tuple[ObservationTerm, ...],
        start_hours: int,
        preconditioner: Preconditioner | None = None,
        *,
        hand_on: bool = False,
    ) -> Analysis:
        """Combine a background (standardised anomalies at the window's start) with observations.

        Args:
            background: x_b; in 4DEnVar at every slot.
            terms: the observations of each slot of the window.
            start_hours: valid time of the background, hours since 1970.
            preconditioner: of an earlier analysis, ``analysis.minimum.preconditioner``.
            hand_on: whether what the minimiser learns of the Hessian is wanted, for a later analysis.

        Raises:
            AnalysisError: the background or an observation is not finite, or there is no slot.
            UserError: a model on the host has failed.
        """
        _require_finite(background, terms)
        hours = np.int32(start_hours)
        state, trajectory, minimum, before, after = self._solve(background, terms, hours, preconditioner, hand_on)
        background_fit, analysis_fit = ([np.asarray(d) for d in departures] for departures in (before, after))
        data = max(sum(int(np.sum(np.asarray(term.valid))) for term in terms), 1)
        result = Result(int(minimum.result))
        return Analysis(
            state, background, trajectory, result, background_fit, analysis_fit, _facts(minimum, result, data), minimum
        )

    def cost(
        self, background: Float[Array, "*slot channel lat lon"], terms: tuple[ObservationTerm, ...], start_hours: Any
    ) -> CostFunction:
        """J of one background and its observations; arguments as in :meth:`solve`."""
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


def _facts(minimum: Minimum, result: Result, data: int) -> dict[str, Any]:
    cost, norm = np.asarray(minimum.cost), np.asarray(minimum.gradient_norm)
    last = int(cost.argmin())
    return {
        "cost_background": float(cost[0]),
        "cost_analysis": float(cost[last]),
        "observation_cost_background": float(cost[0]) / data,
        "observation_cost_analysis": float(cost[last] - 0.5 * np.asarray(minimum.control_norm)[last] ** 2) / data,
        "gradient_reduction": float(norm[-1] / norm[0]) if 0.0 < norm[0] < np.inf else float(norm[0]),
        "iterations": int(minimum.iterations),
        "evaluations": int(minimum.evaluations[-1]),
        "result": result.name.lower(),
    }


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
