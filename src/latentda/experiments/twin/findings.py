"""Finished runs of an experiment, read back from its folder: for reports, and to score several commands together."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import cache, partial
from pathlib import Path

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from latentda.experiments.twin.catalogue import ExperimentSetUp
from latentda.experiments.twin.record import CycleErrors, RunRecord, read_record
from latentda.experiments.twin.run import RECORD
from latentda.experiments.twin.scores import record_scores
from latentda.grid import Layout, datetime_of_hours
from latentda.methods import METHODS, method_digest
from latentda.runs.claim import NOTE
from latentda.user_error import UserError
from latentda.verification import Score, mean_score
from latentda.world import WorldFolder


@dataclass(frozen=True, eq=False)
class Finding:
    """One finished run.

    Attributes:
        setup: the experiment, as long as the run is.
        method: its name.
        seed: its seed.
        factor: on background-error variances; None without assimilation.
        record: what it did.
    """

    setup: ExperimentSetUp
    method: str
    seed: int
    factor: float | None
    record: RunRecord

    @property
    def times(self) -> ndarray:
        """Dates of the cycles."""
        return np.asarray([datetime_of_hours(cycle.hours) for cycle in self.record.cycles])

    @property
    def scored(self) -> tuple[CycleErrors, ...]:
        """The cycles after spin-up."""
        return self.record.cycles[self.setup.spinup_cycles :]

    def mean_errors(self, kind: str, spread: Float[ndarray, " channel"]) -> Float[ndarray, " cycle"]:
        """Mean-over-channels error of every cycle's background or analysis, in climatological spreads."""
        return np.asarray([mean_score(getattr(cycle, kind).rmse, spread) for cycle in self.record.cycles])


@dataclass(frozen=True, eq=False)
class Findings:
    """All runs of an experiment that are equally long, the longest found.

    Attributes:
        runs: methods in the catalogue's order, seeds within them.
        unfinished: names of runs that are shorter.
        layout: of their states.
        spread: climatological spread of each channel.
    """

    runs: tuple[Finding, ...]
    unfinished: tuple[str, ...]
    layout: Layout
    spread: Float[ndarray, " channel"]

    @property
    def setup(self) -> ExperimentSetUp:
        """The experiment."""
        return self.runs[0].setup

    @property
    def methods(self) -> tuple[str, ...]:
        """In the order of the runs."""
        return tuple(dict.fromkeys(run.method for run in self.runs))

    @property
    def seeds(self) -> tuple[int, ...]:
        """Ascending."""
        return tuple(sorted({run.seed for run in self.runs}))

    def of_method(self, method: str) -> tuple[Finding, ...]:
        """A method's runs."""
        return tuple(run for run in self.runs if run.method == method)

    def scores(self) -> list[Score]:
        """The scores of all runs."""
        return [
            score
            for run in self.runs
            for score in record_scores(run.record, self.spread, self.layout, run.setup, run.method, run.seed)
        ]


def read_findings(folder: Path, world: WorldFolder) -> Findings:
    """The runs beneath an experiment's folder, ``OUT/NAME``.

    Raises:
        UserError: it holds no run, or runs with another world or of other experiments.
    """
    digest = cache(partial(method_digest, world=world))
    found = [_finding(note.parent, digest) for note in sorted(folder.glob(f"*/seed_*/{NOTE}"))]
    found = [run for run in found if run.record.cycles]
    if not found:
        raise UserError(f"{folder} holds no run of an experiment; give the folder OUT/NAME of 'experiment run'.")
    if any(replace(run.setup, scored_days=1) != replace(found[0].setup, scored_days=1) for run in found):
        raise UserError(f"{folder} holds runs of different experiments.")
    longest = max(len(run.record.cycles) for run in found)
    order = list(METHODS)
    runs = sorted(
        (run for run in found if len(run.record.cycles) == longest), key=lambda r: (order.index(r.method), r.seed)
    )
    short = tuple(f"{run.method} seed {run.seed}" for run in found if len(run.record.cycles) < longest)
    standardizer = world.standardizer
    return Findings(tuple(runs), short, standardizer.layout, np.asarray(standardizer.scale))


def _finding(folder: Path, digest: Callable[[str], str]) -> Finding:
    note = json.loads((folder / NOTE).read_text(encoding="utf-8"))
    if note["world"] != digest(note["method"]):
        raise UserError(f"{folder} was run with another world; name its folder with --world.")
    record = read_record(folder / RECORD)
    known = {field.name for field in fields(ExperimentSetUp)}
    settings = {name: value for name, value in note.items() if name in known}
    spinup = ExperimentSetUp(**settings).spinup_cycles
    days = (len(record.cycles) - spinup) * note["interval_hours"] // 24
    setup = ExperimentSetUp(**settings, scored_days=max(days, 1))
    return Finding(setup, note["method"], note["seed"], note["background_factor"], record)
