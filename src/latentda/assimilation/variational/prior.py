"""What assimilation asks of a prior: the map from a white control vector to a state, around another state."""

from __future__ import annotations

from typing import Any, Protocol

from jaxtyping import Array, Float

from latentda.operators import Control


class Prior(Protocol):
    """The map x(v) around a background; :mod:`latentda.priors` holds its members."""

    def anchor(self, background: Float[Array, "*slot channel lat lon"]) -> Any:
        """What depends on the background alone, computed once an analysis.

        Where the background is a state at every slot of a window, so is x(v).
        """

    def state(self, anchor: Any, control: Control) -> Float[Array, "*slot channel lat lon"]:
        """x(v), standardised anomalies."""

    def zero_control(self) -> Control:
        """v = 0, the background."""
