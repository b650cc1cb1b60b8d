"""Methods side by side over seeds, each seed a pair: the ratio of errors to those of the best 3D-Var.

    r_s = e(method, s) / e(best 3D-Var, s),    ratio = mean_s r_s,    standard error = sd_s(r_s) / sqrt(n)

A season that is hard for one method is hard for the other, so ratios within a seed differ far less than errors do. The
best 3D-Var is the model-space one with the smallest mean error of the analysis.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from latentda.verification import MEAN_CHANNEL, Score

Errors = dict[tuple[str, int], float]
"""Errors by method and seed."""


@dataclass(frozen=True)
class Comparison:
    """One method in one kind of score.

    Attributes:
        method: its name.
        kind: analysis, background or forecast.
        lead_hours: of the forecast, otherwise 0.
        error: mean over its seeds.
        ratio: mean over the seeds that the reference has too; None without such seeds.
        standard_error: of the ratio; None with fewer than two seeds.
        seeds: behind the ratio.
    """

    method: str
    kind: str
    lead_hours: int
    error: float
    ratio: float | None
    standard_error: float | None
    seeds: int


def compare(scores: Sequence[Score], kind: str, lead_hours: int = 0, channel: str = MEAN_CHANNEL) -> list[Comparison]:
    """Every method's error of one kind, lead and channel, with its ratio to the best 3D-Var."""
    errors = select_errors(scores, kind, lead_hours, channel)
    reference = best_reference(scores)
    rows: list[Comparison] = []
    for method in dict.fromkeys(method for method, _ in errors):
        own = {seed: e for (m, seed), e in errors.items() if m == method}
        ratios = [e / errors[reference, s] for s, e in own.items() if reference and errors.get((reference, s))]
        several = len(ratios) > 1
        rows.append(
            Comparison(
                method,
                kind,
                lead_hours,
                float(np.mean(list(own.values()))),
                float(np.mean(ratios)) if ratios else None,
                float(np.std(ratios, ddof=1) / np.sqrt(len(ratios))) if several else None,
                len(ratios),
            )
        )
    return rows


def best_reference(scores: Sequence[Score]) -> str | None:
    """The model-space 3D-Var with the smallest mean analysis error; None if there is none."""
    errors = select_errors(scores, "analysis", 0, MEAN_CHANNEL)
    classical = {m for m, _ in errors if m.startswith("3dvar")}
    mean = {m: float(np.mean([e for (n, _), e in errors.items() if n == m])) for m in sorted(classical)}
    return min(mean, key=mean.__getitem__) if mean else None


def select_errors(scores: Sequence[Score], kind: str, lead_hours: int, channel: str) -> Errors:
    """RMSE of one kind, lead and channel by method and seed, in the order of the scores."""
    return {
        (s.method, s.seed): s.rmse for s in scores if (s.kind, s.lead_hours, s.channel) == (kind, lead_hours, channel)
    }
