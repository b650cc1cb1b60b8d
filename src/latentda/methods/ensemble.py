"""Ensemble systems: a filter, its localisation and its inflation, in a world.

The first members are drawn from the background error by which observations are screened, so that every method starts
with the same doubt of the same background.
"""

from __future__ import annotations

from dataclasses import dataclass

from latentda.assimilation.ensemble import (
    ETKF,
    EnsembleAnalysis,
    EnsembleMethod,
    Inflation,
    Localization,
    RelaxationToPriorSpread,
)
from latentda.methods.method import Options
from latentda.methods.variational import scaled
from latentda.priors import ModelSpacePrior
from latentda.world import World

USUAL = Localization.of_sigma(700.0, 0.4)
"""Radii where none are chosen: those of global models with some 20 members, about 2,500 km and a factor of 4 in
pressure."""


@dataclass(frozen=True)
class FilterSystem:
    """A filter of one time.

    Attributes:
        members: N, where the options say nothing else.
        analysis: of all data at once, for filters without localisation.
        localization: where the options say nothing else; None: every datum counts everywhere.
        inflation: of the analysed members.
        rotated: whether they are turned at random.
    """

    members: int = 20
    analysis: EnsembleAnalysis = ETKF()
    localization: Localization | None = USUAL
    inflation: Inflation | None = RelaxationToPriorSpread(0.9)
    rotated: bool = False
    four_d: bool = False
    sized: bool = False

    def build(self, world: World, options: Options) -> EnsembleMethod:
        """The filter in a world."""
        return EnsembleMethod(
            ModelSpacePrior(scaled(world.error("model"), options.factor)),
            world.standardizer,
            options.members or self.members,
            self.analysis,
            self.localization and (options.localization or self.localization),
            self.inflation,
            self.rotated,
            options.slots if self.four_d else (0,),
            options.without_lost,
            options.seed,
        )
