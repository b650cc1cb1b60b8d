"""Cycling: window after window, background, observations, analysis, forecast, and again.

    x_b(t_0) -> [ screen -> analyse -> forecast ] -> x_b(t_1) -> ...

Each finished cycle is one file (background, analysis, diagnostics), written whole or not at all; a run that
was killed at any instant goes on from the last complete one. Without a method the background is the analysis.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import pyarrow as pa
from jaxtyping import Float
from numpy import ndarray
from safetensors import safe_open
from safetensors.numpy import save_file

from latentda.assimilation import Analysis, Variational
from latentda.cycling.feedback import feedback, feedback_file
from latentda.cycling.first_guess import FirstGuess
from latentda.cycling.intake import Intake
from latentda.fields import Standardizer
from latentda.forecast import ForecastModel
from latentda.observations import write_table
from latentda.progress import Track, silent

Observe = Callable[[int], pa.Table]
"""``observe(hours since 1970)`` -> the observations of a cycle."""


@dataclass(frozen=True)
class CycleSettings:
    """How long and how often.

    Attributes:
        start_hours: time of the first analysis, hours since 1970.
        cycles: number of analyses.
        interval_hours: time between them.
    """

    start_hours: int
    cycles: int
    interval_hours: int = 12


@dataclass(frozen=True, eq=False)
class Cycle:
    """One finished cycle.

    Attributes:
        hours: analysis time, hours since 1970.
        background: physical units ``(channel, lat, lon)``.
        analysis: likewise.
        facts: used and refused data, cost before and after, iterations, how the minimisation ended.
        table: the observations with their verdicts; None for a cycle read from disk.
    """

    hours: int
    background: Float[ndarray, "channel lat lon"]
    analysis: Float[ndarray, "channel lat lon"]
    facts: dict[str, Any]
    table: pa.Table | None = None


@dataclass(frozen=True, eq=False)
class Cycler:
    """The parts of a cycle.

    Attributes:
        model: forecasts the analysis to the next background.
        standardizer: between physical states and anomalies.
        intake: from table to cost.
        method: the analysis method, or None for no assimilation.
        offsets: times around the analysis (h) to which the background is forecast, to meet observations at their own
            times; 0 among them.
    """

    model: ForecastModel
    standardizer: Standardizer
    intake: Intake
    method: Variational | None
    offsets: tuple[int, ...] = (0,)

    def run(
        self,
        background: Float[ndarray, "channel lat lon"],
        observe: Observe,
        settings: CycleSettings,
        *,
        folder: str | Path | None = None,
        keep_feedback: bool = False,
        name: str = "cycling",
        track: Track = silent,
    ) -> list[Cycle]:
        """Cycle from a physical background valid at the first analysis time.

        Args:
            background: x_b of the first cycle.
            observe: the observations of a time.
            settings: when and how often.
            folder: where to keep finished cycles and to resume from; nothing is kept without it.
            keep_feedback: whether every cycle's observations are kept there too, with what became of them.
            name: what the progress display says.
            track: shows progress.

        Raises:
            AnalysisError: a background that is not finite: the forecast has blown up.
            ValueError: ``folder`` holds another run.
        """
        done = list(_read(Path(folder), settings)) if folder else []
        first_guess = self.forecast(done[-1], settings.interval_hours) if done else FirstGuess.instant(background)
        for k in track(range(len(done), settings.cycles), name, settings.cycles - len(done)):
            hours = settings.start_hours + k * settings.interval_hours
            cycle = self.step(first_guess, observe(hours), hours)
            done.append(replace(cycle, table=None))
            if folder:
                if keep_feedback and cycle.table is not None:
                    told = feedback(self.intake, cycle.table, hours, first_guess, cycle.analysis)
                    write_table(told, feedback_file(Path(folder), k))
                _write(Path(folder), k, cycle, settings)
            if k + 1 < settings.cycles:
                first_guess = self.forecast(cycle, settings.interval_hours)
        return done

    def step(self, first_guess: FirstGuess, table: pa.Table, hours: int) -> Cycle:
        """One analysis of a physical background."""
        background = first_guess.background
        if self.method is None:
            return Cycle(hours, background, background, {"used": 0, "refused": table.num_rows}, table)
        table = self.intake.screen(table, first_guess, hours)
        term = self.intake.term(table, hours, first_guess)
        clock = np.int32(hours)
        anomaly = self.standardizer.to_anomaly(jnp.asarray(background), clock)
        analysis = self.method.analyse(anomaly, (term,), hours)
        state = np.asarray(self.standardizer.to_physical(analysis.state, clock))
        return Cycle(hours, background, state, _facts(analysis, table), table)

    def forecast(self, cycle: Cycle, interval_hours: int) -> FirstGuess:
        """The next cycle's background, from this one's analysis."""
        leads = tuple(interval_hours + offset for offset in self.offsets)
        states = self.model.propagate(cycle.analysis, np.int32(cycle.hours), leads)
        return FirstGuess(np.asarray(states), self.offsets)


def _facts(analysis: Analysis, table: pa.Table) -> dict[str, Any]:
    used = int(np.sum(table["used"].to_numpy()))
    cost = np.asarray(analysis.minimum.cost)
    misfit = [float(np.sum(d[0] ** 2)) for d in (analysis.observation_background, analysis.observation_analysis)]
    return {
        "used": used,
        "refused": table.num_rows - used,
        "cost_background": float(cost[0]),
        "cost_analysis": float(cost.min()),
        "misfit_background": misfit[0] / max(used, 1),
        "misfit_analysis": misfit[1] / max(used, 1),
        "iterations": int(analysis.minimum.iterations),
        "result": analysis.result.name.lower(),
    }


def _file(folder: Path, k: int) -> Path:
    return folder / f"cycle_{k:05d}.safetensors"


def _write(folder: Path, k: int, cycle: Cycle, settings: CycleSettings) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    about = {"hours": cycle.hours, "facts": cycle.facts, "settings": asdict(settings)}
    partial = folder / "cycle.part"
    arrays = {"background": cycle.background, "analysis": cycle.analysis}
    contiguous = {k: np.ascontiguousarray(v, np.float32) for k, v in arrays.items()}
    save_file(contiguous, str(partial), {"about": json.dumps(about)})
    partial.replace(_file(folder, k))


def _read(folder: Path, settings: CycleSettings) -> Iterator[Cycle]:
    k = 0
    while k < settings.cycles and _file(folder, k).exists():
        with safe_open(str(_file(folder, k)), "numpy") as file:
            about = json.loads(file.metadata()["about"])
            stored = about["settings"] | {"cycles": settings.cycles}
            if stored != asdict(settings):
                raise ValueError(f"{folder} holds another run ({about['settings']}); choose another folder.")
            yield Cycle(
                about["hours"],
                file.get_tensor("background"),
                file.get_tensor("analysis"),
                about["facts"],
            )
        k += 1
