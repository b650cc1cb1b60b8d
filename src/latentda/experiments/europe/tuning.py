"""Radius and factor of every method's background error: the pair with the least analysis error in a training period.

The same pairs are tried for every method in the same short cycles. The samples of the tuned days are kept out of the
covariance with which those days are analysed; the chosen pair then serves the covariance of all days.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np

from latentda.experiments.europe.assets import EuropeAssets
from latentda.experiments.europe.cycles import CycledWorld, cycled_world, mean_error
from latentda.experiments.europe.methods import DIAGONAL, ErrorSamples, Size, build_intake, build_method, error_samples
from latentda.experiments.europe.setup import EuropeSetUp, Period
from latentda.files import write_json
from latentda.grid import as_datetime
from latentda.progress import Track, silent
from latentda.user_error import UserError

SEED = 100
"""Seed of the observations' errors in the tuned period."""


def tune_sizes(assets: EuropeAssets, file: Path, *, track: Track = silent) -> dict[str, Size]:
    """The size of every assimilating method; from the file if it is there, else written to it with all that was tried.

    Raises:
        UserError: the file holds something else.
    """
    if not file.exists():
        tried = _try_all(assets, track)
        content = {m: [{**asdict(size), "analysis": error} for size, error in rows] for m, rows in tried.items()}
        write_json(file, content)
    return {method: best(rows) for method, rows in read_trials(file).items()}


def read_trials(file: Path) -> dict[str, list[tuple[Size, float]]]:
    """Every size tried and its mean analysis error, by method.

    Raises:
        UserError: the file holds something else.
    """
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        return {
            method: [(Size(row["radius_km"], row["factor"]), row["analysis"]) for row in rows]
            for method, rows in content.items()
        }
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise UserError(f"{file} holds no sizes of background errors: {error}") from error


def best(rows: list[tuple[Size, float]]) -> Size:
    """The size with the least error."""
    return min(rows, key=lambda row: row[1])[0]


def candidates(method: str, setup: EuropeSetUp) -> list[Size]:
    """What is tried of a method: every radius with every factor, where correlations have a radius."""
    radii = setup.radii_km[:1] if method in DIAGONAL else setup.radii_km
    return [Size(radius, factor) for radius in radii for factor in setup.factors]


def _try_all(assets: EuropeAssets, track: Track) -> dict[str, list[tuple[Size, float]]]:
    setup, standardizer, code = assets.setup, assets.standardizer, assets.code
    samples = _other_days(assets)
    world = _world(assets, samples)
    jobs = [(m, size) for m in setup.methods if m != "free_run" for size in candidates(m, setup)]
    tried: dict[str, list[tuple[Size, float]]] = {}
    for method, size in track(jobs, "tuning the background errors", len(jobs)):
        cycles = world.run(build_method(method, size, samples, standardizer, code), SEED)
        tried.setdefault(method, []).append((size, mean_error(world, cycles, "analysis")))
    return tried


def _world(assets: EuropeAssets, samples: ErrorSamples) -> CycledWorld:
    setup = assets.setup
    truth = assets.truth(setup.errors)
    intake = build_intake(samples, assets.standardizer)
    return cycled_world(assets.model, truth, intake, setup.tuning, setup.spinup_days)


def _other_days(assets: EuropeAssets) -> ErrorSamples:
    """The samples of the error period outside the tuned one; a day without predecessor has none."""
    setup = assets.setup
    hours = assets.truth(setup.errors).hours
    followers = hours[1:][np.diff(hours) == assets.model.step_hours]
    inside = _within(followers, setup.tuning)
    return error_samples(assets.error_pairs[~inside], assets.code)


def _within(hours: np.ndarray, period: Period) -> np.ndarray:
    stamps = hours.astype("datetime64[h]").astype("datetime64[s]")
    return (stamps >= as_datetime(period[0])) & (stamps < as_datetime(period[1]))
