"""Real radiosondes over Europe into the surrogate's forecast of their day.

The background is the forecast of one step from ERA-Interim of the day before. Data on the levels of the state are used
as they are; between them, on the significant levels, a state with one level a variable has no equivalent
(verdict ``no_equivalent``). Stations are few, so they are withheld in many draws and the fits of all draws merged: a
station then counts once for every draw that withholds it.

The analyses are compared with ERA-Interim of their time too, which has seen the same radiosondes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
from jaxtyping import Float
from numpy import ndarray

from latentda.assimilation import AnalysisMethod
from latentda.assimilation.feedback import feedback
from latentda.assimilation.first_guess import FirstGuess
from latentda.assimilation.intake import Intake
from latentda.cycling import Cycle, Cycler
from latentda.experiments.europe.assets import EuropeAssets
from latentda.experiments.twin.scores import error_scores
from latentda.grid import as_datetime, hours_since_1970, iso
from latentda.observations import (
    ObservationError,
    assign_errors,
    check_below_ground,
    check_duplicates,
    check_range,
    column,
    read_observations,
    refuse,
    require_used,
    withhold_stations,
)
from latentda.verification import (
    FitRow,
    Score,
    empty_sums,
    error_sums,
    fit_columns,
    fit_scores,
    merge,
    merge_fits,
    observation_fit,
)

EXPERIMENT = "europe-real"


@dataclass(frozen=True, eq=False)
class RealCase:
    """One day, its data and what the methods made of it.

    Attributes:
        hours: analysis time, hours since 1970.
        background: x_b, physical units.
        truth: ERA-Interim of the time.
        table: the data with verdicts, no station withheld.
        cycles: by method, all stations used.
        draws: by method, a cycle for every draw of withheld stations.
        fits: by method, O-B and O-A of the draws merged.
    """

    hours: int
    background: Float[ndarray, "channel lat lon"]
    truth: Float[ndarray, "channel lat lon"]
    table: pa.Table
    cycles: dict[str, Cycle] = field(default_factory=dict)
    draws: dict[str, list[Cycle]] = field(default_factory=dict)
    fits: dict[str, list[FitRow]] = field(default_factory=dict)


def run_case(reports: Path, assets: EuropeAssets, intake: Intake, methods: dict[str, AnalysisMethod]) -> RealCase:
    """Analyse the reports of a file with every method.

    Raises:
        ObservationError: the file cannot be read, is of another time, or nothing of it is left to use.
        KeyError: ERA-Interim does not hold the day or its predecessor.
    """
    setup, model = assets.setup, assets.model
    hours = int(hours_since_1970(setup.case))
    truth = assets.truth(setup.verification)
    before = np.int32(hours - model.step_hours)
    background = np.asarray(model.propagate(truth.at(int(before)), before, (model.step_hours,))[0])
    first_guess = FirstGuess.instant(background)
    table = intake.screen(prepare(read_observations(reports), setup.case), first_guess, hours)
    case = RealCase(hours, background, truth.at(hours), require_used(table))
    for name, method in methods.items():
        cycler = Cycler(model, intake, method)
        case.cycles[name] = cycler.step(background, table, hours)
        fits = []
        for seed in range(setup.withholding_seeds):
            cycle = cycler.step(background, withhold_stations(table, setup.withheld, seed), hours)
            case.draws.setdefault(name, []).append(cycle)
            fits.append(_fit(intake, cycle, first_guess))
        case.fits[name] = merge_fits(fits)
    return case


def prepare(table: pa.Table, case: str, window_hours: int = 3) -> pa.Table:
    """All reports: geopotential and temperature of radiosondes around a time checked, with errors; others refused.

    Raises:
        ObservationError: there is none.
    """
    elapsed = np.abs(column(table, "time").astype("datetime64[s]") - as_datetime(case))
    kept = np.isin(column(table, "variable"), ("z", "t")) & (column(table, "class") == "ADPUPA")
    near = elapsed <= np.timedelta64(window_hours, "h")
    if not (kept & near).any():
        raise ObservationError(f"The file holds no radiosonde within {window_hours} h of {iso(case)}.")
    table = refuse(refuse(table, ~kept, "not_assimilated"), ~near, "outside_window")
    for check in (check_range, check_below_ground, check_duplicates):
        table = check(table)
    return require_used(assign_errors(table))


def case_scores(case: RealCase, assets: EuropeAssets) -> list[Score]:
    """Fits of all draws, and errors against ERA-Interim: of the background, and of the analyses of all draws."""
    layout, spread = assets.standardizer.layout, np.asarray(assets.standardizer.scale)
    rows: list[Score] = []
    for name, fits in case.fits.items():
        rows += fit_scores(fits, experiment=EXPERIMENT, method=name, seed=0, twin="real")
        for kind, states in (("background", [case.background]), ("analysis", [case.cycles[name].analysis])):
            sums = error_sums(np.stack(states), case.truth[None], layout)
            rows += error_scores(sums, spread, layout, EXPERIMENT, "real", name, 0, kind)
        sums = empty_sums(layout)
        for draw in case.draws[name]:
            sums = merge(sums, error_sums(draw.analysis[None], case.truth[None], layout))
        rows += error_scores(sums, spread, layout, f"{EXPERIMENT}-withheld", "real", name, 0, "analysis")
    return rows


def _fit(intake: Intake, cycle: Cycle, first_guess: FirstGuess) -> list[FitRow]:
    return observation_fit(fit_columns(feedback(intake, cycle.table, cycle.hours, first_guess, cycle.analysis)))
