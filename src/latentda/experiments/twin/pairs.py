"""Making a world: from a nature run to scales, pairs of states of a cycling run, and background errors.

Pairs of states valid at one time come from a cycling run with 3D-Var and the imperfect model, so that they carry what a
cycle carries: analysis error that has grown, and model error. The first cycling run needs a first background error,
which differences of longer forecasts from the nature run itself can give (``nature_pairs``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
from numpy import ndarray

from latentda.cycling import Cycle, Cycler, CycleSettings, run_cycles
from latentda.experiments.twin.observing import build_network
from latentda.experiments.twin.truth import StoredTruth, TwinObservations
from latentda.fields import Location, StoreSampler, fit_standardizer, harmonics_told, read_states, write_standardizer
from latentda.grid import Layout, Time, hours_since_1970
from latentda.methods import METHODS, Options, method_digest
from latentda.operators import BandLimit, Diagonal, SphericalTransform, estimate_zonal_blocks
from latentda.priors import (
    BackgroundError,
    draw_increments,
    encode_pairs,
    errors_from_pairs,
    estimate_balanced,
    estimate_divergent_wind,
    forecast_pairs,
    latent_correlations,
    read_pairs,
    unrepresented_errors,
    write_background_error,
    write_divergent_wind,
    write_pairs,
)
from latentda.progress import Track, silent
from latentda.runs.identity import digest
from latentda.user_error import UserError
from latentda.world import WorldFolder, world_intake


def make_standardizer(
    data: Location,
    layout: Layout,
    start: Time | None,
    end: Time | None,
    out: Path,
    *,
    annual: int | None = None,
    diurnal: int | None = None,
) -> Path:
    """Fit climatology and scales to a period and write them.

    Every third state is enough, unless it always falls on the same hours of the day where all states do not.

    Args:
        data: the store.
        layout: the channels.
        start: of the period.
        end: its end, exclusive.
        out: the file.
        annual: harmonics of the year; None: as many as the states can tell apart, at most two.
        diurnal: harmonics of the day; None: one, where the states can tell it.
    """
    every = StoreSampler(data, layout, start, end)
    hours = every.open()[2]
    enough = harmonics_told(hours[::3], annual, diurnal) == harmonics_told(hours, annual, diurnal)
    sampler = replace(every, stride=3 if enough else 1)
    fitted = fit_standardizer(lambda: sampler.pieces(64), layout, annual=annual, diurnal=diurnal)
    write_standardizer(fitted, out)
    return out


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


def make_background_errors(
    pairs_file: Path,
    world: WorldFolder,
    *,
    localization_radius_km: float = 12000.0,
    smooth_sd: float = 0.5,
    zonal_model_space: bool = False,
) -> tuple[Path, ...]:
    """Estimate and write the background errors of both spaces into the world's folder.

    Args:
        pairs_file: from :func:`write_pairs`.
        world: scales and network.
        localization_radius_km: where the correlations of zonal blocks end, in either space.
        smooth_sd: weight of zonal-mean variances in the position-dependent ones, in either space.
        zonal_model_space: make the inhomogeneous background error of model space too (200 MB on disk for T31).
    """
    pairs = read_pairs(pairs_file)
    layout, scale = world.layout, np.asarray(world.standardizer.scale)
    about = {"pairs": len(pairs), "localization_radius_km": localization_radius_km, "smooth_sd": smooth_sd}
    network = world.autoencoder
    encoded = encode_pairs(pairs, network)
    errors, codes = errors_from_pairs(pairs), errors_from_pairs(encoded)
    rest = unrepresented_errors(pairs, encoded, world.code)
    share = float(np.mean(np.mean(rest**2, axis=(0, 2, 3)) / np.mean(errors**2, axis=(0, 2, 3))))
    balanced = partial(estimate_balanced, scale=scale, layout=layout, smooth_sd=smooth_sd)
    blocks = partial(estimate_zonal_blocks, localization_radius_km=localization_radius_km, smooth_sd=smooth_sd)
    latitude = np.asarray(layout.grid.latitude)
    padding = codes.shape[2] * network.settings.patch - latitude.size
    rows = np.pad(latitude, (0, padding), "edge").reshape(codes.shape[2], -1).mean(axis=1)
    found: dict[str, tuple[BackgroundError, dict[str, Any]]] = {
        "model": (balanced(errors), {}),
        "latent": (blocks(codes, rows), {}),
        "latent_diagonal": (
            Diagonal(jnp.asarray(codes.std(axis=0, ddof=1))),
            {"off_diagonal_correlations": latent_correlations(codes).to_dict()},
        ),
        "unrepresented": (balanced(rest), {"share_of_error_variance": round(share, 4)}),
    }
    if zonal_model_space:
        resolved = SphericalTransform(layout.grid).truncation + 1
        found["model_zonal"] = (blocks(errors, latitude, wavenumbers=resolved), {})
    paths = []
    for name, (covariance, facts) in found.items():
        paths.append(world.file(name))
        write_background_error(covariance, paths[-1], about | facts)
    draws = draw_increments(network.decode, jnp.asarray(encoded[:, 0]), world.error("latent").sample)
    wind = estimate_divergent_wind(errors, draws, BandLimit(layout, scale))
    paths.append(world.file("divergent_wind"))
    write_divergent_wind(wind, paths[-1], about)
    return tuple(paths)
