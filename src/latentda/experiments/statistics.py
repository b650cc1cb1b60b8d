"""Making the assets: from a nature run to scales, pairs of states of a cycling run, and background errors.

Pairs of states valid at one time come from a cycling run with 3D-Var and the imperfect model, so that they carry what a
cycle carries: analysis error that has grown, and model error. The first cycling run needs a first background error,
which differences of longer forecasts from the nature run itself can give (``nature_pairs``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
from numpy import ndarray

from latentda.cycling import Cycle, Cycler, CycleSettings
from latentda.experiments.assets import Assets
from latentda.experiments.methods import build_method
from latentda.experiments.observing import build_network
from latentda.experiments.truth import StoredTruth, TwinObservations
from latentda.experiments.twin import make_intake
from latentda.fields import StoreSampler, fit_standardizer, open_store, read_states, write_standardizer
from latentda.forecast import jcm_model
from latentda.grid import Layout, Time, hours_since_1970
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
from latentda.user_error import UserError


def make_standardizer(data: Path, layout: Layout, start: Time | None, end: Time | None, out: Path) -> Path:
    """Fit climatology and scales to every third state of a period and write them."""
    sampler = StoreSampler(data, layout, start, end, stride=3)
    write_standardizer(fit_standardizer(lambda: sampler.pieces(64), layout), out)
    return out


LEADS_APART = 48
"""Hours between the leads of a pair of forecasts from a nature run."""
DAYS_APART = 5
"""Between states that stand for the climate's spread."""
SPINUP_CYCLES = 20
"""Of a cycling run, which starts from the truth, not used."""


def cycling_run(
    data: Path,
    assets: Assets,
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
        assets: scales and a first background error.
        start: of the cycling.
        cycles: analyses, 12 h apart.
        folder: where cycles are kept, for a restart.
        network: what is observed, a key of :data:`latentda.experiments.observing.NETWORKS`.
        factor: on the variances of the first background error.
        seed: of the observation errors.
        track: shows progress.
    """
    model = jcm_model(imperfect=True)
    truth = StoredTruth(data, model.layout)
    first = int(hours_since_1970(start))
    background = truth.at(first)
    intake = make_intake(model, assets, background)
    places = build_network(network, model.layout, model.surface_geopotential, seed)
    cycler = Cycler(model, assets.standardizer, intake, build_method("3dvar", assets, factor=factor))
    observe = TwinObservations(truth, places, intake, seed)
    settings = CycleSettings(first, cycles, 12)
    done = cycler.run(background, observe, settings, folder=folder, name="cycling", track=track)
    return done[SPINUP_CYCLES:]


def cycling_pairs(run: Sequence[Cycle], assets: Assets, out: Path, *, track: Track = silent) -> Path:
    """Pairs of 24 h and 48 h forecasts of the imperfect model from the analyses of a cycling run."""
    starts = track([(cycle.hours, cycle.analysis) for cycle in run], "forecast pairs", len(run))
    return write_pairs(forecast_pairs(jcm_model(imperfect=True), assets.standardizer, starts), out)


def verification_pairs(data: Path, run: Sequence[Cycle], assets: Assets, out: Path) -> Path:
    """Pairs (state of the nature run, background of a cycling run): the background errors themselves.

    With real data the verifying state is a reanalysis, whose own errors then are in the samples.
    """
    standardizer = assets.standardizer
    truth = StoredTruth(data, standardizer.layout)
    pairs = ((truth.at(cycle.hours), cycle.background, np.int32(cycle.hours)) for cycle in run)
    anomalies = ((standardizer.to_anomaly(x, h), standardizer.to_anomaly(b, h)) for x, b, h in pairs)
    return write_pairs(((np.asarray(x), np.asarray(b)) for x, b in anomalies), out)


def nature_pairs(data: Path, assets: Assets, count: int, out: Path, *, seed: int = 0, track: Track = silent) -> Path:
    """Pairs of 72 h and 24 h forecasts of the imperfect model from random states of a nature run.

    Raises:
        UserError: fewer states than wanted have another one 48 h later.
    """
    model = jcm_model(imperfect=True)
    dataset = open_store(data)
    hours = (dataset["time"].values.astype("datetime64[h]") - np.datetime64(0, "h")).astype(int)
    positions = {int(hour): i for i, hour in enumerate(hours)}
    first = [hour for hour in positions if hour + LEADS_APART in positions]
    if len(first) < count:
        raise UserError(f"{count} pairs were wanted; {data} has {len(first)} states with one {LEADS_APART} h later.")
    chosen = np.sort(np.random.default_rng(seed).choice(first, count, replace=False)).tolist()

    def pairs() -> Iterator[tuple[ndarray, ndarray]]:
        for hour in track(chosen, "forecast pairs", count):
            times = (hour, hour + LEADS_APART)
            starts = ((time, read_states(dataset, model.layout, [positions[time]])[0]) for time in times)
            yield from forecast_pairs(model, assets.standardizer, starts, short=24, long=24 + LEADS_APART)

    return write_pairs(pairs(), out)


def climatological_pairs(data: Path, assets: Assets, start: Time | None, end: Time | None, out: Path) -> Path:
    """Pairs (climatological mean, state) every five days: the errors of the mean as a background."""
    every = StoreSampler(data, assets.standardizer.layout, start, end)
    hours = every.open()[2]
    interval = int(np.diff(hours).min()) if hours.size > 1 else DAYS_APART * 24
    sampler = replace(every, stride=max(DAYS_APART * 24 // interval, 1))
    states = sampler.anomalies(assets.standardizer)
    return write_pairs(((np.zeros_like(state), state) for state in states), out)


def make_background_errors(
    pairs_file: Path,
    assets: Assets,
    *,
    localization_radius_km: float = 12000.0,
    smooth_sd: float = 0.5,
    zonal_model_space: bool = False,
) -> tuple[Path, ...]:
    """Estimate and write the background errors of both spaces into the assets' folder.

    Args:
        pairs_file: from :func:`write_pairs`.
        assets: scales and network.
        localization_radius_km: where the correlations of zonal blocks end, in either space.
        smooth_sd: weight of zonal-mean variances in the position-dependent ones, in either space.
        zonal_model_space: make the inhomogeneous background error of model space too (200 MB on disk for T31).
    """
    pairs = read_pairs(pairs_file)
    layout, scale = assets.standardizer.layout, np.asarray(assets.standardizer.scale)
    about = {"pairs": len(pairs), "localization_radius_km": localization_radius_km, "smooth_sd": smooth_sd}
    assets.error_folder.mkdir(parents=True, exist_ok=True)
    network = assets.autoencoder
    encoded = encode_pairs(pairs, network)
    errors, codes = errors_from_pairs(pairs), errors_from_pairs(encoded)
    rest = unrepresented_errors(pairs, encoded, assets.code)
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
        paths.append(assets.error_folder / f"{name}.safetensors")
        write_background_error(covariance, paths[-1], about | facts)
    draws = draw_increments(network.decode, jnp.asarray(encoded[:, 0]), assets.latent_error.sample)
    wind = estimate_divergent_wind(errors, draws, BandLimit(layout, scale))
    paths.append(assets.error_folder / "divergent_wind.safetensors")
    write_divergent_wind(wind, paths[-1], about)
    return tuple(paths)
