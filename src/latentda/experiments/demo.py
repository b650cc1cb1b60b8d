"""The main jobs: an idealized cycle, and real reports, each from input to a report in a few minutes on a laptop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib import resources
from pathlib import Path

import numpy as np

from latentda.experiments.real.real import RealSetUp, real_scores, run_real
from latentda.experiments.real.report import write_real_report
from latentda.experiments.twin.demo import TwinSetUp, run_twin
from latentda.experiments.twin.demo_report import write_twin_report
from latentda.experiments.twin.scores import twin_scores
from latentda.progress import Track, silent
from latentda.runs.claim import claim
from latentda.runs.lock import only_process
from latentda.verification import FitRow, Score, write_scores
from latentda.world import WorldFolder


@dataclass(frozen=True)
class Outcome:
    """Where a result lies and what it says.

    Attributes:
        report: the HTML page.
        scores_file: the JSON beside it.
        scores: what is in it.
        fits: O-B and O-A of every method, of real reports.
    """

    report: Path
    scores_file: Path
    scores: list[Score]
    fits: Mapping[str, Sequence[FitRow]] = field(default_factory=dict)


def run_demo(setup: TwinSetUp, world: WorldFolder, folder: Path, *, track: Track = silent) -> Outcome:
    """Run a twin experiment in ``folder`` and write its ``scores.json`` and ``report.html`` there."""
    with only_process(folder):
        claim(folder, {**asdict(setup), "cycles": None, "world": world.digest})
        run = run_twin(setup, world, folder, track=track)
        spread = np.asarray(world.standardizer.scale)
        scores = twin_scores(run, spread)
        write_scores(scores, folder / "scores.json")
        report = write_twin_report(run, scores, spread, folder / "report.html")
    return Outcome(report, folder / "scores.json", scores)


def run_real_demo(
    reports: Sequence[Path], setup: RealSetUp, world: WorldFolder, folder: Path, *, track: Track = silent
) -> Outcome:
    """Assimilate real reports, a cycle a file, and write ``scores.json`` and ``report.html`` in ``folder``."""
    with only_process(folder):
        run = run_real(reports, setup, world, folder, track=track)
        scores = real_scores(run)
        write_scores(scores, folder / "scores.json")
        report = write_real_report(run, folder / "report.html")
        fits = {name: run.fits(name) for name in run.methods}
    return Outcome(report, folder / "scores.json", scores, fits)


def shipped_reports() -> Path:
    """The global prepBUFR reports of 1989-01-01 12 UTC in the package."""
    return Path(str(resources.files("latentda.observations") / "data" / "prepbufr_1989010112.gz"))
