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

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pyarrow as pa
from jaxtyping import Float
from numpy import ndarray

from latentda.assimilation import AnalysisMethod
from latentda.assimilation.feedback import feedback, feedback_file
from latentda.assimilation.first_guess import FirstGuess
from latentda.assimilation.intake import Intake
from latentda.cycling import Cycle, Cycler
from latentda.forecast import ForecastModel
from latentda.methods import METHODS, Options, require_methods
from latentda.observations import ErrorTable, ObservationError, require_used, write_table
from latentda.operators import Covariance
from latentda.priors import ModelSpacePrior, background_draws, climate_error
from latentda.progress import Track, silent
from latentda.verification import FitRow, Score, fit_columns, fit_scores, merge_fits, observation_fit
from latentda.workflows.innovations import tuned
from latentda.workflows.preparation import RealReports, read_reports, withhold_soundings
from latentda.world import WorldFolder, world_intake


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


@dataclass(frozen=True, eq=False)
class RealCycle:
    """What one cycle of one method produced.

    Attributes:
        cycle: background, analysis, facts.
        table: all data with verdicts and feedback.
        fit: O-B and O-A.
        factor: on the background error's variances.
    """

    cycle: Cycle
    table: pa.Table
    fit: list[FitRow]
    factor: float


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
    shared = _Shared(model, world, setup)
    reports = [shared.judged(one) for one in _in_order([read_reports(path, setup.errors) for path in paths])]
    jobs = track(setup.methods, "analyses", len(setup.methods))
    return RealRun(setup, {name: _cycle(name, reports, shared, folder) for name in jobs}, model)


def real_scores(run: RealRun, twin: str = "real") -> list[Score]:
    """Observation fits of every method as score rows."""
    scores: list[Score] = []
    for name in run.methods:
        scores += fit_scores(run.fits(name), experiment=run.setup.name, method=name, seed=run.setup.seed, twin=twin)
    return scores


class _Shared:
    """What all methods share: the model, its climate and what is expected of its errors."""

    def __init__(self, model: ForecastModel, world: WorldFolder, setup: RealSetUp):
        self.model, self.world, self.setup = model, world, setup
        layout = world.layout
        zero = jnp.zeros(layout.shape, jnp.float32)
        plain = world_intake(world, model)
        draws = plain.perturbations
        self.climate_error: Covariance | None = None
        if setup.climate_error:
            self.climate_error = climate_error(layout, setup.climate_error)
            climate = background_draws(ModelSpacePrior(self.climate_error), zero, jax.random.key(1))
            # Both errors are independent: a draw of their sum is a sum of draws.
            draws = draws + np.asarray(world.standardizer.scale)[:, None, None] * np.asarray(climate)
        self.intake = replace(
            plain,
            perturbations=draws,
            first_guess_factor=setup.first_guess_factor,
            huber_limit=setup.huber_limit,
            correlation_length=setup.correlation_length,
        )

    def method(self, name: str, factor: float) -> AnalysisMethod:
        """A method with a factor on its background error's variances."""
        options = Options(factor, self.setup.iterations, self.setup.outer_loops, climate=self.climate_error)
        return METHODS[name].build(self.world, options)

    def climate(self, hours: int) -> Float[ndarray, "channel lat lon"]:
        """The climatological mean of a time."""
        return np.asarray(self.world.standardizer.climatology.mean(np.int32(hours)))

    def judged(self, reports: RealReports) -> RealReports:
        """The reports without those that no weather explains, some stations withheld: the same for every method."""
        climate = FirstGuess.instant(self.climate(reports.hours))
        _, intake = self.tuned(reports, climate)
        table = require_used(intake.screen(reports.table, climate, reports.hours))
        return replace(reports, table=require_used(withhold_soundings(table, self.setup.withheld, self.setup.seed)))

    def tuned(self, reports: RealReports, guess: FirstGuess) -> tuple[float, Intake]:
        """The background error's factor by the innovations of a cycle, and the intake that expects it."""
        return tuned(self.intake, reports.table, guess, reports.hours)


def _cycle(name: str, reports: Sequence[RealReports], shared: _Shared, folder: Path) -> list[RealCycle]:
    by_time, tuned, done = {one.hours: one for one in reports}, dict[int, tuple[float, Intake]](), []

    def adapt(cycler: Cycler, guess: FirstGuess, hours: int) -> Cycler:
        factor, intake = tuned[hours] = shared.tuned(by_time[hours], guess)
        return replace(cycler, intake=intake, method=shared.method(name, factor))

    method = shared.method(name, 1.0)
    cycler = Cycler(shared.model, shared.intake, method, shared.setup.offsets)
    carried = method.init(shared.climate(reports[0].hours))
    for number, cycle in enumerate(cycler.cycles(carried, lambda t: by_time[t].table, by_time, adapt=adapt)):
        factor, intake = tuned[cycle.hours]
        assert cycle.table is not None
        assert cycle.first_guess is not None
        told = feedback(intake, cycle.table, cycle.hours, cycle.first_guess, cycle.analysis)
        write_table(told, feedback_file(folder / name, number))
        done.append(RealCycle(cycle, told, observation_fit(fit_columns(told)), factor))
    return done


def _in_order(reports: list[RealReports]) -> list[RealReports]:
    ordered = sorted(reports, key=lambda one: one.hours)
    for one, later in pairwise(ordered):
        if one.hours == later.hours:
            raise ObservationError(f"two files hold reports of {one.time}; a cycle takes one")
    return ordered
