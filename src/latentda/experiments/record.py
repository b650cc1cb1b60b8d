"""What is kept of a cycled run: one small file that says all it did and from where it goes on.

    errors (cycle, channel) of background and analysis, facts a cycle, errors (start, lead, channel) of the forecasts,
    diagnostics a forecast start, and the newest analysis

It is written whole after every cycle, so a run that was killed at any instant goes on from its last complete cycle.
Beside it ``starts/`` keeps background and analysis of the cycles from which forecasts start, for maps and later
diagnostics. A run of 150 cycles keeps 15 MB, not 170.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from safetensors import safe_open
from safetensors.numpy import save_file

from latentda.cycling import Cycle
from latentda.verification import ErrorSums

Diagnostics = Mapping[str, float | list[float]]
"""Named numbers, or series of numbers, about one state."""


@dataclass(frozen=True, eq=False)
class CycleErrors:
    """Errors of one cycle against the truth.

    Attributes:
        hours: analysis time, hours since 1970.
        background: sums of one state.
        analysis: likewise.
        facts: what the cycle says of itself.
    """

    hours: int
    background: ErrorSums
    analysis: ErrorSums
    facts: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class ForecastErrors:
    """Errors of one forecast against the truth, and diagnostics of the analysis from which it starts.

    Attributes:
        start_hours: hours since 1970.
        leads: hours.
        sums: of one state a lead.
        diagnostics: of the analysis.
    """

    start_hours: int
    leads: tuple[int, ...]
    sums: tuple[ErrorSums, ...]
    diagnostics: Diagnostics


@dataclass(frozen=True, eq=False)
class RunRecord:
    """A run so far.

    Attributes:
        cycles: in order, from the first.
        forecasts: in order.
        analysis: the newest one, physical units; None before the first cycle.
    """

    cycles: tuple[CycleErrors, ...] = ()
    forecasts: tuple[ForecastErrors, ...] = ()
    analysis: Float[ndarray, "channel lat lon"] | None = None

    def grown(
        self, errors: CycleErrors, analysis: Float[ndarray, "channel lat lon"], forecast: ForecastErrors | None
    ) -> RunRecord:
        """With one more cycle, and the forecast that starts from it if there is one."""
        forecasts = self.forecasts if forecast is None else (*self.forecasts, forecast)
        return RunRecord((*self.cycles, errors), forecasts, analysis)

    def first(self, cycles: int) -> RunRecord:
        """The first cycles and their forecasts, for scores of a shorter run."""
        kept = self.cycles[:cycles]
        last = kept[-1].hours if kept else -1
        return RunRecord(kept, tuple(f for f in self.forecasts if f.start_hours <= last), self.analysis)


def write_record(record: RunRecord, path: Path) -> None:
    """Write a record of at least one cycle, whole or not at all."""
    if record.analysis is None:
        raise ValueError("A run that has not made one cycle has nothing to keep.")
    arrays = {"analysis": record.analysis.astype(np.float32)}
    for kind in ("background", "analysis"):
        arrays |= _packed(kind, [getattr(c, kind) for c in record.cycles])
    arrays |= _packed("forecast", [sums for f in record.forecasts for sums in f.sums])
    about = {
        "cycles": [{"hours": c.hours, "facts": c.facts} for c in record.cycles],
        "forecasts": [
            {"start_hours": f.start_hours, "leads": f.leads, "diagnostics": f.diagnostics} for f in record.forecasts
        ],
    }
    _save(arrays, about, path)


def read_record(path: Path) -> RunRecord:
    """Read what :func:`write_record` wrote; an empty record where there is none yet.

    Raises:
        ValueError: the file is something else.
    """
    if not path.exists():
        return RunRecord()
    try:
        with safe_open(str(path), "numpy") as file:
            about = json.loads(file.metadata()["about"])
            sums = {kind: _unpacked(file, kind) for kind in ("background", "analysis", "forecast")}
            analysis = file.get_tensor("analysis")
    except Exception as error:
        raise ValueError(f"{path} is no record of an experiment: {error}") from error
    pairs = zip(about["cycles"], sums["background"], sums["analysis"], strict=True)
    cycles = tuple(CycleErrors(c["hours"], b, a, c["facts"]) for c, b, a in pairs)
    forecasts, taken = [], iter(sums["forecast"])
    for entry in about["forecasts"]:
        leads = tuple(entry["leads"])
        errors = tuple(next(taken) for _ in leads)
        forecasts.append(ForecastErrors(entry["start_hours"], leads, errors, entry["diagnostics"]))
    return RunRecord(cycles, tuple(forecasts), analysis)


def write_start(cycle: Cycle, folder: Path) -> Path:
    """Keep background and analysis of a cycle in ``folder``, whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"start_{cycle.hours:07d}.safetensors"
    arrays = {name: getattr(cycle, name).astype(np.float32) for name in ("background", "analysis")}
    _save(arrays, {"hours": cycle.hours, "facts": cycle.facts}, path)
    return path


def read_start(path: Path) -> Cycle:
    """Read what :func:`write_start` wrote.

    Raises:
        ValueError: the file is missing or something else.
    """
    try:
        with safe_open(str(path), "numpy") as file:
            about = json.loads(file.metadata()["about"])
            return Cycle(about["hours"], file.get_tensor("background"), file.get_tensor("analysis"), about["facts"])
    except Exception as error:
        raise ValueError(f"{path} holds no start of a forecast: {error}") from error


def _packed(kind: str, sums: list[ErrorSums]) -> dict[str, ndarray]:
    if not sums:
        return {}
    return {
        f"{kind}.sum_error": np.stack([s.sum_error for s in sums]),
        f"{kind}.sum_square": np.stack([s.sum_square for s in sums]),
    }


def _unpacked(file: Any, kind: str) -> list[ErrorSums]:
    if f"{kind}.sum_error" not in file.keys():  # noqa: SIM118
        return []
    parts = (file.get_tensor(f"{kind}.{name}") for name in ("sum_error", "sum_square"))
    return [ErrorSums(1, error, square) for error, square in zip(*parts, strict=True)]


def _save(arrays: dict[str, ndarray], about: dict[str, Any], path: Path) -> None:
    partial = path.with_name(path.name + ".part")
    save_file({k: np.ascontiguousarray(v) for k, v in arrays.items()}, str(partial), {"about": json.dumps(about)})
    partial.replace(path)
