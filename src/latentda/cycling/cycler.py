"""Cycling: window after window, background, observations, analysis, forecast, and again.

    x_b(t_0) -> [ screen -> analyse -> forecast ] -> x_b(t_1) -> ...

A method whose window has n slots makes n cycles at once, one a slot: the states of its trajectory there, before and
after, each with the observations of its time; the next window begins one interval after the last slot.

Each finished cycle is one file (background, analysis, diagnostics), written whole or not at all; a run that
was killed at any instant goes on from the last complete one. A note beside them says which run they are of, and another
run does not go on from them. Without a method the background is the analysis.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import pyarrow as pa
from jaxtyping import Float
from numpy import ndarray

from latentda.assimilation import Analysis, AnalysisError, ObservationTerm, Preconditioner, Result, Variational
from latentda.assimilation.feedback import feedback, feedback_file
from latentda.assimilation.first_guess import FirstGuess
from latentda.assimilation.intake import Intake
from latentda.cycling.learnt import keep_learnt, read_learnt
from latentda.fields import Standardizer
from latentda.files import fitting, read_arrays, write_arrays
from latentda.forecast import ForecastModel
from latentda.grid import datetime_of_hours, iso
from latentda.observations import write_table
from latentda.progress import Track, silent
from latentda.runs.claim import claim
from latentda.runs.identity import identity_of
from latentda.runs.lock import only_process
from latentda.user_error import UserError

KIND = "cycle"
"""Kind of file."""

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
        facts: used and refused data; cost before and after, J_o / p likewise, |grad J| at the end over that at the
            start, iterations, evaluations, how the minimisation ended.
        table: the observations with their verdicts; None for a cycle read from disk.
        learnt: of the Hessian, for the next cycle; as ``table``, and None for all but the last of a window.
    """

    hours: int
    background: Float[ndarray, "channel lat lon"]
    analysis: Float[ndarray, "channel lat lon"]
    facts: dict[str, Any]
    table: pa.Table | None = None
    learnt: Preconditioner | None = None


