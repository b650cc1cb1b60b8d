"""Forecast sensitivity to observations: what each datum did to the error of a forecast.

    e(x) = (M(x) - x_t)^T C (M(x) - x_t),        e(x_a) - e(x_b)  ~  sum_i I_i,

with the increment dv = (I + T^T T)^(-1) T^T d of the linear problem at the background, d = R^(-1/2) (y - H(x_b)),
and X = dx/dv:

    g = 1/2 (grad e(x_a) + grad e(x_b))          both by the adjoint of the forecast
    (I + T^T T) w = X^T g                        by conjugate gradients
    I_i = d_i (T w)_i                            negative: the datum made the forecast better

One adjoint forecast from each of the two states, and one more solution of the analysis' own linear problem: no
forecast without the datum is made. The mean of both gradients makes the sum exact to the third order in the increment.

Source: Langland & Baker (2004), doi 10.3402/tellusa.v56i3.14413; the order: Errico (2007),
doi 10.1111/j.1600-0870.2006.00217.x.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jax.typing import ArrayLike
from jaxtyping import Array, Float
from numpy import ndarray

from latentda.assimilation.analysis import Analysis
from latentda.assimilation.term import ObservationTerm, require_independent_gaussian
from latentda.assimilation.variational.hessian import linearise
from latentda.assimilation.variational.method import Variational
from latentda.fields import Standardizer
from latentda.forecast import ForecastModel, host_failures_told, name_of, require_derivative
from latentda.user_error import UserError

ITERATIONS, TOLERANCE = 100, 1e-4
"""Of the conjugate gradients for w."""


@dataclass(frozen=True, eq=False)
class Impact:
    """The outcome, in the units of e.

    Attributes:
        data: I_i, an array a slot; zero for padding.
        background_error: e(x_b).
        analysis_error: e(x_a).
    """

    data: list[ndarray]
    background_error: float
    analysis_error: float

    @property
    def explained(self) -> float:
        """The data's sum, over the change of e that it stands for."""
        return sum(float(np.sum(part)) for part in self.data) / (self.analysis_error - self.background_error)


@host_failures_told()
def impact(
    method: Variational,
    analysis: Analysis,
    terms: tuple[ObservationTerm, ...],
    start_hours: int,
    *,
    model: ForecastModel,
    lead_hours: int,
    truth: Float[ArrayLike, "channel lat lon"],
    weight: Float[ArrayLike, "channel lat lon"],
) -> Impact:
    """The impact of every datum of an analysis on the forecast from its time.

    Args:
        method: the one that made the analysis.
        analysis: its outcome.
        terms: the observations it was made of.
        start_hours: valid time of the background, hours since 1970.
        model: of the forecast.
        lead_hours: of the forecast, from ``start_hours`` on.
        truth: x_t, physical units: a later analysis, or in a twin the truth.
        weight: the diagonal of C, physical units to the power -2.

    Raises:
        UserError: terms with correlated errors or a Huber limit, whose data have no impact of their own here; or
            a model that has no derivative, has failed, or whose forecast is not finite; or an analysis at all slots.
    """
    if analysis.state.ndim > 3:
        raise UserError("The impact of data is told of analyses of one state, not of a state at every slot (4DEnVar).")
    require_independent_gaussian(terms, "Impacts of data")
    energy = ForecastError(model, lead_hours, jnp.asarray(truth), jnp.asarray(weight), method.standardizer)
    states = analysis.background, analysis.state
    data, before, after = _impact(method, *states, terms, energy, np.int32(start_hours))
    if not np.isfinite([before, after]).all():
        raise UserError(f"{name_of(model)} gives no finite forecast {lead_hours} h ahead that data could have changed.")
    return Impact([np.asarray(part) for part in data], float(before), float(after))


def require_impact(model: ForecastModel) -> None:
    """Refuse a model that the impact of data cannot be told with.

    Raises:
        UserError: it has no derivative.
    """
    require_derivative(model, "the impact of data is told with persistence instead")


class ForecastError(eqx.Module):
    """e of a state of standardised anomalies.

    Raises:
        UserError: a model without a derivative.
    """

    model: ForecastModel
    lead_hours: int = eqx.field(static=True)
    truth: Float[Array, "channel lat lon"]
    weight: Float[Array, "channel lat lon"]
    standardizer: Standardizer

    def __check_init__(self) -> None:
        require_impact(self.model)

    def __call__(self, state: Float[Array, "channel lat lon"], start_hours: Any) -> Float[Array, ""]:
        """e(x)."""
        physical = self.standardizer.to_physical(state, start_hours)
        forecast = self.model.propagate(physical, start_hours, (self.lead_hours,))[0]
        return jnp.sum(self.weight * (forecast - self.truth) ** 2)


@eqx.filter_jit
def _impact(
    method: Variational,
    background: Array,
    state: Array,
    terms: tuple[ObservationTerm, ...],
    energy: ForecastError,
    hours: Any,
) -> tuple[list[Array], Array, Array]:
    cost = method.cost(background, terms, hours)
    zero, unflatten = ravel_pytree(cost.zero_control())
    (before, at_background), (after, at_analysis) = (jax.value_and_grad(energy)(x, hours) for x in (background, state))
    sensitivity = 0.5 * (at_background + at_analysis)
    (wanted,) = jax.vjp(lambda v: cost.state(unflatten(v)), zero)[1](sensitivity)
    linear = linearise(lambda v: cost.residual(unflatten(v)), zero)
    solution, _ = jax.scipy.sparse.linalg.cg(linear.hessian, wanted, tol=TOLERANCE, maxiter=ITERATIONS)
    _, pull = linear.tangent(solution)
    departures = cost.departures(cost.forecast(background))
    return [-d * p for d, p in zip(departures, pull, strict=True)], before, after
