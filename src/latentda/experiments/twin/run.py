"""One run of a cycled twin experiment: one method, one seed, restartable after a kill at any instant.

    x_b(t_0) -> analysis -> errors against the truth -> [forecast -> its errors] -> record -> x_b(t_1) -> ...

States are verified when they are made and not kept, but for those that ``record`` names. Folders, beneath one root that
several experiments share:

    nature/                      the truth of all seeds and their first backgrounds, see ``nature``
    NAME/METHOD/seed_N/          setup.json, record.safetensors, starts/
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from jaxtyping import Float
from numpy import ndarray

from latentda.assimilation.intake import Intake
from latentda.cycling import Cycle, Cycler, CycleSettings, Observe, carried_arrays, restored
from latentda.experiments.twin.catalogue import ExperimentSetUp
from latentda.experiments.twin.diagnostics import diagnose
from latentda.experiments.twin.first_background import first_background
from latentda.experiments.twin.nature import Nature
from latentda.experiments.twin.observing import build_network
from latentda.experiments.twin.record import (
    CycleErrors,
    Diagnostics,
    ForecastErrors,
    RunRecord,
    read_record,
    write_record,
    write_start,
)
from latentda.experiments.twin.truth import Truth, TwinObservations
from latentda.forecast import ForecastModel, steps
from latentda.grid import Layout
from latentda.methods import METHODS, Options, method_digest
from latentda.runs.claim import LOG, claim
from latentda.runs.lock import only_process
from latentda.verification import error_sums
from latentda.world import WorldFolder, world_intake

RECORD = "record.safetensors"


@dataclass(frozen=True)
class Run:
    """One method and one seed of an experiment: what a worker process is sent.

    Attributes:
        setup: the experiment.
        method: name of the method.
        seed: of errors and period.
        root: folder of all experiments.
        nature: the truth.
        world: scales, network, background errors, models.
    """

    setup: ExperimentSetUp
    method: str
    seed: int
    root: Path
    nature: Nature
    world: WorldFolder

    @property
    def folder(self) -> Path:
        """Where the run lies."""
        return self.root / self.setup.name / self.method / f"seed_{self.seed}"

    @property
    def first_hours(self) -> int:
        """Time of the first analysis, hours since 1970."""
        return self.setup.first_hours(self.nature.begin_hours, self.seed)

    def truth(self, layout: Layout) -> Truth:
        """The true states from the begin of the seed's period to the end of its last forecast."""
        begin = self.setup.begin_hours(self.nature.begin_hours, self.seed)
        cycling = self.setup.interval_hours * (self.setup.cycles - 1)
        return self.nature.truth(layout, begin, self.first_hours + cycling + 24 * self.setup.forecast_days)

    def identity(self) -> dict[str, Any]:
        """What must be the same when the run is taken up again: all but its length."""
        without = {"methods", "scored_days", "background_factors"}
        if not METHODS[self.method].four_d:
            without.add("window_slots")
        settings = {k: v for k, v in asdict(self.setup).items() if k not in without}
        factor = None if self.method == "free_run" else self.setup.factor(self.method)
        own = {"method": self.method, "seed": self.seed, "background_factor": factor}
        return settings | own | {"errors": self.world.errors, "start": self.nature.digest}

    def claim(self, folder: Path) -> None:
        """Take a folder for results of this run, or take it up again.

        Raises:
            ValueError: the folder holds another run, or the world lacks a file that the method reads.
        """
        claim(folder, {**self.identity(), "world": method_digest(self.method, self.world)})

    def record(self) -> RunRecord:
        """What it has done so far, as far as the set-up asks for it."""
        return read_record(self.folder / RECORD).first(self.setup.cycles)


def do_run(run: Run, tell: Callable[[int, int], None]) -> None:
    """Do a run, or the rest of it, in its folder.

    Raises:
        ValueError: the folder holds another run.
    """
    with only_process(run.folder):
        run.claim(run.folder)
        if len(run.record().cycles) == run.setup.cycles:
            tell(run.setup.cycles, run.setup.cycles)
            return
        parts = run_parts(run)
        model, truth = parts.shared.model, parts.truth
        cycle_on(
            parts.shared.cycler(run.method, run.setup),
            run.setup,
            parts.observe,
            truth,
            run.first_hours,
            parts.first,
            run.folder,
            lambda cycle: diagnose(model, cycle.analysis, truth.at(cycle.hours), cycle.hours),
            tell,
        )


def run_log(run: Run) -> Path:
    """Where the traceback of a run that failed lies."""
    return run.folder / LOG


