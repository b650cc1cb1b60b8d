"""Scores of a twin experiment: errors against the truth, a row a channel and one for their mean."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from latentda.experiments.twin import TwinRun
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
    return channel_scores(
        sums.rmse,
        spread,
        run.model.layout,
        experiment=run.setup.name,
        method=method,
        seed=run.setup.seed,
        lead_hours=lead,
        kind=kind,
        count=sums.count,
        twin=run.setup.twin,
        bias=sums.bias,
    )


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
