"""Making the assets: from a nature run to scales, forecast pairs of a cycling run, and background errors.

Pairs of forecasts valid at one time come from a cycling run with 3D-Var and the imperfect model, so that they carry
what a cycle carries: analysis error that has grown, and model error. The first cycling run needs a first background
error, which differences of longer forecasts from the nature run itself can give (``from_nature``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from numpy import ndarray
from safetensors import safe_open
from safetensors.numpy import save_file

from latentda.cycling import Cycler, CycleSettings
from latentda.experiments.assets import Assets
from latentda.experiments.methods import build_method
from latentda.experiments.twin import StoredTruth, TwinObservations, make_intake
from latentda.fields import StoreSampler, fit_standardizer, open_store, read_states, write_standardizer
from latentda.forecast import jcm_model
from latentda.grid import Layout, Time, hours_since_1970
from latentda.networks import read_autoencoder
from latentda.observations import radiosonde_network
from latentda.operators import Diagonal, estimate_zonal_blocks
from latentda.priors import (
    errors_from_pairs,
    estimate_balanced,
    forecast_pairs,
    write_background_error,
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
    pairs_file: Path, assets: Assets, *, localization_radius_km: float = 12000.0
) -> tuple[Path, ...]:
    """Estimate and write the background errors of both spaces into the assets' folder."""
    pairs = read_pairs(pairs_file)
    layout = assets.standardizer.layout
    assets.error_folder.mkdir(parents=True, exist_ok=True)
    about = {"pairs": len(pairs), "localization_radius_km": localization_radius_km}
    balanced = estimate_balanced(errors_from_pairs(pairs), np.asarray(assets.standardizer.scale), layout)
    in_model = assets.error_folder / "model.safetensors"
    write_background_error(balanced, in_model, about)
    network = read_autoencoder(assets.folder / "autoencoder.safetensors")
    rows = network.latent_shape[1]
    latitude = np.asarray(layout.grid.latitude).reshape(rows, -1).mean(axis=1)
    errors = errors_from_pairs(pairs, network)
    latent = estimate_zonal_blocks(errors, latitude, localization_radius_km=localization_radius_km)
    in_latent = assets.error_folder / "latent.safetensors"
    write_background_error(latent, in_latent, about)
    diagonal = Diagonal(jnp.asarray(errors.std(axis=0, ddof=1)))
    in_diagonal = assets.error_folder / "latent_diagonal.safetensors"
    write_background_error(diagonal, in_diagonal, {"pairs": len(pairs)})
    return in_model, in_latent, in_diagonal


def write_pairs(pairs: Iterable[tuple[ndarray, ndarray]], path: Path) -> Path:
    """Write pairs (short, long) as float16 standardised anomalies, whole or not at all."""
    stacked = np.stack([np.stack(pair).astype(np.float16) for pair in pairs])
    partial = path.with_name(path.name + ".part")
    save_file({"pairs": stacked}, str(partial))
    partial.replace(path)
    return path


def read_pairs(path: Path) -> Float[ndarray, "pair 2 channel lat lon"]:
    """Read what :func:`write_pairs` wrote.

    Raises:
        ValueError: the file is missing or something else.
    """
    try:
        with safe_open(str(path), "numpy") as file:
            return file.get_tensor("pairs")
    except Exception as error:
        raise ValueError(f"{path} holds no pairs of forecasts: {error}") from error