@dataclass(frozen=True, eq=False)
class WindowAnalysis:
    """One analysis with all that it was made of.

    Attributes:
        hours: of the window's start, since 1970.
        guesses: the background of each slot.
        tables: the observations of each slot, with their verdicts.
        terms: the same as terms of the cost.
        analysis: the outcome.
    """

    hours: int
    guesses: list[FirstGuess]
    tables: list[pa.Table]
    terms: tuple[ObservationTerm, ...]
    analysis: Analysis

    def cycles(self, slots: tuple[int, ...]) -> list[Cycle]:
        """A cycle a slot."""
        states = np.asarray(self.analysis.trajectory)
        parts = zip(slots, self.guesses, states, _facts(self.analysis, self.tables), self.tables, strict=True)
        found = [Cycle(self.hours + lead, guess.background, x, fact, table) for lead, guess, x, fact, table in parts]
        return [*found[:-1], replace(found[-1], learnt=self.analysis.minimum.preconditioner)]


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
        hand_on: whether a minimiser begins with what it learnt of the Hessian in the cycle before. It pays where
            Hessians stay alike: in three dimensions with stations that stay. In a window every day's flow makes another
            Hessian, and it costs iterations.
        forgive_failure: whether the background stands for an analysis that is not finite, instead of an error.
    """

    model: ForecastModel
    standardizer: Standardizer
    intake: Intake
    method: Variational | None
    offsets: tuple[int, ...] = (0,)
    hand_on: bool = False
    forgive_failure: bool = False

    def run(
        self,
        background: Float[ndarray, "channel lat lon"],
        observe: Observe,
        settings: CycleSettings,
        *,
        folder: str | Path | None = None,
        identity: Mapping[str, Any] | None = None,
        keep_feedback: bool = False,
        name: str = "cycling",
        track: Track = silent,
    ) -> list[Cycle]:
        """Cycle from a physical background valid at the first analysis time.

        Args:
            background: x_b of the first cycle.
            observe: the observations of a time.
            settings: when and how often.
            folder: where to keep finished cycles and to resume from; nothing is kept without it. Another process that
                works there is waited for.
            identity: plain values that tell this run from others in its folder, such as digests of the files that it
                depends on; start and interval are among them anyway. By default the digits of background, model,
                scales, intake and method, whatever they were computed from, and nothing of ``observe``.
            keep_feedback: whether every cycle's observations are kept there too, with what became of them.
            name: what the progress display says.
            track: shows progress.

        Raises:
            AnalysisError: a background that is not finite: the forecast has blown up; or an analysis that is not.
            UserError: ``folder`` holds another run or other files, or cannot be written to.
        """
        if folder is None:
            return self._run(background, observe, settings, None, keep_feedback, name, track)
        with only_process(folder):
            own = identity if identity is not None else self._identity(background)
            note = {"start_hours": settings.start_hours, "interval_hours": settings.interval_hours, **own}
            claim(Path(folder), note, what="run")
            return self._run(background, observe, settings, Path(folder), keep_feedback, name, track)

    def _identity(self, background: Float[ndarray, "channel lat lon"]) -> dict[str, Any]:
        parts = identity_of(
            background=np.asarray(background, np.float32),
            model=self.model,
            standardizer=self.standardizer,
            intake=self.intake,
            method=self.method,
        )
        return {**parts, "offsets": self.offsets, "hand_on": self.hand_on}

    def _run(
        self,
        background: Float[ndarray, "channel lat lon"],
        observe: Observe,
        settings: CycleSettings,
        folder: Path | None,
        keep_feedback: bool,
        name: str,
        track: Track,
    ) -> list[Cycle]:
        slots = self._slots(settings.interval_hours)
        done = list(_read(folder, settings)) if folder else []
        done = done[: len(done) - len(done) % len(slots)]
        guess = self.forecast(done[-1], settings.interval_hours) if done else self.first_guess(background, settings)
        learnt = read_learnt(folder, done[-1].hours) if done and folder and self.hand_on else None
        jobs = range(len(done), settings.cycles, len(slots))
        for k in track(jobs, name, len(jobs)):
            cycles = self.window(guess, observe, settings.start_hours + k * settings.interval_hours, learnt)
            learnt = cycles[-1].learnt if self.hand_on else None
            if folder and learnt is not None:
                keep_learnt(learnt, folder, cycles[-1].hours)
            for j, cycle in enumerate(cycles):
                done.append(replace(cycle, table=None, learnt=None))
                if folder:
                    if keep_feedback and cycle.table is not None:
                        told = feedback(self.intake, cycle.table, cycle.hours, self._at(guess, j), cycle.analysis)
                        write_table(told, feedback_file(folder, k + j))
                    _write(folder, k + j, cycle)
            if k + len(slots) < settings.cycles:
                guess = self.forecast(cycles[-1], settings.interval_hours)
        return done[: settings.cycles]

    def step(self, first_guess: FirstGuess, table: pa.Table, hours: int) -> Cycle:
        """One analysis of a physical background, of the observations of its time."""
        return self.window(first_guess, lambda _: table, hours)[0]

    def window(
        self, first_guess: FirstGuess, observe: Observe, hours: int, learnt: Preconditioner | None = None
    ) -> list[Cycle]:
        """One analysis, and the cycles of its slots.

        Args:
            first_guess: the background at the slots; with one slot, around it.
            observe: the observations of a time.
            hours: of the window's start, since 1970.
            learnt: of the Hessian, in the cycle before.
        """
        if self.method is None:
            table, background = observe(hours), first_guess.background
            return [Cycle(hours, background, background, {"used": 0, "refused": table.num_rows}, table)]
        return self.analyse(first_guess, observe, hours, learnt).cycles(self.method.window.lead_hours)

    def analyse(
        self, first_guess: FirstGuess, observe: Observe, hours: int, learnt: Preconditioner | None = None
    ) -> WindowAnalysis:
        """The analysis of a window alone; arguments as in :meth:`window`.

        Raises:
            AnalysisError: the analysis is not finite, and failure is not forgiven.
            ValueError: there is no method.
        """
        if self.method is None:
            raise ValueError("Without a method there is no analysis.")
        times = [hours + lead for lead in self.method.window.lead_hours]
        guesses = [self._at(first_guess, k) for k in range(len(times))]
        tables = [self.intake.screen(observe(t), guess, t) for t, guess in zip(times, guesses, strict=True)]
        terms = tuple(self.intake.term(table, t, guess) for table, t, guess in zip(tables, times, guesses, strict=True))
        anomaly = self.standardizer.to_anomaly(jnp.asarray(first_guess.background), np.int32(hours))
        analysis = self.method.analyse(anomaly, terms, hours, learnt, hand_on=self.hand_on)
        if not self.forgive_failure:
            _require_finite(analysis, hours)
        return WindowAnalysis(hours, guesses, tables, terms, analysis)

    def first_guess(self, background: Float[ndarray, "channel lat lon"], settings: CycleSettings) -> FirstGuess:
        """The first window's background, from its state at the start."""
        slots = self._slots(settings.interval_hours)
        if len(slots) == 1:
            return FirstGuess.instant(background)
        return FirstGuess(np.asarray(self.model.propagate(background, np.int32(settings.start_hours), slots)), slots)

    def forecast(self, cycle: Cycle, interval_hours: int) -> FirstGuess:
        """The next window's background, from this one's last state."""
        slots = self._slots(interval_hours)
        offsets = self.offsets if len(slots) == 1 else slots
        leads = tuple(interval_hours + offset for offset in offsets)
        states = self.model.propagate(cycle.analysis, np.int32(cycle.hours), leads)
        return FirstGuess(np.asarray(states), offsets)

    def _slots(self, interval_hours: int) -> tuple[int, ...]:
        """The slots of the method's window.

        Raises:
            ValueError: they are not an interval apart, from the window's start on.
        """
        slots = (0,) if self.method is None else self.method.window.lead_hours
        if slots != tuple(range(0, interval_hours * len(slots), interval_hours)):
            raise UserError(f"A cycle every {interval_hours} h needs slots at 0, {interval_hours}, ... h; got {slots}.")
        return slots

    def _at(self, first_guess: FirstGuess, slot: int) -> FirstGuess:
        """The background of one slot: the whole first guess where there is one only."""
        if self.method is None or len(self.method.window.lead_hours) == 1:
            return first_guess
        return FirstGuess.instant(first_guess.states[slot])


