"""Cycles over Europe with simulated observations of ERA-Interim, and their scores against it.

    x_b(t + 24 h) = M(x_a(t)),     y = H(x_ERA) + e,    e ~ N(0, R)

at the places of the real radiosonde stations of the region, geopotential at 500 hPa and temperature at 850 hPa. Mean
sea-level pressure is observed by nobody: what happens to it is the work of the background error alone. The model is
the learned surrogate and the truth the atmosphere as a reanalysis knows it, so model error is real.

ERA-Interim: Dee et al. (2011), doi 10.1002/qj.828.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from latentda.assimilation import AnalysisMethod
from latentda.assimilation.intake import Intake
from latentda.cycling import Cycle, Cycler, CycleSettings, run_cycles
from latentda.experiments.europe.setup import EuropeSetUp, Period
from latentda.experiments.twin.scores import error_scores
from latentda.experiments.twin.truth import Truth, TwinObservations
from latentda.forecast import SurrogateModel
from latentda.grid import Layout, hours_since_1970
from latentda.observations import ObservationPlaces, join_networks, radiosonde_network
from latentda.verification import ErrorSums, Score, empty_sums, error_sums, mean_score, merge

EXPERIMENT = "europe-cycles"


@dataclass(frozen=True, eq=False)
class CycledWorld:
    """What all methods of a period share.

    Attributes:
        model: the surrogate.
        truth: ERA-Interim of the period, its spin-up before it and the longest forecast after it.
        intake: of the simulated observations.
        first_hours: time of the first analysis, hours since 1970.
        spinup: cycles that are not scored.
        cycles: all of them.
    """

    model: SurrogateModel
    truth: Truth
    intake: Intake
    first_hours: int
    spinup: int
    cycles: int

    def run(self, method: AnalysisMethod, seed: int) -> list[Cycle]:
        """All scored cycles of a method; the first background of the spin-up is the climatological mean."""
        standardizer, step = self.model.standardizer, self.model.step_hours
        observe = TwinObservations(self.truth, europe_network(self.model.layout), self.intake, seed)
        cycler = Cycler(self.model, self.intake, method)
        background = np.asarray(standardizer.climatology.mean(np.int32(self.first_hours)))
        settings = CycleSettings(self.first_hours, self.cycles, step)
        return list(islice(run_cycles(cycler, background, observe, settings), self.spinup, None))


def cycled_world(model: SurrogateModel, truth: Truth, intake: Intake, period: Period, spinup_days: int) -> CycledWorld:
    """The world whose scored cycles fill a period, ``spinup_days`` of others before them.

    Raises:
        KeyError: the truth does not reach that far.
    """
    start, end = (int(hours_since_1970(day)) for day in period)
    scored = truth.hours[(truth.hours >= start) & (truth.hours < end)]
    step = model.step_hours
    spinup = spinup_days * 24 // step
    first = int(scored[0]) - spinup * step
    truth.at(first)
    return CycledWorld(model, truth, intake, first, spinup, spinup + len(scored))


def europe_network(layout: Layout) -> ObservationPlaces:
    """The layout's own z and t at all radiosonde stations; those outside the region have no equivalent."""
    wanted = [c for c in layout.channels if c.short in ("z", "t") and c.level is not None]
    return join_networks(*(radiosonde_network((float(c.level or 0.0),), (c.short,)) for c in wanted))


def mean_error(world: CycledWorld, cycles: Sequence[Cycle], kind: str) -> float:
    """Mean over channels of root mean square error over scale, of a ``"background"`` or an ``"analysis"``."""
    scale = np.asarray(world.model.standardizer.scale)
    return mean_score(_sums(world, [(getattr(c, kind), c.hours) for c in cycles]).rmse, scale)


def daily_errors(world: CycledWorld, cycles: Sequence[Cycle], kind: str) -> Float[ndarray, " cycle"]:
    """The same of every cycle."""
    scale = np.asarray(world.model.standardizer.scale)
    single = (_sums(world, [(getattr(c, kind), c.hours)]) for c in cycles)
    return np.asarray([mean_score(sums.rmse, scale) for sums in single])


def cycle_scores(
    world: CycledWorld, cycles: Sequence[Cycle], setup: EuropeSetUp, method: str, seed: int
) -> list[Score]:
    """Background, analysis, and forecasts from every analysis that can be verified."""
    model, layout = world.model, world.model.layout
    spread = np.asarray(model.standardizer.scale)
    parts = {(kind, 0): [(getattr(c, kind), c.hours) for c in cycles] for kind in ("background", "analysis")}
    made = [np.asarray(model.propagate(c.analysis, np.int32(c.hours), setup.leads)) for c in cycles]
    last = world.truth.hours[-1]
    for i, lead in enumerate(setup.leads):
        ends = zip(cycles, made, strict=True)
        parts["forecast", lead] = [(states[i], c.hours + lead) for c, states in ends if c.hours + lead <= last]
    rows: list[Score] = []
    for (kind, lead), states in parts.items():
        sums = _sums(world, states)
        rows += error_scores(sums, spread, layout, EXPERIMENT, "real", method, seed, kind, lead)
    return rows


def _sums(world: CycledWorld, states: Sequence[tuple[ndarray, int]]) -> ErrorSums:
    layout = world.model.layout
    total = empty_sums(layout)
    for state, hours in states:
        total = merge(total, error_sums(state[None], world.truth.at(hours)[None], layout))
    return total
