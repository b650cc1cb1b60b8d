"""Twin experiments: the truth is a run of the embedded world, and it is observed by a simulated network.

In an identical twin the assimilating model is the true one; in a fraternal twin it has other physics parameters. This
is the short twin of the demonstration, which keeps every state for its report; the long ones, many seeds and methods
side by side, are those of ``experiment``.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from math import gcd
from pathlib import Path

import numpy as np
import pyarrow as pa
from jaxtyping import Float
from numpy import ndarray

from latentda.cycling import Cycle, Cycler, CycleSettings, run_cycles
from latentda.experiments.twin.truth import Truth, TwinObservations, nature_run
from latentda.forecast import ForecastModel, steps
from latentda.methods import METHODS, Options, require_methods
from latentda.observations import radiosonde_network
from latentda.progress import Track, silent
from latentda.user_error import UserError
from latentda.world import WorldFolder, world_intake


@dataclass(frozen=True)
class TwinSetUp:
    """A twin experiment as data.

    Attributes:
        name: of the experiment, in scores.
        methods: names from :data:`latentda.methods.catalogue.METHODS`.
        identical: whether the assimilating model is the true one.
        background_days: lead of the forecast that is the first background.
        cycles: number of analyses.
        interval_hours: between analyses, at 00 and 12 UTC by default when radiosondes fly.
        spinup_cycles: cycles not scored.
        forecast_days: length of the forecasts from the last analysis and from the middle one.
        seed: of the observation errors.
        background_factor: on the variances of every method's background error. Differences of short forecasts
            miss part of the error of a cycle with an imperfect model; 2 was the best of 1, 2, 3 for 3D-Var and no
            worse than another for latent 3D-Var, on the period of the error statistics.
    """

    name: str = "demo"
    methods: tuple[str, ...] = ("free_run", "3dvar", "latent_3dvar")
    identical: bool = False
    background_days: int = 5
    cycles: int = 20
    interval_hours: int = 12
    spinup_cycles: int = 4
    forecast_days: int = 5
    seed: int = 0
    background_factor: float = 2.0

    def __post_init__(self) -> None:
        require_methods(self.methods)
        if self.interval_hours < 1 or 24 % self.interval_hours:
            raise UserError(f"Analyses every {self.interval_hours} h do not fill a day; choose a divisor of 24.")

    @property
    def twin(self) -> str:
        """The word for result tables."""
        return "identical" if self.identical else "fraternal"

    @property
    def days(self) -> int:
        """Days of truth the experiment needs, in whole pieces of a simulation."""
        cycling = -(-self.cycles * self.interval_hours // 24)
        return 5 * -(-(self.background_days + cycling + self.forecast_days) // 5)

    @property
    def truth_hours(self) -> int:
        """Interval at which the truth is stored (h): every analysis and lead falls on it."""
        return gcd(12, self.interval_hours)

    @property
    def forecast_cycles(self) -> tuple[int, ...]:
        """The cycles from which forecasts are scored: the middle one and the last."""
        return tuple(sorted({(self.spinup_cycles + self.cycles) // 2, self.cycles - 1}))


@dataclass(frozen=True, eq=False)
class Forecast:
    """One verified forecast: its start and its states at ``lead_hours``."""

    start_hours: int
    lead_hours: tuple[int, ...]
    states: Float[ndarray, "lead channel lat lon"]


@dataclass(frozen=True, eq=False)
class TwinRun:
    """What a twin experiment produced.

    Attributes:
        setup: the experiment.
        truth: the nature run.
        cycles: finished cycles by method.
        forecasts: verified forecasts by method.
        observations: the network's table at the last analysis.
        model: the assimilating model.
    """

    setup: TwinSetUp
    truth: Truth
    cycles: dict[str, list[Cycle]]
    observations: pa.Table
    model: ForecastModel
    forecasts: dict[str, list[Forecast]] = field(default_factory=dict)


def run_twin(setup: TwinSetUp, world: WorldFolder, folder: Path, *, track: Track = silent) -> TwinRun:
    """Run every method of a set-up on the same observations; what is finished in ``folder`` is kept."""
    model = world.model if setup.identical else world.imperfect_model
    truth = nature_run(world, setup.days, folder, track, setup.truth_hours)
    first = int(truth.hours[0]) + 24 * setup.background_days
    background = _lagged_background(model, truth, setup, track)
    intake = world_intake(world, model)
    observe = TwinObservations(truth, radiosonde_network(), intake, setup.seed)
    settings = CycleSettings(first, setup.cycles, setup.interval_hours)
    cycles: dict[str, list[Cycle]] = {}
    # What was asked for, not its digits: they differ with the number of cores.
    identity = {**asdict(setup), "methods": None, "cycles": None, "spinup_cycles": None, "world": world.digest}
    options = Options(factor=setup.background_factor)
    for name in setup.methods:
        cycler = Cycler(model, intake, METHODS[name].build(world, options))
        title = METHODS[name].title
        cycled = run_cycles(
            cycler, background, observe, settings, folder=folder / name, identity=identity, name=title, track=track
        )
        cycles[name] = list(cycled)
    last = cycles[setup.methods[0]][-1].hours
    run = TwinRun(setup, truth, cycles, observe(last), model)
    return _with_forecasts(run, track)


def _lagged_background(model: ForecastModel, truth: Truth, setup: TwinSetUp, track: Track) -> ndarray:
    count = 24 * setup.background_days // setup.interval_hours
    state, hours = truth.states[0], int(truth.hours[0])
    run = steps(model, state, hours, count, setup.interval_hours)
    return list(track(run, "first background", count))[-1]


def _with_forecasts(run: TwinRun, track: Track) -> TwinRun:
    setup = run.setup
    count = 24 * setup.forecast_days // setup.interval_hours
    leads = tuple(setup.interval_hours * (k + 1) for k in range(count))
    jobs = [(name, k) for name in setup.methods for k in setup.forecast_cycles]
    forecasts: dict[str, list[Forecast]] = {name: [] for name in setup.methods}
    for name, k in track(jobs, f"forecasts of {setup.forecast_days} days", len(jobs)):
        cycle = run.cycles[name][k]
        states = list(steps(run.model, cycle.analysis, cycle.hours, count, setup.interval_hours))
        forecasts[name].append(Forecast(cycle.hours, leads, np.stack(states)))
    return TwinRun(setup, run.truth, run.cycles, run.observations, run.model, forecasts)
