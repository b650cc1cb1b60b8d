"""Cycling: window after window, background, observations, analysis, forecast, and again.

    carried(t_0) -> [ screen -> analyse -> forecast ] -> carried(t_1) -> ...

A method whose window has n slots makes n cycles at once, one a slot: the states of its trajectory there, before and
after, each with the observations of its time; the next window begins one interval after the last slot. The cycle is an
iterator: who keeps, records or scores cycles consumes them one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import jax.numpy as jnp
import numpy as np
import pyarrow as pa
from jaxtyping import Float
from numpy import ndarray

from latentda.assimilation import Analysis, AnalysisError, AnalysisMethod, ObservationTerm, Result
from latentda.assimilation.first_guess import FirstGuess
from latentda.assimilation.intake import Intake
from latentda.cycling.cycle import Cycle, CycleSettings, Observe
from latentda.forecast import ForecastModel, require_suited
from latentda.grid import datetime_of_hours, iso
from latentda.observations.parquet_table import table_of


@dataclass(frozen=True, eq=False)
class WindowAnalysis:
    """One analysis with all that it was made of.

    Attributes:
        hours: of the window's start, since 1970.
        intake: that screened the observations.
        guesses: the background of each slot.
        tables: the observations of each slot, with their verdicts.
        terms: the same as terms of the cost.
        analysis: the outcome.
        carried: what the method hands on.
        facts: of every slot, beside those of the analysis.
    """

    hours: int
    intake: Intake
    guesses: list[FirstGuess]
    tables: list[pa.Table]
    terms: tuple[ObservationTerm, ...]
    analysis: Analysis
    carried: Any
    facts: Mapping[str, Any] = field(default_factory=dict)

    def cycles(self, lead_hours: tuple[int, ...]) -> Iterator[Cycle]:
        """A cycle a slot."""
        states, last = np.asarray(self.analysis.trajectory), len(lead_hours) - 1
        spread = self.analysis.spread
        for k, lead in enumerate(lead_hours):
            yield Cycle(
                self.hours + lead,
                self.guesses[k].background,
                states[k],
                self._facts(k),
                self.tables[k],
                self.guesses[k],
                self.intake,
                self.carried if k == last else None,
                None if spread is None else np.asarray(spread[k]),
            )

    def _facts(self, slot: int) -> dict[str, Any]:
        table = self.tables[slot]
        if not self.terms:
            return {"used": 0, "refused": table.num_rows, **self.facts}
        used = int(np.sum(table["used"].to_numpy()))
        ends = {"background": self.analysis.observation_background, "analysis": self.analysis.observation_analysis}
        misfits = {f"misfit_{end}": float(np.sum(d[slot] ** 2)) / max(used, 1) for end, d in ends.items()}
        return {"used": used, "refused": table.num_rows - used, **self.analysis.facts, **misfits, **self.facts}


Adapt = Callable[["Cycler", FirstGuess, int], "Cycler"]
"""``adapt(cycler, background, hours)``: the cycler of one window."""


@dataclass(frozen=True, eq=False)
class Cycler:
    """The parts of a cycle.

    Attributes:
        model: forecasts the analysis to the next background.
        intake: from table to cost.
        method: that analyses.
        offsets: times around the analysis (h) to which the background is forecast, to meet observations at their own
            times; 0 among them. A method of several slots meets them at its slots.
        forgive_failure: whether a cycle goes on from an analysis that has failed.
        facts: that each of its cycles tells beside its own, such as what it was adapted to.

    Raises:
        UserError: a model of other states than the intake's.
    """

    model: ForecastModel
    intake: Intake
    method: AnalysisMethod
    offsets: tuple[int, ...] = (0,)
    forgive_failure: bool = False
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require_suited(self.model, self.intake.layout)

    def cycles(
        self,
        carried: Any,
        observe: Observe,
        windows: Iterable[int],
        *,
        since: int | None = None,
        adapt: Adapt | None = None,
    ) -> Iterator[Cycle]:
        """Every cycle as it is finished.

        Args:
            carried: into the first window, ``method.init(background)``, or what an earlier cycle handed on.
            observe: the observations of a time.
            windows: their starts, hours since 1970.
            since: valid time of ``carried``, where that is not the first window's start.
            adapt: makes method and intake of each window from its background, where they are not the same for all.

        Raises:
            AnalysisError: a background that is not finite, for the forecast has blown up; or an analysis that failed.
        """
        for hours in windows:
            carried = self.forward(carried, hours if since is None else since, hours)
            cycler = self if adapt is None else adapt(self, self.method.first_guess(carried), hours)
            window = cycler.analyse(carried, observe, hours)
            carried, since = window.carried, hours + self.method.lead_hours[-1]
            yield from window.cycles(self.method.lead_hours)

    def forward(self, carried: Any, since: int, hours: int) -> Any:
        """What is carried, forecast from its valid time to the window that starts at ``hours``."""
        slots = self.method.lead_hours
        offsets = self.offsets if len(slots) == 1 and since != hours else slots
        return self.method.forecast(carried, self.model, since, hours - since, offsets)

    def step(self, background: Float[ndarray, "channel lat lon"], table: pa.Table, hours: int) -> Cycle:
        """One analysis of a physical background, of the observations of its time."""
        return next(self.cycles(self.method.init(background), lambda _: table, [hours]))

    def analyse(self, carried: Any, observe: Observe, hours: int) -> WindowAnalysis:
        """The analysis of one window.

        Args:
            carried: into the window.
            observe: the observations of a time.
            hours: of the window's start, since 1970.

        Raises:
            AnalysisError: the analysis is not finite, and failure is not forgiven.
        """
        times = [hours + lead for lead in self.method.lead_hours]
        guesses = self._guesses(self.method.first_guess(carried))
        tables, terms = [table_of(observe(t)) for t in times], list[ObservationTerm]()
        if self.method.observes:
            tables = [self.intake.screen(*one) for one in zip(tables, guesses, times, strict=True)]
            placed = self.method.localizes
            terms = [
                self.intake.term(table, t, guess, placed=placed)
                for table, t, guess in zip(tables, times, guesses, strict=True)
            ]
        analysis, carried = self.method.analyse(carried, tuple(terms), hours)
        if not self.forgive_failure:
            _require_finite(analysis, hours)
        return WindowAnalysis(hours, self.intake, guesses, tables, tuple(terms), analysis, carried, self.facts)

    def windows(self, settings: CycleSettings, done: int = 0) -> range:
        """Starts of the windows of a run, but for those of cycles that are done.

        Raises:
            ValueError: the slots of the method's window are not an interval apart, from its start on.
            UserError: the model's step does not divide the interval.
        """
        require_suited(self.model, self.intake.layout, settings.interval_hours)
        slots, interval = self.method.lead_hours, settings.interval_hours
        if slots != tuple(range(0, interval * len(slots), interval)):
            raise ValueError(f"A cycle every {interval} h needs slots at 0, {interval}, ... h; got {slots}.")
        start = settings.start_hours + done * interval
        return range(start, settings.start_hours + settings.cycles * interval, interval * len(slots))

    def _guesses(self, first_guess: FirstGuess) -> list[FirstGuess]:
        """The background of every slot: the whole first guess where there is one only."""
        if len(self.method.lead_hours) == 1:
            return [first_guess]
        return [FirstGuess.instant(state) for state in first_guess.states]


def _require_finite(analysis: Analysis, hours: int) -> None:
    if analysis.result is Result.NOT_FINITE or not bool(jnp.isfinite(analysis.trajectory).all()):
        when = iso(datetime_of_hours(hours))
        raise AnalysisError(f"The analysis of {when} has failed: {Result.NOT_FINITE.advice}.")
