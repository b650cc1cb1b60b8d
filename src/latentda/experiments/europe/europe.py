"""Europe: networks trained on real daily analyses, real radiosondes of one day, and a year of cycles.

One job from files to scores and a report. What is finished in the folder is kept, so that a killed run goes on: the
networks, the errors, the tuned sizes; the case and the cycles take minutes and are run anew.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy import ndarray

from latentda.assimilation import AnalysisMethod
from latentda.assimilation.intake import Intake
from latentda.experiments.europe.assets import EuropeAssets, make_assets
from latentda.experiments.europe.cycles import CycledWorld, cycle_scores, cycled_world, daily_errors
from latentda.experiments.europe.methods import Size, build_analyst, build_intake, build_method, error_samples
from latentda.experiments.europe.networks import Missed, forecast_scores, missed_variance
from latentda.experiments.europe.real import RealCase, case_scores, run_case
from latentda.experiments.europe.setup import EuropeSetUp
from latentda.experiments.europe.tuning import tune_sizes
from latentda.files import files_digest
from latentda.grid import as_datetime, datetime_of_hours
from latentda.methods import METHODS
from latentda.progress import Track, silent
from latentda.runs.claim import claim
from latentda.runs.lock import only_process
from latentda.user_error import UserError
from latentda.verification import Score, write_scores

Methods = dict[str, AnalysisMethod]


@dataclass(frozen=True, eq=False)
class EuropeRun:
    """What the experiment produced.

    Attributes:
        assets: networks and files.
        sizes: tuned, by method.
        missed: what the autoencoder misses.
        case: the real radiosondes.
        scores: of everything.
        days: times of the scored cycles.
        errors: of their analyses day by day, by method, with the first seed.
    """

    assets: EuropeAssets
    sizes: dict[str, Size]
    missed: Missed
    case: RealCase
    scores: list[Score]
    days: ndarray
    errors: dict[str, ndarray] = field(default_factory=dict)


def run_europe(data: Path, reports: Path, setup: EuropeSetUp, folder: Path, *, track: Track = silent) -> EuropeRun:
    """Run everything and write ``scores.json``; the networks lie in ``folder/assets``.

    Args:
        data: ERA-Interim over Europe, a file a day at 12 UTC as :mod:`~latentda.experiments.europe.data` says.
        reports: radiosondes of the set-up's case.
        setup: the experiment.
        folder: of all results; another process that works there is waited for.
        track: shows progress.

    Raises:
        UserError: files that are not there or cannot be used, or a folder of another set-up.
    """
    for path in (data, reports):  # the second is read after the training
        if not path.exists():
            raise UserError(f"There is no file at {path}.")
    claimed = {**asdict(setup), "data": files_digest([data])}
    with only_process(folder):
        claim(folder, claimed)
        return _run_europe(data, reports, setup, folder, track)


def _run_europe(data: Path, reports: Path, setup: EuropeSetUp, folder: Path, track: Track) -> EuropeRun:
    assets = make_assets(data, folder / "assets", setup, track=track)
    sizes = tune_sizes(assets, folder / "sizes.json", track=track)
    samples = error_samples(assets.error_pairs, assets.code)
    intake, one = build_intake(samples, assets.standardizer), Size(1.0, 1.0)
    methods: Methods = {
        name: build_method(name, sizes.get(name, one), samples, assets.standardizer, assets.code)
        for name in setup.methods
    }
    analysts = {
        name: build_analyst(name, sizes[name], samples, assets.model, assets.code, intake)
        for name in setup.methods
        if METHODS[name].assimilates
    }
    case = run_case(reports, assets, analysts)
    scores = forecast_scores(assets) + case_scores(case, assets)
    run = EuropeRun(assets, sizes, missed_variance(assets), case, scores, np.zeros(0))
    run = _with_cycles(run, _world(assets, intake), methods, track)
    write_scores(run.scores, folder / "scores.json")
    return run


def _with_cycles(run: EuropeRun, world: CycledWorld, methods: Methods, track: Track) -> EuropeRun:
    setup, scores, errors, days = run.assets.setup, list(run.scores), {}, run.days
    jobs = [(name, seed) for name in methods for seed in setup.observation_seeds]
    for name, seed in track(jobs, "cycles", len(jobs)):
        cycles = world.run(methods[name], seed)
        scores += cycle_scores(world, cycles, setup, name, seed)
        if seed == setup.observation_seeds[0]:
            errors[name] = daily_errors(world, cycles, "analysis")
            days = np.asarray([datetime_of_hours(cycle.hours) for cycle in cycles])
    return replace(run, scores=scores, days=days, errors=errors)


def _world(assets: EuropeAssets, intake: Intake) -> CycledWorld:
    setup, day = assets.setup, np.timedelta64(1, "D")
    begin = as_datetime(setup.cycling[0]) - (setup.spinup_days + 1) * day
    end = as_datetime(setup.cycling[1]) + (max(setup.leads) // 24 + 1) * day
    truth = assets.truth((str(begin), str(end)))
    return cycled_world(assets.model, truth, intake, setup.cycling, setup.spinup_days)
