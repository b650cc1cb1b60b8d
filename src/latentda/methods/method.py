"""A method is one declaration: its name, its words and colour, and the system that analyses.

A system is made of a world when it is needed: a prior and a window for the variational ones, a filter for ensembles.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from latentda.assimilation import AnalysisMethod, FreeRun
from latentda.assimilation.ensemble import Localization
from latentda.forecast import ForecastModel
from latentda.operators import Covariance
from latentda.user_error import UserError
from latentda.world import World


@dataclass(frozen=True)
class Options:
    """What an experiment chooses of every method alike.

    Attributes:
        factor: on the variances of background errors.
        iterations: the minimiser's budget.
        outer_loops: linearisations that share it: one will do where increments are as small as forecast errors.
        tolerance: a minimisation has converged where the gradient has fallen to this share of its first value.
        slots: of a window (h).
        model: that links them; None: the world's.
        climate: the error of the model's climate, beside the background error and scaled with it.
        members: of an ensemble; None: as many as the method declares.
        localization: of an ensemble, likewise.
        without_lost: whether an ensemble goes on without members whose forecast has blown up.
        seed: of what an ensemble draws.
    """

    factor: float = 1.0
    iterations: int = 40
    outer_loops: int = 1
    tolerance: float = 1e-2
    slots: tuple[int, ...] = (0, 12)
    model: ForecastModel | None = None
    climate: Covariance | None = None
    members: int | None = None
    localization: Localization | None = None
    without_lost: bool = False
    seed: int = 0


class System(Protocol):
    """What a method is made of."""

    @property
    def four_d(self) -> bool:
        """Whether it takes observations of several times at once, linked by the model."""

    @property
    def sized(self) -> bool:
        """Whether its background error has a size to be tuned; that of members alone has its own."""

    @property
    def members(self) -> int:
        """States that it carries from cycle to cycle, where the options say nothing else."""

    def build(self, world: World, options: Options) -> AnalysisMethod:
        """The analysis in a world."""


@dataclass(frozen=True)
class NoAssimilation:
    """The forecast goes on as it is."""

    four_d: bool = False
    sized: bool = False
    members: int = 1

    def build(self, world: World, options: Options) -> FreeRun:
        """The background is the analysis."""
        return FreeRun(world.standardizer)


@dataclass(frozen=True)
class Method:
    """One method.

    Attributes:
        name: in commands, files and scores.
        title: the same in words.
        colour: in every figure.
        system: what analyses.
    """

    name: str
    title: str
    colour: str
    system: System = NoAssimilation()

    @property
    def four_d(self) -> bool:
        """Whether it takes observations of several times at once."""
        return self.system.four_d

    @property
    def sized(self) -> bool:
        """Whether its background error has a size to be tuned."""
        return self.system.sized

    @property
    def ensemble(self) -> bool:
        """Whether it carries members."""
        return self.system.members > 1

    @property
    def assimilates(self) -> bool:
        """Whether it makes analyses."""
        return not isinstance(self.system, NoAssimilation)

    def build(self, world: World, options: Options = Options()) -> AnalysisMethod:
        """The method in a world.

        Raises:
            UserError: the world lacks a file that it reads; the message says how to make it.
        """
        return self.system.build(world, options)

    def missing(self, world: World, options: Options = Options()) -> str:
        """Why it cannot run in a world, in one sentence; empty where it can."""
        try:
            self.build(world, options)
        except UserError as error:
            return str(error)
        return ""
