"""A set-up of SPEEDY-LETKF with our filter: departures and times beside the published ones.

Members begin as true states of other dates of the season, as theirs do. A run is not kept: it takes minutes.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from latentda.assimilation.ensemble import EnsembleMethod
from latentda.cycling import Cycler
from latentda.experiments.speedy.setup import (
    INFLATION,
    INTERVAL_HOURS,
    LOCALIZATION,
    MEMBERS,
    PUBLISHED,
    STATIONS,
    Published,
    network,
)
from latentda.experiments.twin.nature import prepare_nature
from latentda.experiments.twin.truth import TwinObservations
from latentda.files import write_json
from latentda.methods import METHODS, Options
from latentda.progress import Track, silent
from latentda.user_error import UserError
from latentda.verification import FitRow, error_sums, fit_columns, merge_fits, observation_fit
from latentda.world import WorldFolder, world_intake

DAYS_BETWEEN_MEMBERS = 2
_MIB = 1024


@dataclass(frozen=True)
class SpeedyRow:
    """One variable: root mean squares (SI) over the scored cycles.

    Attributes:
        variable: short name.
        count: data a cycle.
        background: O-B.
        analysis: O-A.
        background_error: of the background against the truth, over the globe and all levels.
        analysis_error: likewise.
        published: the printed numbers of ``reg2``.
    """

    variable: str
    count: float
    background: float
    analysis: float
    background_error: float
    analysis_error: float
    published: Published


@dataclass(frozen=True)
class SpeedyResult:
    """A run.

    Attributes:
        name: of the set-up.
        rows: a variable each.
        cycles: all of them, and how many of the last are scored.
        scored: likewise.
        inflation: the factor at the end.
        analysis_seconds: median of an analysis with the screening of its data.
        forecast_seconds: median of the members' forecasts.
        peak_mib: most memory of the process.
    """

    name: str
    rows: tuple[SpeedyRow, ...]
    cycles: int
    scored: int
    inflation: float
    analysis_seconds: float
    forecast_seconds: float
    peak_mib: int


def run_speedy(
    name: str, world: WorldFolder, folder: Path, cycles: int = 60, *, seed: int = 0, track: Track = silent
) -> SpeedyResult:
    """Cycle from states of other dates; the last third is scored.

    Args:
        name: a key of :data:`~latentda.experiments.speedy.setup.STATIONS`.
        world: the embedded one.
        folder: of the nature run.
        cycles: number of analyses.
        seed: of the observation errors.
        track: shows progress.

    Raises:
        UserError: an unknown set-up, or fewer than three cycles.
    """
    if name not in STATIONS or cycles < 3:
        raise UserError(f"There are {' and '.join(STATIONS)}, of at least three cycles; got {name!r} of {cycles}.")
    days = max(-(-cycles * INTERVAL_HOURS // 24) + 1, MEMBERS * DAYS_BETWEEN_MEMBERS)
    nature = prepare_nature(world, 5 * -(-days // 5), folder, every_hours=INTERVAL_HOURS, track=track)
    model, layout = world.model, world.layout
    truth = nature.truth(layout, nature.begin_hours, nature.begin_hours + 24 * days)
    intake = world_intake(world, model)
    observe = TwinObservations(truth, network(name, layout, world.orography(model)), intake, seed)
    method = METHODS["letkf"].build(world, Options(members=MEMBERS, localization=LOCALIZATION, model=model))
    assert isinstance(method, EnsembleMethod)
    cycler = Cycler(model, intake, replace(method, inflation=INFLATION))
    step = 24 * DAYS_BETWEEN_MEMBERS
    members = np.stack([truth.at(nature.begin_hours + step * (k + 1)) for k in range(MEMBERS)])
    carried, since = cycler.method.init(members), nature.begin_hours + INTERVAL_HOURS
    scored, fits, sums, seconds, factor = cycles // 3, list[Sequence[FitRow]](), [], list[tuple[float, float]](), 1.0
    starts = [since + INTERVAL_HOURS * k for k in range(cycles)]
    for k, hours in enumerate(track(starts, name, cycles)):
        begin = time.perf_counter()
        carried = cycler.forward(carried, since, hours)
        np.asarray(carried.members)
        forecast = time.perf_counter()
        window = cycler.analyse(carried, observe, hours)
        seconds.append((forecast - begin, time.perf_counter() - forecast))
        carried, since, factor = window.carried, hours, window.analysis.facts["inflation"]
        (cycle,) = window.cycles(cycler.method.lead_hours)
        if k >= cycles - scored:
            told, exact = cycle.feedback(), truth.at(hours)[None]
            assert told is not None
            fits.append(observation_fit(fit_columns(told)))
            sums.append([error_sums(x[None], exact, layout).rmse ** 2 for x in (cycle.background, cycle.analysis)])
    errors = np.sqrt(np.mean(sums, axis=0))
    forecasts, analyses = np.median(seconds[1:], axis=0)
    rows = tuple(
        _row(row, scored, *(errors[:, layout.indices(row.variable)] ** 2).mean(axis=1) ** 0.5)
        for row in merge_fits(fits)
        if row.layer is None and row.used
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // _MIB
    return SpeedyResult(name, rows, cycles, scored, factor, float(analyses), float(forecasts), peak)


def _row(fit: FitRow, cycles: int, background_error: float, analysis_error: float) -> SpeedyRow:
    return SpeedyRow(
        fit.variable,
        fit.count / cycles,
        fit.background_rms,
        fit.analysis_rms,
        float(background_error),
        float(analysis_error),
        PUBLISHED[fit.variable],
    )


def write_result(result: SpeedyResult, path: Path) -> Path:
    """As JSON."""
    return write_json(path, asdict(result))
