"""All runs of an experiment: methods times seeds, the nature run first, then the runs side by side, then the scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from latentda.experiments.assets import Assets, shipped_assets
from latentda.experiments.catalogue import ExperimentSetUp
from latentda.experiments.experiment import Run, do_run
from latentda.experiments.factors import with_factors
from latentda.experiments.jobs import Listen, run_jobs
from latentda.experiments.nature import prepare_nature
from latentda.experiments.twin_scores import record_scores
from latentda.progress import Track, silent
from latentda.verification import Score


@dataclass(frozen=True)
class Campaign:
    """An experiment with its seeds and its place.

    Attributes:
        setup: the experiment, with the methods to run.
        seeds: which.
        root: folder of all experiments.
        assets_folder: scales, network, background errors; None for the shipped ones.
    """

    setup: ExperimentSetUp
    seeds: tuple[int, ...]
    root: Path
    assets_folder: Path | None = None

    @property
    def assets(self) -> Assets:
        """The chosen assets."""
        return Assets(self.assets_folder) if self.assets_folder else shipped_assets()

    @property
    def runs(self) -> tuple[tuple[str, int], ...]:
        """(method, seed), in the order in which they are done."""
        return tuple((method, seed) for method in self.setup.methods for seed in self.seeds)

    @property
    def titles(self) -> list[str]:
        """The runs in words."""
        return [run_title(self.setup, *run) for run in self.runs]


@dataclass(frozen=True)
class Outcome:
    """What a campaign gave.

    Attributes:
        scores: of all runs that finished.
        failures: title and reason of the others.
    """

    scores: list[Score]
    failures: list[tuple[str, str]]


def run_title(setup: ExperimentSetUp, method: str, seed: int) -> str:
    """How a run is called on a screen."""
    return f"{setup.name} {method} seed {seed}"


def plan(
    setup: ExperimentSetUp,
    methods: Sequence[str] = (),
    scored_days: int | None = None,
    spinup_days: int | None = None,
    factors: Path | None = None,
) -> ExperimentSetUp:
    """A set-up from the catalogue with what the user wants otherwise.

    Raises:
        ValueError: an unknown method, or a file of factors that has none for this experiment.
    """
    changed = replace(
        setup,
        methods=tuple(methods) or setup.methods,
        scored_days=setup.scored_days if scored_days is None else scored_days,
        spinup_days=setup.spinup_days if spinup_days is None else spinup_days,
    )
    return with_factors(changed, factors) if factors else changed


def run_campaign(campaign: Campaign, workers: int, listen: Listen, *, track: Track = silent) -> Outcome:
    """Do every run of a campaign that is not done yet.

    Args:
        campaign: what to run.
        workers: processes.
        listen: hears how far each run is, by its number in ``campaign.runs``.
        track: shows how far the nature run is.
    """
    setup, assets = campaign.setup, campaign.assets
    days = max(setup.nature_days(seed) for seed in campaign.seeds)
    nature = prepare_nature(assets.start, days, campaign.root / "nature", every_hours=setup.truth_hours, track=track)
    make = partial(Run, setup, root=campaign.root, nature=nature, assets_folder=assets.folder, errors=assets.errors)
    runs = [make(method=method, seed=seed) for method, seed in campaign.runs]
    failures = run_jobs(runs, do_run, workers, listen)
    scores: list[Score] = []
    for number, run in enumerate(runs):
        if number not in failures:
            scores += run_scores(run, assets)
    return Outcome(scores, [(campaign.titles[number], sentence) for number, sentence in sorted(failures.items())])


def run_scores(run: Run, assets: Assets) -> list[Score]:
    """The scores of a finished run."""
    standardizer = assets.standardizer
    spread = np.asarray(standardizer.scale)
    return record_scores(run.record(), spread, standardizer.layout, run.setup, run.method, run.seed)
