"""Several priors at once: the error of the background is the sum of independent errors, each with its own map.

    x(v_1, ..., v_n) = x_b + sum_i ( x_i(v_i) - x_b )

Linear parts add their covariances, B = sum_i U_i U_i^T: the hybrid of Hamill & Snyder (2000). A latent part and a
model-space part make a prior without a null space: what a code cannot carry, E(x) = 0 while x is not, stays open
to correction.

Source: Hamill & Snyder (2000), doi 10.1175/1520-0493(2000)128<2905:AHEKFV>2.0.CO;2.
"""

from __future__ import annotations

from typing import Any

import equinox as eqx
from jaxtyping import Array, Float

from latentda.operators import Control
from latentda.priors.prior import LatentPrior, ModelSpacePrior


class HybridPrior(eqx.Module):
    """The sum above.

    Attributes:
        parts: the priors; a weight on one of them is a factor on its background error.
    """

    parts: tuple[ModelSpacePrior | LatentPrior, ...]

    def anchor(self, background: Float[Array, "*slot channel lat lon"]) -> Any:
        """The background and every part's anchor."""
        return background, tuple(part.anchor(background) for part in self.parts)

    def state(self, anchor: Any, control: Control) -> Float[Array, "*slot channel lat lon"]:
        """x_b + sum_i (x_i(v_i) - x_b)."""
        background, anchors = anchor
        states = (part.state(a, v) for part, a, v in zip(self.parts, anchors, control, strict=True))
        return sum((state - background for state in states), background)

    def zero_control(self) -> Control:
        """Each part's zeros."""
        return tuple(part.zero_control() for part in self.parts)
