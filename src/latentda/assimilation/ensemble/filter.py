"""An ensemble filter's analysis step: the analysis, then inflation, then rotation, each if there is one."""

from __future__ import annotations

import equinox as eqx
import jax
from jax.typing import ArrayLike
from jaxtyping import Array, Float, PRNGKeyArray

from latentda.assimilation.ensemble.etkf import EnsembleAnalysis
from latentda.assimilation.ensemble.inflation import Inflation
from latentda.assimilation.ensemble.transform import rotate


class EnsembleFilter(eqx.Module):
    """What makes of background members those that the next forecast starts from.

    Attributes:
        analysis: ETKF, EnKF, LETKF.
        inflation: of its members.
        rotated: whether their perturbations are then turned at random.
    """

    analysis: EnsembleAnalysis
    inflation: Inflation | None = None
    rotated: bool = eqx.field(static=True, default=False)

    def __call__(
        self,
        members: Float[Array, "member ..."],
        departures: Float[Array, "member datum"],
        key: PRNGKeyArray,
        factor: ArrayLike = 1.0,
    ) -> tuple[Float[Array, "member ..."], ArrayLike]:
        """Members of the analysis, and the factor of an adaptive inflation for the next one.

        Args:
            members: of the background.
            departures: R^(-1/2) (H(x_k) - y) of each.
            key: for what is drawn.
            factor: of the analysis before.
        """
        draws, turn = jax.random.split(key)
        analysed = self.analysis(members, departures, draws)
        if self.inflation is not None:
            analysed, factor = self.inflation(members, analysed, departures, factor)
        return (rotate(analysed, turn) if self.rotated else analysed), factor
