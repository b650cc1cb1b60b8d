"""Real reports into the embedded world: one cycle or several in a row, fit to used and to withheld stations.

    climatological mean -> [checks -> analysis -> forecast] -> [checks -> analysis -> forecast] -> ...

A share of the radiosonde stations is withheld whole. The first background is the embedded world's climatological mean
of the date, since no forecast of that day exists for it; later ones are forecasts from the method's own analyses, which
meet the reports at their own times. The background errors are those of a climatological mean: the covariances of the
world's own anomalies, scaled in every cycle by one factor from the innovations, found in the same way for every method.

The embedded world is not the real atmosphere: its climate is wrong by an error that is much the same at all longitudes,
which ``climate_error`` takes into the control vector.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from jaxtyping import Float
from numpy import ndarray

from latentda.assimilation.feedback import feedback_file
from latentda.assimilation.first_guess import FirstGuess
from latentda.cycling import Cycle
from latentda.forecast import ForecastModel
from latentda.grid import datetime_of_hours, iso
from latentda.methods import require_methods
from latentda.observations import (
    ErrorTable,
    ObservationError,
    read_observations,
    refuse,
    require_used,
    write_table,
)
from latentda.progress import Track, silent
from latentda.verification import FitRow, Score, fit_columns, fit_scores, merge_fits, observation_fit
from latentda.workflows.analyst import Analyst, make_analyst
from latentda.workflows.assimilated import AssimilationSettings
from latentda.workflows.preparation import (
    analysis_hours,
    conventional,
    quality_control,
    sounding_heights,
    withhold_soundings,
)
from latentda.world import WorldFolder

CHECKS = quality_control(3.75, 0.4, 3.5)
"""Checks and thinning for a model with boxes of 3.75 degrees and eight levels.

The files of a cycle of six hours begin with balloons that rose a quarter of an hour before its window.
"""


@dataclass(frozen=True)
class RealSetUp:
    """A real-report experiment as data.

    Attributes:
        name: of the experiment, in scores.
        methods: names of methods; at least one that assimilates.
        withheld: share of the radiosonde stations kept back for verification.
        seed: which stations those are.
        first_guess_factor: data further from the background than this many expected deviations are refused.
        huber_limit: departures beyond so many standard deviations are taken for suspect by the cost.
        correlation_length: of the errors of soundings, in ln p; 0: independent.
        climate_error: standard deviation of the error of the model's climate, in climatological ones; 0: none.
        iterations: the minimiser's budget; a climatological background is far from the analysis.
        outer_loops: linearisations: at such a distance a decoder is not linear.
        offsets: times around an analysis (h) to which the background is forecast.
        errors: of observations, before those of the files and the default ones.
    """

    name: str = "real"
    methods: tuple[str, ...] = ("3dvar", "latent_3dvar")
    withheld: float = 0.2
    seed: int = 0
    first_guess_factor: float = 4.0
    huber_limit: float = float("inf")
    correlation_length: float = 0.0
    climate_error: float = 1.0
    iterations: int = 100
    outer_loops: int = 3
    offsets: tuple[int, ...] = (-3, 0, 3)
    errors: ErrorTable | None = None

    def __post_init__(self) -> None:
        require_methods(self.methods)

    def settings(self, method: str) -> AssimilationSettings:
        """What the analyses of a method are made by; stations are withheld from all methods alike, before."""
        return AssimilationSettings(
            method,
            None,
            self.iterations,
            self.outer_loops,
            offsets=self.offsets,
            first_guess_factor=self.first_guess_factor,
            huber_limit=self.huber_limit,
            correlation_length=self.correlation_length,
            climate_error=self.climate_error,
            checks=CHECKS,
            errors=self.errors,
            representativeness=False,
        )


@dataclass(frozen=True, eq=False)
class RealCycle:
    """What one cycle of one method produced.

    Attributes:
        cycle: background, analysis, facts.
        table: all data with verdicts and feedback.
        fit: O-B and O-A.
    """

    cycle: Cycle
    table: pa.Table
    fit: list[FitRow]

    @property
    def factor(self) -> float:
        """On the background error's variances."""
        return float(self.cycle.facts["factor"])


