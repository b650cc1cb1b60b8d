"""Training of a surrogate forecast from a store, with its score table beside the weights."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy import ndarray

from latentda.fields import Location, StoreSampler
from latentda.figures.files import save_figure
from latentda.figures.learning import loss_figure
from latentda.grid import Time, datetime_of_hours, iso
from latentda.networks import Autoencoder, SurrogateSettings, read_surrogate, write_surrogate
from latentda.progress import Track, silent
from latentda.training import (
    ForecastErrors,
    RolloutSettings,
    StoredSequences,
    Throughput,
    Trained,
    TrainingSettings,
    forecast_errors,
    train_surrogate,
)
from latentda.workflows.train_autoencoder import read_settings
from latentda.world import WorldFolder

HELD_OUT_BLOCKS = 1000
"""Blocks of the held-out period on whose sequences a network is scored."""

WEIGHTS = "surrogate.safetensors"
"""Name of the network's file in a world's folder."""

HEADER = ("channel", "lead (h)", "surrogate", "persistence", "climatology")
"""Columns of the table of root mean square errors."""


@dataclass(frozen=True)
class ForecastLearningSettings:
    """The YAML of ``latentda train forecast``.

    Attributes:
        network: shape of the surrogate.
        rollout: its step, and how many of them the loss looks ahead.
        training: the loop's settings.
        stride: keep every so many states of the store.
        latent: whether the step acts on the codes of ``autoencoder.safetensors`` in the folder.
    """

    network: SurrogateSettings = field(default_factory=SurrogateSettings)
    rollout: RolloutSettings = field(default_factory=RolloutSettings)
    training: TrainingSettings = field(default_factory=lambda: TrainingSettings(checkpoint_every=100))
    stride: int = 1
    latent: bool = False


@dataclass(frozen=True, eq=False)
class LearnedForecast:
    """Where the weights are, how fast they came, and rows of scores under :data:`HEADER`, physical units."""

    weights: Path
    rows: list[list[Any]]
    throughput: Throughput


def read_forecast_settings(path: Path | None, steps: int | None) -> ForecastLearningSettings:
    """Settings from a YAML file, see :func:`~latentda.workflows.train_autoencoder.read_settings`."""
    return read_settings(ForecastLearningSettings, path, {"checkpoint_every": 100}, steps)


def learn_forecast(
    data: Location,
    folder: Path,
    settings: ForecastLearningSettings,
    start: Time | None,
    end: Time | None,
    validate_from: Time | None = None,
    validate_to: Time | None = None,
    *,
    initial: Path | None = None,
    track: Track = silent,
) -> LearnedForecast:
    """Train on a period of a store in the anomalies of ``folder/standardizer.safetensors``.

    Writes ``surrogate.safetensors`` (with the errors in the held-out period) and the loss curve ``surrogate.png`` into
    ``folder``; of a latent step ``latent_surrogate.safetensors`` and so on. Another process that
    trains it is waited for.

    Args:
        data: the store.
        folder: of the scales and of what comes out.
        settings: of network, rollout and training.
        start: first date of the training period.
        end: its end, exclusive.
        validate_from: first date of the held-out period; by default ``end``.
        validate_to: its end, exclusive; by default the store's.
        initial: weights to go on from, whose shape then is the network's.
        track: shows progress.

    Raises:
        ValueError: a store without sequences in the periods, or a checkpoint of other settings.
    """
    world = WorldFolder(folder)
    standardizer = world.standardizer
    layout, rollout = standardizer.layout, settings.rollout
    samples = StoredSequences(StoreSampler(data, layout, start, end, settings.stride), standardizer, rollout)
    unseen = StoreSampler(data, layout, validate_from or end, validate_to, settings.stride)
    held_out = StoredSequences(unseen, standardizer, rollout)
    earlier = read_surrogate(initial) if initial else None
    code = world.autoencoder if settings.latent else None
    weights = world.file("latent_surrogate" if settings.latent else "surrogate")
    trained = train_surrogate(
        samples,
        earlier.settings if earlier else settings.network,
        settings.training,
        code=code,
        initial=earlier,
        checkpoint=weights.with_suffix(".checkpoint"),
        track=track,
    )
    rows = _keep(trained, code, samples, held_out, settings, weights)
    return LearnedForecast(weights, rows, trained.throughput)


def _keep(
    trained: Trained,
    code: Autoencoder | None,
    samples: StoredSequences,
    held_out: StoredSequences,
    settings: ForecastLearningSettings,
    weights: Path,
) -> list[list[Any]]:
    """Score the network, write it with its scores and its loss curve, and return the rows of scores."""
    standardizer = held_out.standardizer
    layout = standardizer.layout
    sequences = held_out.spread(HELD_OUT_BLOCKS, each=HELD_OUT_BLOCKS)
    errors = forecast_errors(trained.module, sequences, layout.grid.latitude_weights, code)
    rows = _rows(errors, layout.names, np.asarray(standardizer.scale), settings.rollout.step_hours)
    about = {
        "training": asdict(settings.training),
        "rollout": asdict(settings.rollout),
        "latent": settings.latent,
        "period": _period(samples),
        "held_out": _period(held_out),
        "throughput": trained.throughput.to_dict(),
        "root_mean_square_errors": [dict(zip(HEADER, row, strict=True)) for row in rows],
    }
    write_surrogate(trained.module, weights, about)
    lines = {"held out, persistence": errors.persistence, "held out, surrogate": errors.network}
    figure = loss_figure(trained.losses, {name: float(np.mean(e**2)) for name, e in lines.items()})
    save_figure(figure, weights.with_suffix(".png"), dpi=120)
    return rows


def _rows(errors: ForecastErrors, names: tuple[str, ...], scale: ndarray, step_hours: int) -> list[list[Any]]:
    table = np.stack([errors.network, errors.persistence, errors.climatology], axis=-1) * scale[:, None]
    return [
        [name, step_hours * (k + 1), *(float(f"{value:.4g}") for value in table[k, i])]
        for k in range(len(table))
        for i, name in enumerate(names)
    ]


def _period(samples: StoredSequences) -> str:
    first, last = (iso(datetime_of_hours(hour)) for hour in samples.hours[[0, -1]])
    return f"{first} to {last}, {len(samples.hours)} states, {samples.count} sequences"
