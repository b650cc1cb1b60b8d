"""The score record: one number with everything needed to say what it is the error of.

One row is one channel of one method at one lead time. The row ``"mean"`` sums a state up in one
number,

    mean = 1/C sum_c RMSE_c / s_c,

with s_c the climatological spread of channel c: 1 is as wrong as the climatological mean.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from latentda.files import write_text
from latentda.grid import Layout
from latentda.user_error import UserError

STATE_KINDS = ("background", "analysis", "forecast")
"""Kinds of score that verify states against the truth."""

OBSERVATION_KINDS = ("observation_background", "observation_analysis")
"""Kinds of score that verify a state's equivalents against observations."""

TWINS = ("identical", "fraternal", "real", "")
"""Where the truth comes from: the same model, another model, the real atmosphere, or unsaid."""

MEAN_CHANNEL = "mean"
"""The channel that stands for the mean over channels of RMSE / climatological spread."""


@dataclass(frozen=True)
class Score:
    """An error with its provenance.

    Attributes:
        experiment: name of the experiment.
        method: name of the assimilation method.
        seed: random seed of the run.
        channel: ``t@500``, ``sp``, ... or ``mean``.
        lead_hours: forecast lead time (h); 0 for analyses.
        kind: one of ``STATE_KINDS`` and ``OBSERVATION_KINDS``.
        rmse: root mean square error, ``units``.
        count: number of states, or of observations, behind it.
        used: whether the observations were assimilated (observation kinds only).
        twin: one of ``TWINS``.
        bias: mean error, ``units``.
        units: units of ``rmse`` and ``bias``.

    Raises:
        ValueError: an unknown kind or twin, ``used`` on a kind without observations, or an error
            that is negative or not finite.
    """

    experiment: str
    method: str
    seed: int
    channel: str
    lead_hours: int
    kind: str
    rmse: float
    count: int
    used: bool | None = None
    twin: str = ""
    bias: float | None = None
    units: str | None = None

    def __post_init__(self) -> None:
        kinds = STATE_KINDS + OBSERVATION_KINDS
        if self.kind not in kinds:
            raise ValueError(f"A score's kind is one of {', '.join(kinds)}; got {self.kind!r}.")
        if self.twin not in TWINS:
            raise ValueError(f"A score's twin is one of {TWINS}; got {self.twin!r}.")
        if self.used is not None and self.kind not in OBSERVATION_KINDS:
            raise ValueError(f"'used' is said of observations only; got it on kind {self.kind!r}.")
        if not (math.isfinite(self.rmse) and self.rmse >= 0.0):
            raise ValueError(f"The RMSE of {self.channel} is {self.rmse}; a finite one was wanted.")
        if self.bias is not None and not math.isfinite(self.bias):
            raise ValueError(f"The bias of {self.channel} is {self.bias}; a finite one was wanted.")


def channel_scores(
    rmse: Float[ndarray, " channel"],
    spread: Float[ndarray, " channel"],
    layout: Layout,
    *,
    experiment: str,
    method: str,
    seed: int,
    lead_hours: int,
    kind: str,
    count: int,
    twin: str = "",
    bias: Float[ndarray, " channel"] | None = None,
) -> list[Score]:
    """One row a channel, then the mean row.

    Args:
        rmse: root mean square error of each channel, its units.
        spread: climatological standard deviation of each channel, the same units.
        layout: names the channels.
        experiment: as in :class:`Score`, like all that follow.
        method: as there.
        seed: as there.
        lead_hours: as there.
        kind: as there.
        count: as there.
        twin: as there.
        bias: mean error of each channel, its units.

    Raises:
        ValueError: lengths that differ from the layout's, or a spread that is not positive.
    """
    _require_vectors(rmse, spread, bias, layout)

    def row(channel: str, value: float, error: float | None, units: str) -> Score:
        return Score(
            experiment,
            method,
            seed,
            channel,
            lead_hours,
            kind,
            value,
            count,
            None,
            twin,
            error,
            units,
        )

    rows = [
        row(
            channel.name,
            float(rmse[i]),
            None if bias is None else float(bias[i]),
            channel.variable.units,
        )
        for i, channel in enumerate(layout.channels)
    ]
    return [*rows, row(MEAN_CHANNEL, mean_score(rmse, spread), None, "1")]


def mean_score(rmse: Float[ndarray, " channel"], spread: Float[ndarray, " channel"]) -> float:
    """Mean over channels of RMSE / climatological spread (no units)."""
    return float(np.mean(np.asarray(rmse, np.float64) / np.asarray(spread, np.float64)))


def write_scores(scores: Iterable[Score], path: str | Path, beside: Mapping[str, Any] = {}) -> None:
    """Write ``{"scores": [...]}`` as JSON, a score a line, whole or not at all.

    Optional fields that are None are left out.

    Args:
        scores: the scores.
        path: of the file.
        beside: plain values that stand in the file under other names.

    Raises:
        UserError: the file cannot be written.
    """
    rows = [json.dumps({k: _plain(v) for k, v in asdict(score).items() if v is not None}) for score in scores]
    more = [f",\n{json.dumps(name)}: {json.dumps(values, allow_nan=False)}" for name, values in beside.items()]
    write_text(path, '{"scores": [\n' + ",\n".join(rows) + "\n]" + "".join(more) + "}\n")


def read_scores(path: str | Path) -> list[Score]:
    """Read what :func:`write_scores` wrote.

    Raises:
        ValueError: the file is no JSON of scores; the message says what is wrong.
        OSError: the file cannot be read.
    """
    try:
        rows = json.loads(Path(path).read_text(encoding="utf-8"))["scores"]
        return [_score(row) for row in rows]
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path} is no file of scores: {error}") from error


def _score(row: dict) -> Score:
    strange = set(row) - {field.name for field in fields(Score)}
    if strange:
        raise ValueError(f"unknown field(s) {', '.join(sorted(strange))}")
    return Score(**row)


def _plain(value: object) -> object:
    """NumPy scalars as Python's own, which JSON knows."""
    return value.item() if isinstance(value, np.generic) else value


def _require_vectors(rmse: ndarray, spread: ndarray, bias: ndarray | None, layout: Layout) -> None:
    given = {"rmse": rmse, "spread": spread} | ({} if bias is None else {"bias": bias})
    for name, vector in given.items():
        if np.shape(vector) != (len(layout.channels),):
            raise ValueError(
                f"{name} needs one value for each of {len(layout.channels)} channels; got shape {np.shape(vector)}."
            )
    if not np.all(np.asarray(spread) > 0.0):
        bad = [n for n, s in zip(layout.names, spread, strict=True) if not s > 0.0]
        raise UserError(f"The climatological spread of {', '.join(bad)} is not positive.")