@dataclass(frozen=True, eq=False)
class SharedParts:
    """What the runs of one process share, so that it is compiled once.

    Attributes:
        model: the assimilating model.
        world: scales, network, background errors.
        intake: with the classical background error's spread, for every method.
    """

    model: ForecastModel
    world: WorldFolder
    intake: Intake

    def cycler(self, method: str, setup: ExperimentSetUp, factor: float | None = None) -> Cycler:
        """The cycle of a method in a set-up, with its factor on background-error variances or another."""
        factor = setup.factor(method) if factor is None else factor
        options = Options(factor=factor, model=self.model, slots=setup.slots)
        built = METHODS[method].build(self.world, options)
        return Cycler(self.model, self.intake, built)


@cache
def shared_parts(identical: bool, world: WorldFolder, huber_limit: float | None) -> SharedParts:
    """The parts for one model, one world and one norm of departures."""
    model = world.model if identical else world.imperfect_model
    intake = world_intake(world, model)
    limit = float("inf") if huber_limit is None else huber_limit
    return SharedParts(model, world, replace(intake, huber_limit=limit))


@dataclass(frozen=True, eq=False)
class RunParts:
    """What a run cycles with.

    Attributes:
        shared: model, world, intake.
        truth: of the seed's period.
        observe: observations of a time.
        first: makes the first background.
    """

    shared: SharedParts
    truth: Truth
    observe: Observe
    first: Callable[[], Float[ndarray, "channel lat lon"]]


def run_parts(run: Run) -> RunParts:
    """The parts of a run; the truth is read here."""
    shared = shared_parts(run.setup.identical, run.world, run.setup.huber_limit)
    model = shared.model
    truth = run.truth(model.layout)
    network = build_network(run.setup.network, model.layout, shared.world.orography(model), run.seed)
    observe = TwinObservations(truth, network, shared.intake, run.seed, run.setup.gross_errors)
    begin, folder = run.setup.begin_hours(run.nature.begin_hours, run.seed), run.nature.first_backgrounds
    return RunParts(shared, truth, observe, lambda: first_background(model, truth, run.setup, begin, folder))


def cycle_on(
    cycler: Cycler,
    setup: ExperimentSetUp,
    observe: Observe,
    truth: Truth,
    first_hours: int,
    first: Callable[[], ndarray],
    folder: Path,
    diagnose_start: Callable[[Cycle], Diagnostics],
    tell: Callable[[int, int], None],
) -> RunRecord:
    """Cycle from where the record in ``folder`` ends to the set-up's last cycle.

    Args:
        cycler: model, intake and method.
        setup: how long, and when forecasts start.
        observe: the observations of a time.
        truth: to verify against.
        first_hours: time of the first analysis.
        first: makes the first background, if the record is empty.
        folder: of the record.
        diagnose_start: of an analysis from which a forecast starts.
        tell: hears how many cycles are done, and of how many.
    """
    file = folder / RECORD
    record = read_record(file)
    interval, layout, method = setup.interval_hours, cycler.model.layout, cycler.method
    done = len(record.cycles)
    tell(done, setup.cycles)
    since = first_hours + (done - 1) * interval if done else None
    carried = method.init(first()) if record.analysis is None else restored(method, record.analysis, record.carried)
    windows = cycler.windows(CycleSettings(first_hours, setup.cycles, interval), done)
    for cycle in cycler.cycles(carried, observe, windows, since=since):
        k = len(record.cycles)
        exact = truth.at(cycle.hours)[None]
        before, after = (error_sums(state[None], exact, layout) for state in (cycle.background, cycle.analysis))
        forecast = None
        if k < setup.cycles and setup.starts_forecast(k):
            write_start(cycle, folder / "starts")
            forecast = verified_forecast(cycler, setup, cycle, truth, diagnose_start(cycle))
        errors = CycleErrors(cycle.hours, before, after, cycle.facts)
        record = record.grown(errors, cycle.analysis, forecast, carried_arrays(cycle.carried, cycle.analysis))
        if cycle.carried is not None:
            write_record(record, file)
            tell(min(len(record.cycles), setup.cycles), setup.cycles)
    return record.first(setup.cycles)


def verified_forecast(
    cycler: Cycler, setup: ExperimentSetUp, cycle: Cycle, truth: Truth, diagnostics: Mapping[str, Any]
) -> ForecastErrors:
    """The forecast from a cycle's analysis, its errors at every lead, and diagnostics of the analysis."""
    states = steps(cycler.model, cycle.analysis, cycle.hours, len(setup.leads), setup.interval_hours)
    errors = [
        error_sums(state[None], truth.at(cycle.hours + lead)[None], cycler.model.layout)
        for state, lead in zip(states, setup.leads, strict=True)
    ]
    return ForecastErrors(cycle.hours, setup.leads, tuple(errors), diagnostics)
