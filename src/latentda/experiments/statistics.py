"""Making the assets: from a nature run to scales, forecast pairs of a cycling run, and background errors.

Pairs of forecasts valid at one time come from a cycling run with 3D-Var and the imperfect model, so that they carry
what a cycle carries: analysis error that has grown, and model error. The first cycling run needs a first background
error, which differences of longer forecasts from the nature run itself can give (``from_nature``).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
from numpy import ndarray

from latentda.cycling import Cycler, CycleSettings
from latentda.experiments.assets import Assets
from latentda.experiments.methods import build_method
from latentda.experiments.twin import StoredTruth, TwinObservations, make_intake
from latentda.fields import StoreSampler, fit_standardizer, open_store, read_states, write_standardizer
from latentda.forecast import jcm_model
from latentda.grid import Layout, Time, hours_since_1970
from latentda.networks import read_autoencoder
from latentda.observations import radiosonde_network
from latentda.operators import Diagonal, SphericalTransform, estimate_zonal_blocks
from latentda.priors import (
    BackgroundError,
    errors_from_pairs,
    estimate_balanced,
    forecast_pairs,
    latent_correlations,
    read_pairs,
    unrepresented_errors,
    write_background_error,
    write_pairs,
)
from latentda.progress import Track, silent


def make_standardizer(data: Path, layout: Layout, start: Time | None, end: Time | None, out: Path) -> Path:
    """Fit climatology and scales to every third state of a period and write them."""
    sampler = StoreSampler(data, layout, start, end, stride=3)
    write_standardizer(fit_standardizer(lambda: sampler.pieces(64), layout), out)
    return out


def cycling_pairs(
    data: Path,
    assets: Assets,
    start: Time,
    cycles: int,
    folder: Path,
    *,
    factor: float = 1.0,
    seed: int = 1,
    track: Track = silent,
) -> Path:
    """Cycle 3D-Var through a nature run with the imperfect model; 24 h and 48 h forecasts from every analysis.

    Args:
        data: the nature run.
        assets: scales and a first background error.
        start: of the cycling.
        cycles: analyses, 12 h apart; the first twenty are spin-up from a perfect start.
        folder: where cycles are kept, for a restart, and pairs written.
        factor: on the variances of the first background error.
        seed: of the observation errors.
        track: shows progress.

    Returns:
        The file of pairs, ``folder/pairs.safetensors``.
    """
    model = jcm_model(imperfect=True)
    truth = StoredTruth(data, model.layout)
    first = int(hours_since_1970(start))
    background = truth.at(first)
    intake = make_intake(model, assets, background)
    cycler = Cycler(model, assets.standardizer, intake, build_method("3dvar", assets, factor=factor))
    observe = TwinObservations(truth, radiosonde_network(), intake, seed)
    settings = CycleSettings(first, cycles, 12)
    done = cycler.run(background, observe, settings, folder=folder / "cycles", name="cycling", track=track)
    starts = track([(c.hours, c.analysis) for c in done[20:]], "forecast pairs", len(done) - 20)
    return write_pairs(forecast_pairs(model, assets.standardizer, starts), folder / "pairs.safetensors")


def nature_pairs(data: Path, assets: Assets, count: int, out: Path, *, seed: int = 0, track: Track = silent) -> Path:
    """Pairs of 72 h and 24 h forecasts of the imperfect model from random states of a nature run."""
    model = jcm_model(imperfect=True)
    dataset = open_store(data)
    hours = (dataset["time"].values.astype("datetime64[h]") - np.datetime64(0, "h")).astype(int)
    chosen = np.sort(np.random.default_rng(seed).choice(len(hours) - 8, count, replace=False))

    def pairs() -> Iterator[tuple[ndarray, ndarray]]:
        for i in track(chosen, "forecast pairs", count):
            starts = ((int(hours[j]), read_states(dataset, model.layout, [j])[0]) for j in (i, i + 8))
            yield from forecast_pairs(model, assets.standardizer, starts, short=24, long=72)

    return write_pairs(pairs(), out)


def climatological_pairs(data: Path, assets: Assets, start: Time | None, end: Time | None, out: Path) -> Path:
    """Pairs (climatological mean, state) every five days: the errors of the mean as a background."""
    sampler = StoreSampler(data, assets.standardizer.layout, start, end, stride=20)
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
    network = read_autoencoder(assets.folder / "autoencoder.safetensors")
    errors, codes = errors_from_pairs(pairs), errors_from_pairs(pairs, network)
    rest = unrepresented_errors(pairs, network)
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
    return tuple(paths)
