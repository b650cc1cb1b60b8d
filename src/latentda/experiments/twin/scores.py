"""Scores of a twin experiment: errors against the truth, a row a channel and one for their mean."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from latentda.experiments.twin.catalogue import ExperimentSetUp
from latentda.experiments.twin.demo import TwinRun
from latentda.experiments.twin.record import RunRecord
from latentda.grid import Layout
from latentda.verification import (
    ErrorSums,
    Score,
    channel_scores,
    empty_sums,
    error_sums,
    mean_score,
    merge,
)


def twin_scores(run: TwinRun, spread: Float[ndarray, " channel"]) -> list[Score]:
    """All scores: background and analysis after spin-up, forecasts at every lead."""
    scores: list[Score] = []
    for method in run.setup.methods:
        for kind in ("background", "analysis"):
            scores += _rows(run, method, kind, 0, _cycle_sums(run, method, kind), spread)
        for lead, sums in _forecast_sums(run, method).items():
            scores += _rows(run, method, "forecast", lead, sums, spread)
    return scores


def mean_errors(run: TwinRun, method: str, kind: str, spread: Float[ndarray, " channel"]) -> ndarray:
    """The mean-over-channels error of every cycle, in units of the climatological spread."""
    layout = run.model.layout
    errors = []
    for cycle in run.cycles[method]:
        sums = error_sums(getattr(cycle, kind)[None], run.truth.at(cycle.hours)[None], layout)
        errors.append(mean_score(sums.rmse, spread))
    return np.asarray(errors)


def _rows(run: TwinRun, method: str, kind: str, lead: int, sums: ErrorSums, spread: ndarray) -> list[Score]:
    setup = run.setup
    return error_scores(sums, spread, run.model.layout, setup.name, setup.twin, method, setup.seed, kind, lead)


def error_scores(
    sums: ErrorSums,
    spread: Float[ndarray, " channel"],
    layout: Layout,
    experiment: str,
    twin: str,
    method: str,
    seed: int,
    kind: str,
    lead_hours: int = 0,
) -> list[Score]:
    """The score rows of sums of errors, the arguments as in :class:`latentda.verification.Score`."""
    return channel_scores(
        sums.rmse,
        spread,
        layout,
        experiment=experiment,
        method=method,
        seed=seed,
        lead_hours=lead_hours,
        kind=kind,
        count=sums.count,
        twin=twin,
        bias=sums.bias,
    )


def record_scores(
    record: RunRecord,
    spread: Float[ndarray, " channel"],
    layout: Layout,
    setup: ExperimentSetUp,
    method: str,
    seed: int,
) -> list[Score]:
    """All scores of a cycled run: background and analysis after spin-up, forecasts at every lead."""
    scored = record.cycles[setup.spinup_cycles :]
    sums: dict[tuple[str, int], ErrorSums] = {
        (kind, 0): reduce(merge, [getattr(c, kind) for c in scored], empty_sums(layout))
        for kind in ("background", "analysis")
    }
    for i, lead in enumerate(setup.leads):
        sums["forecast", lead] = reduce(merge, [f.sums[i] for f in record.forecasts], empty_sums(layout))
    rows: list[Score] = []
    for (kind, lead), total in sums.items():
        if total.count:
            rows += error_scores(total, spread, layout, setup.name, setup.twin, method, seed, kind, lead)
    return rows


def _cycle_sums(run: TwinRun, method: str, kind: str) -> ErrorSums:
    scored = run.cycles[method][run.setup.spinup_cycles :]
    return _total(run, ((getattr(c, kind), c.hours) for c in scored))


def _forecast_sums(run: TwinRun, method: str) -> dict[int, ErrorSums]:
    forecasts = run.forecasts[method]
    leads = forecasts[0].lead_hours if forecasts else ()
    return {lead: _total(run, ((f.states[i], f.start_hours + lead) for f in forecasts)) for i, lead in enumerate(leads)}


def _total(run: TwinRun, states: Iterable[tuple[ndarray, int]]) -> ErrorSums:
    layout = run.model.layout
    total = empty_sums(layout)
    for state, hours in states:
        total = merge(total, error_sums(state[None], run.truth.at(hours)[None], layout))
    return total
