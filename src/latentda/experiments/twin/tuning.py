"""The background-error factor of a method in an experiment, from innovations of a training period.

Two rounds of cycles, each with the factor that the one before gave,

    f_n+1 = f_n sum w (d^2 - s_o^2) / sum w s_b^2(f_n),    d = y - H(x_b),    w = 1 / (s_o^2 + s_b^2(f_n)),

with s_b(f) the method's own spread, that of x(v) for white v, at the data: the same for every method. The second half
of each round counts. The training period begins with the package's spun-up state, years before any scored period.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pyarrow as pa
from jaxtyping import Float
from numpy import ndarray

from latentda.assimilation import Variational
from latentda.assimilation.ensemble import EnsembleVariational
from latentda.assimilation.first_guess import FirstGuess
from latentda.cycling import Cycler, CycleSettings, Observe
from latentda.experiments.twin.campaign import Campaign
from latentda.experiments.twin.nature import prepare_nature
from latentda.experiments.twin.run import Run, run_parts
from latentda.files import write_json
from latentda.forecast.embedded.simulation import spun_up_state
from latentda.methods import METHODS
from latentda.observations import column
from latentda.priors import background_draws, innovation_factor
from latentda.progress import Track, silent
from latentda.runs.claim import LOG
from latentda.runs.lock import only_process
from latentda.runs.workers import Listen, Tell, run_jobs
from latentda.user_error import UserError

ROUNDS = 2
RESULT = "factors.json"


@dataclass(frozen=True)
class Tuning:
    """One method to tune: what a worker process is sent.

    Attributes:
        run: the method in the training period, ``ROUNDS * cycles`` long.
        cycles: of each round.
    """

    run: Run
    cycles: int

    @property
    def folder(self) -> Path:
        """Where the result lies."""
        return self.run.root / self.run.setup.name / self.run.method / f"tuning_{self.cycles}"

    def factors(self) -> tuple[float, ...]:
        """The factor before and after each round; empty while it is not known."""
        file = self.folder / RESULT
        return tuple(json.loads(file.read_text(encoding="utf-8"))["factors"]) if file.exists() else ()


@dataclass(frozen=True)
class Tuned:
    """What a tuning gave.

    Attributes:
        factors: by method, before and after each round.
        failures: title and reason of the methods that have none.
    """

    factors: Mapping[str, tuple[float, ...]]
    failures: list[tuple[str, str]]


def tune(campaign: Campaign, cycles: int, workers: int, listen: Listen, *, track: Track = silent) -> Tuned:
    """Tune the methods of a campaign that have a background error, in their first seed's draw of errors.

    Args:
        campaign: whose methods.
        cycles: of each round.
        workers: processes.
        listen: hears how far each method is.
        track: shows how far the nature run is.

    Raises:
        UserError: no method to tune, or too few cycles.
    """
    methods = tuple(m for m in campaign.setup.methods if METHODS[m].sized)
    if not methods or cycles < 2:
        raise UserError("Tuning needs a method with a static background error, and rounds of at least two cycles.")
    days = -(-ROUNDS * cycles * campaign.setup.interval_hours // 24)
    setup = replace(campaign.setup, methods=methods, spinup_days=0, scored_days=days, forecast_days=0)
    nature_folder = campaign.root / "nature_training"
    nature = prepare_nature(
        campaign.world,
        setup.nature_days(0),
        nature_folder,
        start=spun_up_state(),
        every_hours=setup.truth_hours,
        track=track,
    )
    jobs = [Tuning(Run(setup, method, 0, campaign.root, nature, campaign.world), cycles) for method in methods]
    failures = run_jobs(jobs, do_tuning, workers, listen, tuning_log)
    found = {job.run.method: job.factors() for number, job in enumerate(jobs) if number not in failures}
    return Tuned(found, [(f"{setup.name} {methods[i]}", sentence) for i, sentence in sorted(failures.items())])


def do_tuning(tuning: Tuning, tell: Tell) -> None:
    """Tune one method and write its factors, whole or not at all.

    Raises:
        UserError: the folder belongs to another set-up.
    """
    run, total = tuning.run, ROUNDS * tuning.cycles
    with only_process(tuning.folder):
        run.claim(tuning.folder)
        if tuning.factors():
            tell(total, total)
            return
        parts = run_parts(run)
        factors = [run.setup.factor(run.method)]
        carried, since = None, None
        for number in range(ROUNDS):
            cycler = parts.shared.cycler(run.method, run.setup, factors[-1])
            carried = cycler.method.init(parts.first()) if carried is None else carried
            begin = run.first_hours + number * tuning.cycles * run.setup.interval_hours
            settings = CycleSettings(begin, tuning.cycles, run.setup.interval_hours)
            ratio, carried, since = tuning_round(
                cycler, parts.observe, carried, since, settings, _in_round(number, tell)
            )
            factors.append(factors[-1] * ratio)
        write_json(tuning.folder / RESULT, {"factors": factors})


def tuning_log(tuning: Tuning) -> Path:
    """Where the traceback of a tuning that failed lies."""
    return tuning.folder / LOG


def tuning_round(
    cycler: Cycler, observe: Observe, carried: Any, since: int | None, settings: CycleSettings, tell: Tell
) -> tuple[float, Any, int]:
    """Cycle, and compare the innovations of the second half with what the method's background error expects.

    Args:
        cycler: with the method.
        observe: the observations of a time.
        carried: into the first window, as in :meth:`latentda.cycling.Cycler.cycles`.
        since: its valid time, where that is not the first window's start.
        settings: when and how often.
        tell: hears how many cycles are done.

    Returns:
        The ratio of found to expected background variance, and what the last cycle hands on with its time.
    """
    found: list[tuple[ndarray, ndarray, ndarray]] = []
    for k, cycle in enumerate(cycler.cycles(carried, observe, cycler.windows(settings), since=since)):
        if k >= settings.cycles // 2 and cycle.table is not None:
            found.append(innovations(cycler, cycle.table, cycle.background, cycle.hours))
        carried, since = cycle.carried, cycle.hours
        tell(min(k + 1, settings.cycles), settings.cycles)
    departure, error, spread = (np.concatenate(part) for part in zip(*found, strict=True))
    assert since is not None
    return innovation_factor(departure, error, spread), carried, since


def _in_round(number: int, tell: Tell) -> Tell:
    """Tells of a round as of a part of all rounds."""
    return lambda done, cycles: tell(number * cycles + done, ROUNDS * cycles)


def innovations(
    cycler: Cycler, table: pa.Table, background: Float[ndarray, "channel lat lon"], hours: int
) -> tuple[Float[ndarray, " row"], Float[ndarray, " row"], Float[ndarray, " row"]]:
    """Of every row of a table y - H(x_b), s_o and the method's own s_b; NaN where the model has no equivalent.

    Raises:
        UserError: the method has no background error of its own.
    """
    method = cycler.method
    # Members beside a static error have its total variance, whatever theirs is.
    found = method.variational if isinstance(method, EnsembleVariational) else method
    if not isinstance(found, Variational):
        raise UserError(f"{type(method).__name__} has no background error to tune; variational methods have one.")
    anomaly = found.standardizer.to_anomaly(jnp.asarray(background), np.int32(hours))
    draws = np.asarray(background_draws(found.prior, anomaly, jax.random.key(hours)))
    own = replace(cycler.intake, perturbations=draws * np.asarray(found.standardizer.scale)[:, None, None])
    equivalent, expected = own.expectation(table, FirstGuess.instant(background), hours)
    observed = column(table, "observation").astype(np.float64)
    return observed - equivalent, column(table, "error").astype(np.float64), expected
