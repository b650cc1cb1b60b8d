"""All runs of an experiment: methods times seeds, the nature run first, then the runs side by side, then the scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np

from latentda.experiments.twin.catalogue import ExperimentSetUp
from latentda.experiments.twin.factors import with_factors
from latentda.experiments.twin.nature import prepare_nature
from latentda.experiments.twin.run import Run, do_run, run_log
from latentda.experiments.twin.scores import record_scores
from latentda.progress import Track, silent
from latentda.runs.workers import Listen, run_jobs
from latentda.verification import Score
from latentda.world import WorldFolder, embedded_world


@dataclass(frozen=True)
class Campaign:
    """An experiment with its seeds and its place.

    Attributes:
        setup: the experiment, with the methods to run.
        seeds: which.
        root: folder of all experiments.
        world: scales, network, background errors, models.
    """

    setup: ExperimentSetUp
    seeds: tuple[int, ...]
    root: Path
    world: WorldFolder = field(default_factory=embedded_world)

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
    setup, world = campaign.setup, campaign.world
    days = max(setup.nature_days(seed) for seed in campaign.seeds)
    nature = prepare_nature(world, days, campaign.root / "nature", every_hours=setup.truth_hours, track=track)
    make = partial(Run, setup, root=campaign.root, nature=nature, world=world)
    runs = [make(method=method, seed=seed) for method, seed in campaign.runs]
    failures = run_jobs(runs, do_run, workers, listen, run_log)
    scores: list[Score] = []
    for number, run in enumerate(runs):
        if number not in failures:
            scores += run_scores(run, world)
    return Outcome(scores, [(campaign.titles[number], sentence) for number, sentence in sorted(failures.items())])


def run_scores(run: Run, world: WorldFolder) -> list[Score]:
    """The scores of a finished run."""
    standardizer = world.standardizer
    spread = np.asarray(standardizer.scale)
    return record_scores(run.record(), spread, standardizer.layout, run.setup, run.method, run.seed)