@dataclass(frozen=True, eq=False)
class RealRun:
    """What the experiment produced.

    Attributes:
        setup: the experiment.
        methods: the cycles of every method.
        model: whose layout the states have.
    """

    setup: RealSetUp
    methods: dict[str, list[RealCycle]]
    model: ForecastModel

    def fits(self, name: str) -> list[FitRow]:
        """O-B and O-A of a method, over all cycles but a first one that others follow: it starts from the climate."""
        cycles = self.methods[name]
        return merge_fits([one.fit for one in cycles[min(1, len(cycles) - 1) :]])


def run_real(
    paths: Sequence[str | Path], setup: RealSetUp, world: WorldFolder, folder: Path, *, track: Track = silent
) -> RealRun:
    """Assimilate the reports of files, a cycle each, in order of time.

    Raises:
        ObservationError: a file cannot be read, nothing of it is left to use, or two are of one time.
    """
    model = world.model_with(step_hours=3)
    read = _in_order([read_observations(path) for path in paths])
    reports: dict[int, pa.Table] = {}
    methods: dict[str, list[RealCycle]] = {}
    for name in track(setup.methods, "analyses", len(setup.methods)):
        analyst = make_analyst(world, setup.settings(name), model)
        if not reports:  # the first judges them for all
            reports = {hours: _judged(analyst, table, hours, setup) for hours, table in read.items()}
        methods[name] = _cycle(analyst, reports, folder / name)
    return RealRun(setup, methods, model)


def real_scores(run: RealRun, twin: str = "real") -> list[Score]:
    """Observation fits of every method as score rows."""
    scores: list[Score] = []
    for name in run.methods:
        scores += fit_scores(run.fits(name), experiment=run.setup.name, method=name, seed=run.setup.seed, twin=twin)
    return scores


def _climate(analyst: Analyst, hours: int) -> Float[ndarray, "channel lat lon"]:
    """The climatological mean of a time."""
    return np.asarray(analyst.world.standardizer.climatology.mean(np.int32(hours)))


def _judged(analyst: Analyst, table: pa.Table, hours: int, setup: RealSetUp) -> pa.Table:
    """The reports without those that no weather explains, some stations withheld: the same for every method."""
    climate = FirstGuess.instant(_climate(analyst, hours))
    ready = require_used(analyst.prepared(_of_kinds(table), hours))
    cycler = analyst.sized(analyst.cycler, ready, climate, hours)
    left = require_used(cycler.intake.screen(ready, climate, hours))
    return require_used(withhold_soundings(left, setup.withheld, setup.seed))


def _of_kinds(table: pa.Table) -> pa.Table:
    """The reports, all but conventional ones refused; heights judge temperatures and are not assimilated themselves."""
    return refuse(table, ~(conventional(table) | sounding_heights(table)), "not_assimilated")


def _cycle(analyst: Analyst, reports: Mapping[int, pa.Table], folder: Path) -> list[RealCycle]:
    observe, carried, done = reports.__getitem__, analyst.method.init(_climate(analyst, min(reports))), []
    cycles = analyst.cycler.cycles(carried, observe, reports, adapt=analyst.adapting(observe))
    for number, cycle in enumerate(cycles):
        told = cycle.feedback()
        assert told is not None
        write_table(told, feedback_file(folder, number))
        done.append(RealCycle(cycle, told, observation_fit(fit_columns(told))))
    return done


def _in_order(tables: Sequence[pa.Table]) -> dict[int, pa.Table]:
    """Reports by the time of their analysis."""
    ordered: dict[int, pa.Table] = {}
    for hours, table in sorted(((analysis_hours(table), table) for table in tables), key=lambda one: one[0]):
        if hours in ordered:
            when = iso(datetime_of_hours(hours))
            raise ObservationError(f"two files hold reports of {when}; a cycle takes one")
        ordered[hours] = table
    return ordered
