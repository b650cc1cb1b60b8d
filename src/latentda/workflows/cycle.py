"""Cycles of one's own: analysis, forecast by one's own model, analysis, over days or months.

| file | what |
| --- | --- |
| analysis.zarr, background.zarr | the states of every analysis time, as WeatherBench 2 has them |
| spread.zarr | the standard deviation of the analysis error, where the method has members |
| forecast.zarr | forecasts from the analyses, along ``prediction_timedelta``, where leads were asked for |
| cycle_*.safetensors, carried_*.safetensors | what a killed run goes on from |
| feedback_*.parquet | every datum of each cycle with its verdict, O-B, O-A and the errors used |
| scores.json | the fit to used and withheld data over all cycles |
| report.html | series, profiles, maps, stations |

Memory does not grow with the number of cycles: each is written when it is finished.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import xarray as xr

from latentda.cycling import Cycle, CycleSettings, Observe, run_cycles
from latentda.fields import ForecastWriter, Location, StateWriter
from latentda.forecast import ForecastModel, name_of
from latentda.grid import Layout, Time, datetime_of_hours, hours_since_1970, iso
from latentda.grid.clock import lead_steps
from latentda.methods import method_digest
from latentda.observations import column
from latentda.progress import Track, silent
from latentda.reports.feedback import add_feedback
from latentda.reports.page import Report
from latentda.runs.identity import digest
from latentda.user_error import UserError
from latentda.verification import FitRow, fit_scores, write_scores
from latentda.verification.feedback_files import read_feedbacks
from latentda.verification.feedback_summary import FeedbackSummary, summarise
from latentda.workflows.analyst import Analyst, make_analyst
from latentda.workflows.assimilate import named_model
from latentda.workflows.assimilated import DEFAULTS, AssimilationSettings
from latentda.workflows.background import read_background, require_plausible
from latentda.workflows.provenance import provenance
from latentda.workflows.report_files import ReportFiles, files_of
from latentda.world import WorldFolder

TITLES = {"background": "Background", "analysis": "Analysis", "spread": "Standard deviation of the analysis error"}
"""Stores of states, by name."""
FORECASTS = "forecast"


@dataclass(frozen=True, eq=False)
class Cycled:
    """What a run of cycles made.

    Attributes:
        folder: of its files.
        cycles: how many analyses.
        empty: times of analyses without a datum that could be used.
        summary: of the feedback of all.
    """

    folder: Path
    cycles: int
    empty: list[str]
    summary: FeedbackSummary

    @property
    def fits(self) -> list[FitRow]:
        """O-B and O-A over all cycles."""
        return self.summary.fit


def cycle(
    world: WorldFolder | str | Path,
    background: Location | xr.Dataset,
    observations: Sequence[str | Path],
    start: Time,
    end: Time,
    folder: str | Path,
    *,
    method: str | None = None,
    model: ForecastModel | str | None = None,
    leads: Sequence[int] = (),
    columns: Any = None,
    settings: AssimilationSettings = DEFAULTS,
    track: Track = silent,
) -> Cycled:
    """Cycle from a background; a killed run in the folder goes on.

    Args:
        world: the world or its folder.
        background: a store or dataset with the state at the first analysis time, or with members of it.
        observations: files, folders, or patterns such as ``obs/*.parquet``.
        start: first analysis time.
        end: no analysis is later.
        folder: of the results.
        method: its name; by default that of the settings.
        model: what forecasts from analysis to analysis; by default the world's.
        leads: of forecasts from every analysis that are kept (h).
        columns: a column map of CSV, or of frames.
        settings: everything else that analyses are made by.
        track: shows progress.

    Raises:
        UserError: anything that is wrong with what was given, in one sentence.
    """
    place, out = world if isinstance(world, WorldFolder) else WorldFolder(Path(world)), Path(folder)
    chosen = settings if method is None else replace(settings, method=method)
    forecasts = named_model(model, place) or place.model
    analyst = make_analyst(place, chosen, forecasts)
    plan = _plan(start, end, place.settings.interval_hours, len(analyst.slots))
    state = read_background(background, place.layout, start)
    require_plausible(state, place.standardizer)
    reports = ReportFiles(files_of(observations), columns, track)
    empty: list[str] = []
    observe = _observing(analyst, reports, empty)
    name = model if isinstance(model, str) else name_of(forecasts)
    identity = {"world": method_digest(chosen.method, place), "settings": digest(asdict(chosen)), "model": name}
    identity |= {"background": digest(state.values if state.members is None else state.members)}
    cycles = run_cycles(
        analyst.cycler, analyst.beginning(state), observe, plan, folder=out, identity=identity, keep_feedback=True,
        adapt=analyst.adapting(observe), name="analyses", track=track,
    )  # fmt: skip
    attributes = provenance(place, [state.source, *map(str, observations)], chosen, name)
    stores = _Stores(out, place.layout, attributes, forecasts, leads)
    for done, one in enumerate(cycles):
        stores.append(done, one)
    if empty:
        warnings.warn(_nothing_at(empty), UserWarning, stacklevel=2)
    summary = summarise(read_feedbacks([out]))
    write_scores(
        fit_scores(summary.fit, experiment="cycle", method=chosen.method, seed=chosen.seed, twin="real"),
        out / "scores.json",
    )
    _report(summary, analyst, attributes, empty).write(out / "report.html")
    return Cycled(out, plan.cycles, empty, summary)


def _plan(start: Time, end: Time, interval: int, slots: int) -> CycleSettings:
    first, last = int(hours_since_1970(start)), int(hours_since_1970(end))
    count = (last - first) // interval + 1
    if count < 1:
        raise UserError(f"The end {end} lies before the start {start}.")
    return CycleSettings(first, slots * -(-count // slots), interval)


def _observing(analyst: Analyst, reports: ReportFiles, empty: list[str]) -> Observe:
    """The reports of an analysis time, prepared; times without any are kept in ``empty``."""

    @lru_cache(1)  # each is asked for twice: it tells the size of the background error too
    def observe(hours: int) -> pa.Table:
        table = reports.within(hours, analyst.window_hours, analyst.window_hours)
        ready = analyst.prepared(table, hours) if table.num_rows else table
        if not ready.num_rows or not column(ready, "used").any():
            empty.append(iso(datetime_of_hours(hours)))
        return ready

    return observe


class _Stores:
    """The Zarr stores of a run, each cycle appended when it is finished."""

    def __init__(
        self,
        folder: Path,
        layout: Layout,
        attributes: Mapping[str, str],
        model: ForecastModel,
        leads: Sequence[int],
    ):
        # What a killed run has written last may be incomplete: it is written again.
        names = (*TITLES, *([FORECASTS] if leads else []))
        self.there = {name: max(_times(folder / f"{name}.zarr") - 1, 0) for name in names}
        self.attributes, self.model, self.leads = attributes, model, tuple(leads)
        lead_steps(self.leads or (model.step_hours,), model.step_hours)
        self.states = {
            name: StateWriter(folder / f"{name}.zarr", layout, keep=self.there[name], compact=False) for name in TITLES
        }
        self.forecasts: ForecastWriter | None = None
        if leads:
            self.forecasts = ForecastWriter(
                folder / f"{FORECASTS}.zarr", layout, self.leads, keep=self.there[FORECASTS]
            )

    def append(self, number: int, one: Cycle) -> None:
        """Write what is not there yet."""
        when = datetime_of_hours(one.hours)
        for name, writer in self.states.items():
            state = getattr(one, name)
            if number >= self.there[name] and state is not None:
                title = {"title": f"{TITLES[name]} of every cycle"}
                writer.append(np.asarray(state, np.float32)[None], np.array([when]), {**title, **self.attributes})
        if self.forecasts is not None and number >= self.there[FORECASTS]:
            states = np.asarray(self.model.propagate(one.analysis, np.int32(one.hours), self.leads))
            self.forecasts.append(states[None], [when], {"title": "Forecasts from the analyses", **self.attributes})


def _times(store: Path) -> int:
    return int(xr.open_zarr(store, consolidated=False).sizes["time"]) if (store / "zarr.json").exists() else 0


def _nothing_at(times: list[str]) -> str:
    listed = ", ".join(times if len(times) < 4 else [*times[:2], "...", times[-1]])
    return f"No datum could be used at {len(times)} of the analysis times ({listed}): the forecast went on as it was."


def _report(summary: FeedbackSummary, analyst: Analyst, attributes: dict[str, str], empty: list[str]) -> Report:
    settings = analyst.settings
    report = Report(f"Cycles with {settings.declared.title}", f"{len(summary.times)} analyses")
    nothing = f" {_nothing_at(empty)}" if empty else ""
    report.section(
        "What this is",
        f"Every {analyst.world.settings.interval_hours} h a forecast of {attributes['latentda_model']} was combined "
        f"with reports by {settings.declared.title}.{nothing}",
    )
    add_feedback(report, summary)
    report.section("Where it comes from")
    report.table(["what", "which"], [[k.removeprefix("latentda_"), text] for k, text in attributes.items()], "")
    return report