def _require_finite(analysis: Analysis, hours: int) -> None:
    finite = bool(jnp.isfinite(analysis.trajectory).all())
    if analysis.result is Result.NOT_FINITE or not finite:
        when = iso(datetime_of_hours(hours))
        raise AnalysisError(f"The analysis of {when} has failed: {Result.NOT_FINITE.advice}.")


def _facts(analysis: Analysis, tables: list[pa.Table]) -> list[dict[str, Any]]:
    minimum = analysis.minimum
    cost, norm = np.asarray(minimum.cost), np.asarray(minimum.gradient_norm)
    data = max(sum(int(np.sum(table["used"].to_numpy())) for table in tables), 1)
    last = int(cost.argmin())
    whole = {
        "cost_background": float(cost[0]),
        "cost_analysis": float(cost[last]),
        "observation_cost_background": float(cost[0]) / data,
        "observation_cost_analysis": float(cost[last] - 0.5 * np.asarray(minimum.control_norm)[last] ** 2) / data,
        "gradient_reduction": float(norm[-1]) / float(norm[0]) if norm[0] > 0.0 else 0.0,
        "iterations": int(minimum.iterations),
        "evaluations": int(minimum.evaluations[-1]),
        "result": analysis.result.name.lower(),
    }
    found = []
    for table, before, after in zip(
        tables, analysis.observation_background, analysis.observation_analysis, strict=True
    ):
        used = int(np.sum(table["used"].to_numpy()))
        misfit = {
            "misfit_background": float(np.sum(before**2)) / max(used, 1),
            "misfit_analysis": float(np.sum(after**2)) / max(used, 1),
        }
        found.append({"used": used, "refused": table.num_rows - used} | whole | misfit)
    return found


def _file(folder: Path, k: int) -> Path:
    return folder / f"cycle_{k:05d}.safetensors"


def _write(folder: Path, k: int, cycle: Cycle) -> None:
    arrays = {name: np.asarray(getattr(cycle, name), np.float32) for name in ("background", "analysis")}
    write_arrays(_file(folder, k), KIND, arrays, {"hours": cycle.hours, "facts": cycle.facts})


def _read(folder: Path, settings: CycleSettings) -> Iterator[Cycle]:
    k = 0
    while k < settings.cycles and _file(folder, k).exists():
        arrays, about = read_arrays(_file(folder, k), KIND)
        with fitting(_file(folder, k), KIND):
            cycle = Cycle(about["hours"], arrays["background"], arrays["analysis"], about["facts"])
        yield cycle
        k += 1
