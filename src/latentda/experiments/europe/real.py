"""Real radiosondes over Europe into the surrogate's forecast of their day.

The background is the forecast of one step from ERA-Interim of the day before. Data on the levels of the state are used
as they are; between them, on the significant levels, a state with one level a variable has no equivalent
(verdict ``no_equivalent``). Stations are few, so they are withheld in many draws and the fits of all draws merged: a
station then counts once for every draw that withholds it.

The analyses are compared with ERA-Interim of their time too, which has seen the same radiosondes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
from jaxtyping import Float
from numpy import ndarray

from latentda.assimilation.first_guess import FirstGuess
from latentda.experiments.europe.assets import EuropeAssets
from latentda.experiments.twin.scores import error_scores
from latentda.grid import hours_since_1970
from latentda.observations import column, read_observations, refuse, require_used, withhold_stations
from latentda.verification import FitRow, Score, empty_sums, error_sums, fit_scores, merge, merge_fits
from latentda.workflows.analyst import Analyst
from latentda.workflows.assimilated import Assimilated
from latentda.workflows.background import State

EXPERIMENT = "europe-real"


@dataclass(frozen=True, eq=False)
class RealCase:
    """One day, its data and what the methods made of it.

    Attributes:
        hours: analysis time, hours since 1970.
        background: x_b, physical units.
        truth: ERA-Interim of the time.
        table: the data with verdicts, no station withheld.
        analyses: by method, all stations used.
        draws: by method, an analysis for every draw of withheld stations.
        fits: by method, O-B and O-A of the draws merged.
    """

    hours: int
    background: Float[ndarray, "channel lat lon"]
    truth: Float[ndarray, "channel lat lon"]
    table: pa.Table
    analyses: dict[str, Assimilated] = field(default_factory=dict)
    draws: dict[str, list[Assimilated]] = field(default_factory=dict)
    fits: dict[str, list[FitRow]] = field(default_factory=dict)


def run_case(reports: Path, assets: EuropeAssets, analysts: Mapping[str, Analyst]) -> RealCase:
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
    state = State(background, hours, "the surrogate's forecast")
    case = RealCase(hours, background, truth.at(hours), screened(reports, state, next(iter(analysts.values()))))
    for name, analyst in analysts.items():
        case.analyses[name] = analyst.analyse(state, case.table)
        withheld = (withhold_stations(case.table, setup.withheld, seed) for seed in range(setup.withholding_seeds))
        case.draws[name] = [analyst.analyse(state, table) for table in withheld]
        case.fits[name] = merge_fits([one.fits() for one in case.draws[name]])
    return case


def screened(reports: Path, state: State, analyst: Analyst) -> pa.Table:
    """All reports of a file, checked and screened: geopotential and temperature of radiosondes; others are refused.

    Raises:
        ObservationError: the file cannot be read, or nothing of it is left to use.
    """
    table = read_observations(reports)
    wanted = np.isin(column(table, "variable"), ("z", "t")) & (column(table, "class") == "ADPUPA")
    ready = require_used(analyst.prepared(refuse(table, ~wanted, "not_assimilated"), state.hours))
    return require_used(analyst.intake.screen(ready, FirstGuess.instant(state.values), state.hours))


def case_scores(case: RealCase, assets: EuropeAssets) -> list[Score]:
    """Fits of all draws, and errors against ERA-Interim: of the background, and of the analyses of all draws."""
    layout, spread = assets.standardizer.layout, np.asarray(assets.standardizer.scale)
    rows: list[Score] = []
    for name, fits in case.fits.items():
        rows += fit_scores(fits, experiment=EXPERIMENT, method=name, seed=0, twin="real")
        for kind, states in (("background", [case.background]), ("analysis", [case.analyses[name].analysis[0]])):
            sums = error_sums(np.stack(states), case.truth[None], layout)
            rows += error_scores(sums, spread, layout, EXPERIMENT, "real", name, 0, kind)
        sums = empty_sums(layout)
        for draw in case.draws[name]:
            sums = merge(sums, error_sums(draw.analysis, case.truth[None], layout))
        rows += error_scores(sums, spread, layout, f"{EXPERIMENT}-withheld", "real", name, 0, "analysis")
    return rows
