"""What is kept of a cycled run: one small file that says all it did and from where it goes on.

    errors (cycle, channel) of background and analysis, facts a cycle, errors (start, lead, channel) of the forecasts,
    diagnostics a forecast start, and the newest analysis

It is written whole after every cycle, so a run that was killed at any instant goes on from its last complete cycle.
Beside it ``starts/`` keeps background and analysis of the cycles from which forecasts start, for maps and later
diagnostics. A run of 150 cycles keeps 15 MB, not 170.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from latentda.cycling import CARRIED, Cycle
from latentda.files import fitting, read_arrays, write_arrays
from latentda.verification import ErrorSums

KIND = "record of a run"
START = "start of a forecast"

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
        carried: what else its method hands on, named arrays, see :func:`latentda.cycling.carried_arrays`.
    """

    cycles: tuple[CycleErrors, ...] = ()
    forecasts: tuple[ForecastErrors, ...] = ()
    analysis: Float[ndarray, "channel lat lon"] | None = None
    carried: Mapping[str, ndarray] = field(default_factory=dict)

    def grown(
        self,
        errors: CycleErrors,
        analysis: Float[ndarray, "channel lat lon"],
        forecast: ForecastErrors | None,
        carried: Mapping[str, ndarray] | None = None,
    ) -> RunRecord:
        """With one more cycle, and the forecast that starts from it if there is one."""
        forecasts = self.forecasts if forecast is None else (*self.forecasts, forecast)
        return RunRecord((*self.cycles, errors), forecasts, analysis, carried or {})

    def first(self, cycles: int) -> RunRecord:
        """The first cycles and their forecasts, for scores of a shorter run."""
        kept = self.cycles[:cycles]
        last = kept[-1].hours if kept else -1
        return RunRecord(kept, tuple(f for f in self.forecasts if f.start_hours <= last), self.analysis, self.carried)


def write_record(record: RunRecord, path: Path) -> None:
    """Write a record of at least one cycle, whole or not at all."""
    if record.analysis is None:
        raise ValueError("A run that has not made one cycle has nothing to keep.")
    arrays = {"analysis": record.analysis.astype(np.float32), **record.carried}
    for kind in ("background", "analysis"):
        arrays |= _packed(kind, [getattr(c, kind) for c in record.cycles])
    arrays |= _packed("forecast", [sums for f in record.forecasts for sums in f.sums])
    about = {
        "cycles": [{"hours": c.hours, "facts": c.facts} for c in record.cycles],
        "forecasts": [
            {"start_hours": f.start_hours, "leads": f.leads, "diagnostics": f.diagnostics} for f in record.forecasts
        ],
    }
    write_arrays(path, KIND, arrays, about)


def read_record(path: Path) -> RunRecord:
    """Read what :func:`write_record` wrote; an empty record where there is none yet.

    Raises:
        UserError: the file is damaged or something else.
    """
    if not path.exists():
        return RunRecord()
    arrays, about = read_arrays(path, KIND)
    with fitting(path, KIND):
        return _record(arrays, about)


def _record(arrays: Mapping[str, ndarray], about: Mapping[str, Any]) -> RunRecord:
    sums = {kind: _unpacked(arrays, kind) for kind in ("background", "analysis", "forecast")}
    pairs = zip(about["cycles"], sums["background"], sums["analysis"], strict=True)
    cycles = tuple(CycleErrors(c["hours"], b, a, c["facts"]) for c, b, a in pairs)
    forecasts, taken = [], iter(sums["forecast"])
    for entry in about["forecasts"]:
        leads = tuple(entry["leads"])
        errors = tuple(next(taken) for _ in leads)
        forecasts.append(ForecastErrors(entry["start_hours"], leads, errors, entry["diagnostics"]))
    carried = {name: array for name, array in arrays.items() if name.startswith(CARRIED)}
    return RunRecord(cycles, tuple(forecasts), arrays["analysis"], carried)


def write_start(cycle: Cycle, folder: Path) -> Path:
    """Keep background and analysis of a cycle in ``folder``, whole or not at all."""
    path = folder / f"start_{cycle.hours:07d}.safetensors"
    arrays = {name: getattr(cycle, name).astype(np.float32) for name in ("background", "analysis")}
    write_arrays(path, START, arrays, {"hours": cycle.hours, "facts": cycle.facts})
    return path


def read_start(path: Path) -> Cycle:
    """Read what :func:`write_start` wrote.

    Raises:
        UserError: the file is missing, damaged or something else.
    """
    arrays, about = read_arrays(path, START)
    with fitting(path, START):
        return Cycle(about["hours"], arrays["background"], arrays["analysis"], about["facts"])


def _packed(kind: str, sums: list[ErrorSums]) -> dict[str, ndarray]:
    if not sums:
        return {}
    return {
        f"{kind}.sum_error": np.stack([s.sum_error for s in sums]),
        f"{kind}.sum_square": np.stack([s.sum_square for s in sums]),
    }


def _unpacked(arrays: Mapping[str, ndarray], kind: str) -> list[ErrorSums]:
    if f"{kind}.sum_error" not in arrays:
        return []
    parts = (arrays[f"{kind}.{name}"] for name in ("sum_error", "sum_square"))
    return [ErrorSums(1, error, square) for error, square in zip(*parts, strict=True)]
