"""The Lorenz-96 identical twin as data: the set-up, the methods, and the score to expect of each.

Truth and analysis use the same model (identical twin): 40 variables, F = 8, R = I, every variable observed. The
truth starts at N(e_1, 0.001 I), the first analysis is e_1; of 1,000 analyses the first 400 are not scored.

| method | observed every | background x_b | B | RMS error to expect |
| --- | --- | --- | --- | --- |
| optimal-interpolation | 6 h | climatological mean, every time | climatological covariance | 0.92-0.96 |
| 3d-var | 6 h | forecast from the last analysis | 0.2 I | 0.39-0.46 |
| 4d-var-window-1 | 24 h | likewise | 0.2 I | 0.44-0.48 |
| 4d-var-window-2 | 24 h | likewise | 0.1 I | 0.38-0.42 |

Optimal interpolation is memoryless here: the climatological covariance is the error covariance of the
climatological mean, so that mean is the background, and this reading gives the published 0.95 (a forecast with the
same K would score 0.91). Mean and covariance come from a long free run of the model, never from the truth that is
scored. All others minimise the one cost function of :mod:`latentda.assimilation.variational.cost`.

Windows: 4D-Var of window L changes the state L observation intervals before the newest observations, and the window
slides by one interval. It assimilates those newest ones alone, since the older ones have made its background: every
datum is used once (single data assimilation; Bocquet & Sakov 2013).

The bands hold for the mean of three seeds; one seed scatters by 0.015.

Sources: Lorenz and Emanuel (1998), doi 10.1175/1520-0469(1998)055<0399:OSFSWO>2.0.CO;2; Bocquet and Sakov (2013),
doi 10.5194/npg-20-803-2013; for settings and scores the DAPPER package, Raanes et al. (2024),
doi 10.21105/joss.05150.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from latentda.assimilation import CostFunction, GaussNewton, Instant, ObservationTerm, StrongConstraint, Window
from latentda.experiments.lorenz96.optimal_interpolation import gain
from latentda.fields import Standardizer, unit_standardizer
from latentda.forecast import Lorenz96
from latentda.operators import Diagonal, GridPoints
from latentda.priors import ModelSpacePrior


@dataclass(frozen=True)
class Lorenz96Twin:
    """The set-up.

    Attributes:
        model: the truth's and the forecast's model.
        cycles: number of analyses, one an observation interval.
        spinup_cycles: first analyses that are not scored.
        observation_variance: variance of the independent observation errors, R = variance I.
        initial_variance: variance of the truth about e_1 at the start.
        climatology_steps: length of the free run behind the climatology, in 6 h steps; the first
            tenth is dropped.
    """

    model: Lorenz96 = field(default_factory=Lorenz96)
    cycles: int = 1000
    spinup_cycles: int = 400
    observation_variance: float = 1.0
    initial_variance: float = 0.001
    climatology_steps: int = 20_000

    @property
    def start(self) -> Float[Array, "1 1 point"]:
        """e_1."""
        return jnp.zeros(self.model.layout.shape).at[0, 0, 0].set(1.0)


class Update(Protocol):
    """One analysis."""

    def __call__(
        self, forecast: Float[Array, "1 1 point"], observed: Float[Array, " point"]
    ) -> tuple[Float[Array, "1 1 point"], Float[Array, "1 1 point"]]:
        """x_b and x_a at the window's start, of the forecast to there and the observations y at its end."""


class MemorylessInterpolation(eqx.Module):
    """x_a = x_b + K (y - x_b) with a background x_b that is always the same.

    Attributes:
        mean: x_b.
        K: the gain of its error covariance.
    """

    mean: Float[Array, "1 1 point"]
    K: Float[Array, "point point"]

    def __call__(self, forecast: Array, observed: Array) -> tuple[Array, Array]:
        """The forecast is not used."""
        del forecast
        increment = self.K @ (observed - self.mean.ravel())
        return self.mean, self.mean + increment.reshape(self.mean.shape)


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

    def __call__(self, forecast: Array, observed: Array) -> tuple[Array, Array]:
        """The forecast is the background."""
        every = GridPoints(jnp.arange(observed.size))
        error = jnp.full_like(observed, self.error)
        term = ObservationTerm(every, observed, error, jnp.ones(observed.shape, bool))
        cost = CostFunction(self.prior, self.prior.anchor(forecast), self.window, (term,), self.standardizer, 0)
        minimum = self.minimiser.minimise(cost, cost.zero_control())
        return forecast, cost.state(minimum.control)


@dataclass(frozen=True)
class Method:
    """One row of the table.

    Attributes:
        settings: B and iterations in words.
        build: the analysis, for a set-up and the window's forecast.
        band: between which the mean error of three seeds must lie.
        published: the error in DAPPER's tables.
        observed_every: model steps between observations.
        window_intervals: observation intervals from the analysed state to the observations.
    """

    settings: str
    build: Callable[[Lorenz96Twin, Window], Update]
    band: tuple[float, float]
    published: float | None = None
    observed_every: int = 1
    window_intervals: int = 0

    def window(self, model: Lorenz96) -> Window:
        """M, from the analysed state to the observations."""
        hours = self.window_intervals * self.observed_every * model.step_hours
        return StrongConstraint(model, (hours,)) if hours else Instant()

    def inside(self, error: float) -> bool:
        """Whether an error lies in the band."""
        return self.band[0] <= error <= self.band[1]


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


METHODS: dict[str, Method] = {
    "optimal-interpolation": Method("B climatological", optimal_interpolation, (0.92, 0.96), 0.95),
    "3d-var": Method("B = 0.2 I", variational(0.2, outer_loops=1), (0.39, 0.46)),
    "4d-var-window-1": Method(
        "B = 0.2 I, 10 Gauss-Newton", variational(0.2, outer_loops=10), (0.44, 0.48), 0.46, 4, window_intervals=1
    ),
    "4d-var-window-2": Method(
        "B = 0.1 I, 10 Gauss-Newton", variational(0.1, outer_loops=10), (0.38, 0.42), 0.39, 4, window_intervals=2
    ),
}
"""The table, by name."""
