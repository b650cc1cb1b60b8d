"""Pairs of states valid at one time whose differences stand for background errors: from a nature run.

The best come from a cycling run with 3D-Var and the imperfect model, so that they carry what a cycle carries: analysis
error that has grown, and model error. The first cycling run needs a first background error, which differences of longer
forecasts from the nature run itself can give (``nature_pairs``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
from numpy import ndarray

from latentda.cycling import Cycle, Cycler, CycleSettings, run_cycles
from latentda.experiments.twin.observing import build_network
from latentda.experiments.twin.truth import StoredTruth, TwinObservations
from latentda.fields import Location, StoreSampler, read_states
from latentda.grid import Time, hours_since_1970
from latentda.methods import METHODS, Options, method_digest
from latentda.priors import forecast_pairs, write_pairs
from latentda.progress import Track, silent
from latentda.runs.identity import digest
from latentda.user_error import UserError
from latentda.world import WorldFolder, world_intake

LEADS_APART = 48
"""Hours between the leads of a pair of forecasts from a nature run."""
DAYS_APART = 5
"""Days between states that stand for the climate's spread."""
SPINUP_CYCLES = 20
"""Cycles at the beginning of a cycling run that are not used, since it starts from the truth."""


def cycling_run(
    data: Location,
    world: WorldFolder,
    start: Time,
    cycles: int,
    folder: Path,
    *,
    network: str = "sonde",
    factor: float = 1.0,
    seed: int = 1,
    track: Track = silent,
) -> list[Cycle]:
    """Cycle 3D-Var through a nature run with the imperfect model; the cycles after spin-up.

    Args:
        data: the nature run.
        world: scales and a first background error.
        start: of the cycling.
        cycles: analyses, at the interval of the world.
        folder: where cycles are kept, for a restart; cycles of other arguments are refused.
        network: what is observed, a key of :data:`latentda.experiments.twin.observing.NETWORKS`.
        factor: on the variances of the first background error.
        seed: of the observation errors.
        track: shows progress.

    Raises:
        UserError: the folder holds cycles of other data, another world or other settings.
    """
    model = world.imperfect_model
    truth = StoredTruth(data, model.layout)
    first = int(hours_since_1970(start))
    background = truth.at(first)
    intake = world_intake(world, model)
    places = build_network(network, model.layout, world.orography(model), seed)
    cycler = Cycler(model, intake, METHODS["3dvar"].build(world, Options(factor=factor)))
    observe = TwinObservations(truth, places, intake, seed)
    interval = world.settings.interval_hours
    settings = CycleSettings(first, cycles, interval)
    identity = {
        "data": digest((background, truth.at(first + interval) if cycles > 1 else None)),
        "world": method_digest("3dvar", world),
        "errors": world.errors,
        "network": network,
        "factor": factor,
        "seed": seed,
    }
    done = run_cycles(cycler, background, observe, settings, folder=folder, identity=identity, track=track)
    return list(islice(done, SPINUP_CYCLES, None))


def cycling_pairs(run: Sequence[Cycle], world: WorldFolder, out: Path, *, track: Track = silent) -> Path:
    """Pairs of 24 h and 48 h forecasts of the imperfect model from the analyses of a cycling run."""
    starts = track([(cycle.hours, cycle.analysis) for cycle in run], "forecast pairs", len(run))
    return write_pairs(forecast_pairs(world.imperfect_model, world.standardizer, starts), out)


def verification_pairs(data: Location, run: Sequence[Cycle], world: WorldFolder, out: Path) -> Path:
    """Pairs (state of the nature run, background of a cycling run): the background errors themselves.

    With real data the verifying state is a reanalysis, whose own errors then are in the samples.
    """
    standardizer = world.standardizer
    truth = StoredTruth(data, standardizer.layout)
    pairs = ((truth.at(cycle.hours), cycle.background, np.int32(cycle.hours)) for cycle in run)
    anomalies = ((standardizer.to_anomaly(x, h), standardizer.to_anomaly(b, h)) for x, b, h in pairs)
    return write_pairs(((np.asarray(x), np.asarray(b)) for x, b in anomalies), out)


def nature_pairs(
    data: Location, world: WorldFolder, count: int, out: Path, *, seed: int = 0, track: Track = silent
) -> Path:
    """Pairs of 72 h and 24 h forecasts of the imperfect model from random states of a nature run.

    Raises:
        UserError: fewer states than wanted have another one 48 h later.
    """
    model = world.imperfect_model
    dataset, _, hours = StoreSampler(data, model.layout).open()
    first = np.flatnonzero(np.isin(hours + LEADS_APART, hours))
    if len(first) < count:
        raise UserError(f"{count} pairs were wanted; {data} has {len(first)} states with one {LEADS_APART} h later.")
    chosen = np.sort(np.random.default_rng(seed).choice(first, count, replace=False))

    def pairs() -> Iterator[tuple[ndarray, ndarray]]:
        for i in track(chosen, "forecast pairs", count):
            later = int(np.searchsorted(hours, hours[i] + LEADS_APART))
            states = ((int(hours[j]), read_states(dataset, model.layout, [j])[0]) for j in (i, later))
            yield from forecast_pairs(model, world.standardizer, states, short=24, long=24 + LEADS_APART)

    return write_pairs(pairs(), out)


def climatological_pairs(data: Location, world: WorldFolder, start: Time | None, end: Time | None, out: Path) -> Path:
    """Pairs (climatological mean, state) every five days: the errors of the mean as a background."""
    every = StoreSampler(data, world.layout, start, end)
    hours = every.open()[2]
    interval = int(np.diff(hours).min()) if hours.size > 1 else DAYS_APART * 24
    sampler = replace(every, stride=max(DAYS_APART * 24 // interval, 1))
    states = sampler.anomalies(world.standardizer)
    return write_pairs(((np.zeros_like(state), state) for state in states), out)
