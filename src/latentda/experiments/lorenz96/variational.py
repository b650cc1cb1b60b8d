"""Optimal interpolation, 3D-Var and 4D-Var on Lorenz-96.

Optimal interpolation is memoryless here: the climatological covariance is the error covariance of the
climatological mean, so that mean is the background, and this reading gives the published 0.95 (a forecast with the
same K would score 0.91). Mean and covariance come from a long free run of the model, never from the truth that is
scored. All others minimise the one cost function of :mod:`latentda.assimilation.variational.cost`.

Windows: 4D-Var of window L changes the state L observation intervals before the newest observations, and the window
slides by one interval. It assimilates those newest ones alone, since the older ones have made its background: every
datum is used once (single data assimilation; Bocquet & Sakov 2013).

Source: Bocquet and Sakov (2013), doi 10.5194/npg-20-803-2013.
"""

from __future__ import annotations

from collections.abc import Callable

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from latentda.assimilation import CostFunction, GaussNewton, Window
from latentda.experiments.lorenz96.optimal_interpolation import gain
from latentda.experiments.lorenz96.setup import Lorenz96Twin, Method, observe
from latentda.fields import Standardizer, unit_standardizer
from latentda.operators import Diagonal
from latentda.priors import ModelSpacePrior


class MemorylessInterpolation(eqx.Module):
    """x_a = x_b + K (y - x_b) with a background x_b that is always the same.

    Attributes:
        mean: x_b.
        K: the gain of its error covariance.
    """

    mean: Float[Array, "1 1 point"]
    K: Float[Array, "point point"]

    def __call__(self, forecast: Array, observed: Array, key: PRNGKeyArray) -> tuple[Array, Array]:
        """The forecast is not used."""
        del forecast, key
        increment = self.K @ (observed - self.mean.ravel())
        return self.mean[None], (self.mean + increment.reshape(self.mean.shape))[None]


class VariationalUpdate(eqx.Module):
    """x_a = x(v*) of the cost with one slot of observations, at the window's end.

    Attributes:
        prior: x(v).
        window: M.
        minimiser: the iteration.
        error: standard deviation of the observations.
        standardizer: the identity.
    """

    prior: ModelSpacePrior
    window: Window
    minimiser: GaussNewton = eqx.field(static=True)
    error: float = eqx.field(static=True)
    standardizer: Standardizer

    def __call__(self, forecast: Array, observed: Array, key: PRNGKeyArray) -> tuple[Array, Array]:
        """The forecast is the background."""
        del key
        term = observe(observed, self.error)
        cost = CostFunction(self.prior, self.prior.anchor(forecast[0]), self.window, (term,), self.standardizer, 0)
        minimum = self.minimiser.minimise(cost, cost.zero_control())
        return forecast, cost.state(minimum.control)[None]


def optimal_interpolation(twin: Lorenz96Twin, window: Window) -> MemorylessInterpolation:
    """Climatological mean and covariance of a long free run."""
    del window
    steps = range(twin.climatology_steps // 10, twin.climatology_steps)
    states = twin.model.propagate(twin.start, 0, tuple(twin.model.step_hours * step for step in steps))
    H = jnp.eye(twin.model.points)
    K = gain(jnp.cov(states[:, 0, 0].T), H, twin.observation_variance * H)
    return MemorylessInterpolation(states.mean(axis=0), K)


def variational(background_variance: float, outer_loops: int) -> Callable[[Lorenz96Twin, Window], VariationalUpdate]:
    """B = variance I about the forecast; every linear problem is solved to the end, as DAPPER does in closed form."""

    def build(twin: Lorenz96Twin, window: Window) -> VariationalUpdate:
        layout = twin.model.layout
        prior = ModelSpacePrior(Diagonal(jnp.full(layout.shape, background_variance**0.5)))
        # Conjugate gradients end after as many products as there are points.
        minimiser = GaussNewton(outer_loops * twin.model.points, outer_loops, tolerance=1e-3)
        return VariationalUpdate(prior, window, minimiser, twin.observation_variance**0.5, unit_standardizer(layout))

    return build


VARIATIONAL: dict[str, Method] = {
    "optimal-interpolation": Method("B climatological", optimal_interpolation, (0.92, 0.96), 0.95),
    "3d-var": Method("B = 0.2 I", variational(0.2, outer_loops=1), (0.39, 0.46)),
    "4d-var-window-1": Method(
        "B = 0.2 I, 10 Gauss-Newton", variational(0.2, outer_loops=10), (0.44, 0.48), 0.46, 4, window_intervals=1
    ),
    "4d-var-window-2": Method(
        "B = 0.1 I, 10 Gauss-Newton", variational(0.1, outer_loops=10), (0.38, 0.42), 0.39, 4, window_intervals=2
    ),
}
"""Rows of the table, by name."""
