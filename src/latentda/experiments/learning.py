"""Training of an autoencoder from a store, with its score table beside the weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from pydantic import TypeAdapter, ValidationError

from latentda.experiments.curves import training_curve
from latentda.fields import StoreSampler, read_standardizer
from latentda.grid import Time
from latentda.networks import AutoencoderSettings, write_autoencoder
from latentda.progress import Track, silent
from latentda.training import (
    TrainingSettings,
    principal_components,
    train_autoencoder,
    unexplained_variance,
)


@dataclass(frozen=True)
class LearningSettings:
    """The YAML of ``latentda train autoencoder``.

    Attributes:
        network: shape of the autoencoder.
        training: the loop's settings.
        stride: keep every so many states of the store.
    """

    network: AutoencoderSettings = field(default_factory=AutoencoderSettings)
    training: TrainingSettings = field(default_factory=lambda: TrainingSettings(batch_size=8, checkpoint_every=100))
    stride: int = 2


@dataclass(frozen=True, eq=False)
class Learned:
    """Where the weights are, and unexplained variances by channel: name, linear code, network."""

    weights: Path
    rows: list[list[Any]]


def read_learning_settings(path: Path | None, steps: int | None) -> LearningSettings:
    """Settings from a YAML file (defaults without one).

    Raises:
        ValueError: a file that is no YAML of these settings; the message names the entry.
    """
    content: Mapping[str, Any] = (yaml.safe_load(path.read_text()) or {}) if path else {}
    if steps is not None:
        content = {**content, "training": {**content.get("training", {}), "steps": steps}}
    defaults = {"training": {"batch_size": 8, "checkpoint_every": 100}}
    merged = {**content, "training": {**defaults["training"], **content.get("training", {})}}
    try:
        return TypeAdapter(LearningSettings).validate_python(merged)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise ValueError(f"{path or 'The settings'}: {place}: {first['msg']}.") from error


def learn_autoencoder(
    data: Path,
    assets: Path,
    settings: LearningSettings,
    start: Time | None,
    end: Time | None,
    validate_from: Time | None,
    *,
    track: Track = silent,
) -> Learned:
    """Train on a period of a store in the anomalies of ``assets/standardizer.safetensors``.

    Writes ``autoencoder.safetensors`` and ``.json`` (with the scores on the states from ``validate_from`` on) and the
    loss curve ``training.png`` into ``assets``.
    """
    standardizer = read_standardizer(assets / "standardizer.safetensors")
    layout = standardizer.layout
    sample = StoreSampler(data, layout, start, end, settings.stride)
    anomalies = sample.anomalies(standardizer)
    held_out = StoreSampler(data, layout, validate_from or end, None, 24).anomalies(standardizer)
    trained = train_autoencoder(
        anomalies,
        layout.grid,
        settings.network,
        settings.training,
        checkpoint=assets / "autoencoder.checkpoint",
        track=track,
    )
    linear = unexplained_variance(principal_components(anomalies, settings.network, layout.grid), held_out, layout.grid)
    network = unexplained_variance(trained.module, held_out, layout.grid)
    rows: list[list[Any]] = [[n, float(a), float(b)] for n, a, b in zip(layout.names, linear, network, strict=True)]
    rows.append(["mean", float(linear.mean()), float(network.mean())])
    about = {
        "steps": settings.training.steps,
        "unexplained_variance": {n: round(b, 4) for n, _, b in rows},
        "unexplained_variance_of_the_linear_start": round(float(linear.mean()), 4),
    }
    path = assets / "autoencoder.safetensors"
    write_autoencoder(trained.module, path, about, dtype=np.float16)
    there = np.isfinite(trained.losses)
    curve = training_curve(
        np.flatnonzero(there).tolist(), trained.losses[there].tolist(), title="Training", ylabel="unexplained variance"
    )
    curve.savefig(assets / "training.png", dpi=120)
    return Learned(path, rows)
