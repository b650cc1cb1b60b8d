"""Real reports into a model background: one cycle, fit to used and to withheld stations.

Radiosondes (t, u, v, q) and surface pressures of land and sea pass quality control, a share of the radiosonde
stations is withheld whole, the rest is analysed. The background is the embedded world's climatological mean of the
date, since no forecast of that day exists for it. The background errors are those of such a mean: the covariances
of the world's own anomalies, scaled by one factor from the innovations, the same for every method.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy import ndarray

from latentda.cycling import Cycle, Cycler, FirstGuess, Intake, feedback
from latentda.experiments.assets import Assets
from latentda.experiments.methods import build_method, require_methods
from latentda.experiments.twin import make_intake
from latentda.forecast import JcmModel, jcm_model
from latentda.observations import (
    HUMIDITY_TOP_PA,
    ObservationError,
    assign_errors,
    check_below_ground,
    check_duplicates,
    check_quality_marks,
    check_range,
    column,
    read_observations,
    refuse,
    require_used,
    select,
    thin_by_box,
    used,
    withhold_stations,
    write_table,
)
from latentda.priors import innovation_factor
from latentda.progress import Track, silent
from latentda.verification import Columns, FitRow, Score, fit_scores, observation_fit

SOUNDINGS = ("ADPUPA",)
SURFACE = ("ADPSFC", "SFCSHP")


@dataclass(frozen=True)
class RealSetUp:
    """A real-report experiment as data.

    Attributes:
        name: of the experiment, in scores.
        methods: names of methods; at least one that assimilates.
        withheld: share of the radiosonde stations kept back for verification.
        seed: which stations those are.
        iterations: the minimiser's budget; a climatological background is far from the analysis.
        outer_loops: linearisations: at such a distance a decoder is not linear.
        first_guess_factor: data further from the background than this many expected deviations are refused.
    """

    name: str = "real"
    methods: tuple[str, ...] = ("3dvar", "latent_3dvar")
    withheld: float = 0.2
    seed: int = 0
    first_guess_factor: float = 4.0
    iterations: int = 100
    outer_loops: int = 3

    def __post_init__(self) -> None:
        require_methods(self.methods)


@dataclass(frozen=True, eq=False)
class RealRun:
    """What the experiment produced.

    Attributes:
        setup: the experiment.
        table: all data with verdicts, after the last method's first-guess check.
        cycles: one cycle a method.
        fits: O-B and O-A by method.
        factor: the factor on the background error's variances.
        model: whose layout the states have.
    """

    setup: RealSetUp
    table: pa.Table
    cycles: dict[str, Cycle]
    fits: dict[str, list[FitRow]]
    factor: float
    model: JcmModel


def run_real(path: str | Path, setup: RealSetUp, assets: Assets, folder: Path, *, track: Track = silent) -> RealRun:
    """Assimilate the reports of a file.

    Raises:
        ObservationError: the file cannot be read, or nothing of it is left to use.
    """
    model = jcm_model()
    table = prepare(read_observations(path))
    hours = analysis_hours(table)
    background = np.asarray(assets.standardizer.climatology.mean(hours))
    first_guess = FirstGuess.instant(background)
    plain = replace(make_intake(model, assets, background), first_guess_factor=setup.first_guess_factor)
    factor = _background_factor(table, plain, first_guess, int(hours))
    intake = replace(plain, background_sd=np.sqrt(factor) * plain.background_sd)
    table = require_used(intake.screen(table, first_guess, int(hours)))
    table = require_used(_withhold(table, setup))
    cycles: dict[str, Cycle] = {}
    fits: dict[str, list[FitRow]] = {}
    for name in track(setup.methods, "analyses", len(setup.methods)):
        method = build_method(name, assets, factor=factor, iterations=setup.iterations, outer_loops=setup.outer_loops)
        cycler = Cycler(model, assets.standardizer, intake, method)
        cycles[name] = cycler.step(first_guess, table, int(hours))
        told = feedback(intake, table, int(hours), first_guess, cycles[name].analysis)
        fits[name] = observation_fit(_columns(told))
        write_table(told, folder / f"feedback_{name}.parquet")
    return RealRun(setup, table, cycles, fits, factor, model)


def prepare(table: pa.Table) -> pa.Table:
    """Radiosondes and surface pressures, checked and thinned to what a coarse model can use."""
    kept = np.isin(column(table, "class"), SOUNDINGS) & np.isin(column(table, "variable"), ("t", "u", "v", "q"))
    kept |= np.isin(column(table, "class"), (*SURFACE, *SOUNDINGS)) & (column(table, "variable") == "sp")
    table = require_used(select(table, kept)) if kept.any() else _nothing(table)
    # Humidity sensors of the time are not trusted in the cold.
    aloft = (column(table, "variable") == "q") & (column(table, "pres") < HUMIDITY_TOP_PA)
    table = refuse(table, aloft, "humidity_aloft")
    for check in (check_quality_marks, check_range, check_below_ground, check_duplicates):
        table = check(table)
    # Significant levels stand closer than the model's; neighbouring land stations share one grid box.
    table = thin_by_box(table, 0.5, 0.15, SOUNDINGS)
    return require_used(assign_errors(thin_by_box(table, 2.5, 10.0, SURFACE)))


def analysis_hours(table: pa.Table) -> np.int32:
    """The synoptic hour (00, 06, 12, 18 UTC) nearest to the middle of the reports, hours since 1970."""
    middle = np.sort(column(table, "time").astype("datetime64[s]"))[table.num_rows // 2]
    seconds = middle.astype(np.int64)
    return np.int32(6 * round(seconds / 21600))


def real_scores(run: RealRun, twin: str = "real") -> list[Score]:
    """Observation fits of every method as score rows."""
    scores: list[Score] = []
    for name, rows in run.fits.items():
        scores += fit_scores(rows, experiment=run.setup.name, method=name, seed=run.setup.seed, twin=twin)
    return scores


def _nothing(table: pa.Table) -> pa.Table:
    classes = ", ".join(sorted(set(pc.unique(table["class"]).to_pylist()))) or "no report"
    raise ObservationError(f"There is no radiosonde or surface pressure in the file; it holds {classes}.")


def _background_factor(table: pa.Table, intake: Intake, first_guess: FirstGuess, hours: int) -> float:
    equivalent, spread = intake.expectation(table, first_guess, hours)
    rows = used(table)
    innovation, spread = (column(table, "observation") - equivalent)[rows], spread[rows]
    error = column(table, "error")[rows]
    # A median bound keeps single gross errors, which the check removes only later, out of the sum.
    normal = np.abs(innovation) / np.hypot(error, spread)
    innovation = np.where(normal <= 6.0 * np.nanmedian(normal), innovation, np.nan)
    return innovation_factor(innovation, error, spread)


def _withhold(table: pa.Table, setup: RealSetUp) -> pa.Table:
    """Keep back whole radiosonde stations, with whatever else they report."""
    soundings = select(table, np.isin(column(table, "class"), SOUNDINGS))
    marked = withhold_stations(soundings, setup.withheld, setup.seed)
    names = set(column(marked, "station")[column(marked, "verdict") == "withheld"])
    return refuse(table, np.isin(column(table, "station"), list(names)), "withheld")


def _columns(table: pa.Table) -> Columns:
    background, analysis = column(table, "background"), column(table, "analysis")
    # Where the analysis lowers the surface pressure, the lowest data of a sounding fall below its ground.
    there = np.isfinite(background) & np.isfinite(analysis)
    return Columns(
        column(table, "observation"),
        background,
        analysis,
        column(table, "variable"),
        column(table, "pres"),
        used(table) & there,
        (column(table, "verdict") == "withheld") & there,
    )


def station_places(run: RealRun, verdict: str) -> tuple[ndarray, ndarray]:
    """Latitudes and longitudes of the radiosonde stations that have data with a verdict ("" is used)."""
    table = run.table
    rows = (column(table, "verdict") == verdict) & np.isin(column(table, "class"), SOUNDINGS)
    _, first = np.unique(column(table, "station")[rows], return_index=True)
    return column(table, "lat")[rows][first], column(table, "lon")[rows][first]
