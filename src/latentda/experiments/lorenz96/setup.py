"""The Lorenz-96 identical twin as data: the set-up, and what a row of the table is.

Truth and analysis use the same model (identical twin): 40 variables, F = 8, R = I, every variable observed. The
truth starts at N(e_1, 0.001 I), the first analysis is e_1, or members drawn like the truth; of 1,000 analyses the first
400 are not scored.

Sources: Lorenz and Emanuel (1998), doi 10.1175/1520-0469(1998)055<0399:OSFSWO>2.0.CO;2; settings as in the DAPPER
package, Raanes et al. (2024), doi 10.21105/joss.05150.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from latentda.assimilation import Instant, ObservationTerm, StrongConstraint, Window
from latentda.forecast import Lorenz96
from latentda.operators import GridPoints


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

    def draw_start(self, key: PRNGKeyArray, shape: tuple[int, ...] = ()) -> Float[Array, "... 1 1 point"]:
        """N(e_1, initial_variance I)."""
        return self.start + jnp.sqrt(self.initial_variance) * jax.random.normal(key, (*shape, *self.start.shape))


class Update(Protocol):
    """One analysis of members; a state is an ensemble of one."""

    def __call__(
        self, forecast: Float[Array, "member 1 1 point"], observed: Float[Array, " point"], key: PRNGKeyArray
    ) -> tuple[Float[Array, "member 1 1 point"], Float[Array, "member 1 1 point"]]:
        """Background and analysis at the window's start.

        Args:
            forecast: from the analysis before to there.
            observed: y, at the window's end.
            key: for what is drawn.
        """


@dataclass(frozen=True)
class Method:
    """One row of the table.

    Attributes:
        settings: of the method, in words.
        build: the analysis, for a set-up and the window's forecast.
        band: between which the mean error of three seeds must lie.
        published: the error in DAPPER's tables.
        observed_every: model steps between observations.
        window_intervals: observation intervals from the analysed state to the observations.
        members: how many states are carried from cycle to cycle.
    """

    settings: str
    build: Callable[[Lorenz96Twin, Window], Update]
    band: tuple[float, float]
    published: float | None = None
    observed_every: int = 1
    window_intervals: int = 0
    members: int = 1

    def window(self, model: Lorenz96) -> Window:
        """M, from the analysed state to the observations."""
        hours = self.window_intervals * self.observed_every * model.step_hours
        return StrongConstraint(model, (hours,)) if hours else Instant()

    def inside(self, error: float) -> bool:
        """Whether an error lies in the band."""
        return self.band[0] <= error <= self.band[1]


def observe(observed: Float[Array, " point"], error: float) -> ObservationTerm:
    """The term of an observation of every variable, of one standard deviation."""
    every = GridPoints(jnp.arange(observed.size))
    return ObservationTerm(every, observed, jnp.full_like(observed, error), jnp.ones(observed.shape, bool))
