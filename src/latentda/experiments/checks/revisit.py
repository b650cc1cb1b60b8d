"""Analyses of a finished run made again: those from which forecasts start, whose backgrounds are kept.

Observations are drawn from seed and time alone, so that the same analysis comes out, now with all its parts: cost,
control vector, observations. Whatever needs them (posterior, impact of data) looks here and is no part of the run.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pyarrow as pa
from jaxtyping import Float
from numpy import ndarray

from latentda.assimilation import Analysis, ObservationTerm, Variational
from latentda.experiments.twin.catalogue import find_experiment
from latentda.experiments.twin.nature import prepare_nature
from latentda.experiments.twin.observing import build_network
from latentda.experiments.twin.record import read_start
from latentda.experiments.twin.run import Run, shared_parts
from latentda.experiments.twin.truth import Truth, TwinObservations
from latentda.fields import Standardizer
from latentda.forecast import ForecastModel
from latentda.methods import METHODS
from latentda.runs.claim import claimed
from latentda.user_error import UserError
from latentda.world import WorldFolder

AHEAD_HOURS = 24
"""How far the truth of a revisited analysis goes on."""


@dataclass(frozen=True, eq=False)
class Revisit:
    """One analysis with all its parts.

    Attributes:
        hours: its time, hours since 1970.
        table: the observations with their verdicts.
        term: the same as a term of the cost.
        analysis: the outcome.
        truth: from its time to a day later.
        method: that made it.
        standardizer: between anomalies and physical fields.
        model: the assimilating one.
    """

    hours: int
    table: pa.Table
    term: ObservationTerm
    analysis: Analysis
    truth: Truth
    method: Variational
    standardizer: Standardizer
    model: ForecastModel

    def physical(self, anomaly: Float[ndarray, "channel lat lon"]) -> Float[ndarray, "channel lat lon"]:
        """A state in physical units."""
        return np.asarray(self.standardizer.to_physical(jnp.asarray(anomaly), np.int32(self.hours)))


def open_run(name: str, method: str, seed: int, root: Path, world: WorldFolder) -> Run:
    """A run that ``latentda experiment run`` has made beneath ``root``.

    Raises:
        UserError: an unknown experiment or method, or there is no such run.
    """
    setup = find_experiment(name)
    folder = root / name / method / f"seed_{seed}"
    if not folder.exists():
        raise UserError(f"There is no run in {folder}; 'latentda experiment run' makes one.")
    spinup = claimed(folder).get("spinup_days", setup.spinup_days)
    setup = replace(setup, methods=(method,), scored_days=1, spinup_days=spinup)
    nature = prepare_nature(world, setup.nature_days(seed), root / "nature", every_hours=setup.truth_hours)
    return Run(setup, method, seed, root, nature, world)


def starts_of(run: Run) -> list[Path]:
    """The files of the analyses that can be revisited, in order.

    Raises:
        UserError: the run has made no forecast, or its method makes no analysis of one time.
    """
    if not METHODS[run.method].assimilates or METHODS[run.method].four_d:
        raise UserError(f"'{run.method}' makes no analysis of one time; choose a method in three dimensions.")
    starts = sorted((run.folder / "starts").glob("start_*.safetensors"))
    if not starts:
        raise UserError(f"{run.folder} holds no start of a forecast; 'latentda experiment run' makes them.")
    return starts


def revisit(run: Run) -> Iterator[Revisit]:
    """The analyses of a run from which forecasts started, in order.

    Raises:
        UserError: as :func:`starts_of`, or the run had another world or other settings.
    """
    starts = starts_of(run)
    run.claim(run.folder)
    setup = run.setup
    shared = shared_parts(setup.identical, run.world, setup.huber_limit)
    model, cycler = shared.model, shared.cycler(run.method, setup)
    network = build_network(setup.network, model.layout, shared.world.orography(model), run.seed)
    method = cycler.method
    assert isinstance(method, Variational)
    for path in starts:
        start = read_start(path)
        truth = run.nature.truth(model.layout, start.hours, start.hours + AHEAD_HOURS)
        observe = TwinObservations(truth, network, shared.intake, run.seed, setup.gross_errors)
        made = cycler.analyse(method.init(start.background), observe, start.hours)
        (table,), (term,) = made.tables, made.terms
        yield Revisit(start.hours, table, term, made.analysis, truth, method, method.standardizer, model)
