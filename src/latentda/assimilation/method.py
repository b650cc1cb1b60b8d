"""What every analysis method is to a cycle, variational, ensemble or fused.

    carried = init(x_b),    analysis, carried = analyse(carried, y, t),    carried = forecast(carried, M, t, leads)

What a method hands from window to window is its own affair: a state and what was learnt of a Hessian, members, a state
and lagged forecasts. It is a pytree of arrays, so that a cycle can keep it on disk without knowing what it is.
"""

from __future__ import annotations

from typing import Any, Protocol

from jax.typing import ArrayLike
from jaxtyping import Float

from latentda.assimilation.analysis import Analysis
from latentda.assimilation.first_guess import FirstGuess
from latentda.assimilation.term import ObservationTerm
from latentda.forecast import ForecastModel


class AnalysisMethod(Protocol):
    """A method as a cycle sees it; ``carried`` is a pytree of arrays whose structure is that of :meth:`init`."""

    @property
    def lead_hours(self) -> tuple[int, ...]:
        """Times of the window's slots after its start (h); one slot in three dimensions."""

    @property
    def observes(self) -> bool:
        """Whether it looks at observations at all."""

    @property
    def localizes(self) -> bool:
        """Whether it asks the terms of observations where their data are."""

    def init(self, background: Float[ArrayLike, "channel lat lon"]) -> Any:
        """What is carried into the first window, from a state at its start in physical units."""

    def first_guess(self, carried: Any) -> FirstGuess:
        """The background that observations are screened against, physical units."""

    def analyse(
        self, carried: Any, observations: tuple[ObservationTerm, ...], start_hours: int
    ) -> tuple[Analysis, Any]:
        """One analysis.

        Args:
            carried: into the window.
            observations: of each of its slots.
            start_hours: of the window, since 1970.

        Returns:
            The analysis, and what is carried from the window's last slot.
        """

    def forecast(
        self, carried: Any, model: ForecastModel, hours: int, lead_hours: int, offsets: tuple[int, ...]
    ) -> Any:
        """What is carried into the next window.

        Args:
            carried: from a window's last slot, or what :meth:`init` made.
            model: M.
            hours: valid time of it, since 1970.
            lead_hours: from there to the start of the next window; 0 where it starts there.
            offsets: times around that start (h) at which the background is wanted, 0 among them.
        """
