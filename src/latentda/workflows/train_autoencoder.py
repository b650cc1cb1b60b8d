"""Training of an autoencoder from a store, with its score table beside the weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from latentda.fields import Location, Standardizer, StoredSamples, StoreSampler, read_standardizer
from latentda.figures.files import save_figure
from latentda.figures.learning import loss_figure, reconstruction_figure
from latentda.grid import Time, datetime_of_hours, iso
from latentda.networks import Autoencoder, AutoencoderSettings, PatchAutoencoder, read_autoencoder, write_autoencoder
from latentda.priors import read_pairs
from latentda.progress import Track, silent
from latentda.settings import read_yaml, validated
from latentda.training import (
    GivenPairs,
    Objective,
    ObjectiveSettings,
    Throughput,
    TrainingSettings,
    UnexplainedVariance,
    linear_start,
    train_autoencoder,
    unexplained_variance,
)
from latentda.workflows.network_size import suited_network, suited_training
from latentda.world import WorldFolder

HELD_OUT_BLOCKS = 100
"""Blocks of the held-out period, two pairs of states of each, on which a network is scored."""


@dataclass(frozen=True)
class LearningSettings:
    """The YAML of ``latentda train autoencoder``.

    Attributes:
        network: shape of the autoencoder.
        objective: what it is trained for.
        training: the loop's settings.
        stride: keep every so many states of the store.
    """

    network: AutoencoderSettings = field(default_factory=AutoencoderSettings)
    objective: ObjectiveSettings = field(default_factory=ObjectiveSettings)
    training: TrainingSettings = field(default_factory=lambda: TrainingSettings(batch_size=8, checkpoint_every=100))
    stride: int = 1


@dataclass(frozen=True, eq=False)
class Learned:
    """Where the weights are, how fast they came, and a row of scores a channel under :data:`HEADER`."""

    weights: Path
    rows: list[list[Any]]
    throughput: Throughput


HEADER = ("channel", "linear", "network", "linear, differences", "network, differences")
"""Columns of the table of unexplained variances."""


def read_learning_settings(path: Path | None, steps: int | None) -> LearningSettings:
    """Settings from a YAML file, see :func:`read_settings`."""
    return read_settings(LearningSettings, path, {"batch_size": 8, "checkpoint_every": 100}, steps)


def suited_settings(world: Path, settings: LearningSettings, minutes: float | None) -> LearningSettings:
    """Settings with a network that suits the world's grid, and with steps for some minutes where these are given.

    The two states of a pair are as far apart as the world's analyses.
    """
    layout = read_standardizer(world / "standardizer.safetensors").layout
    network, training = suited_network(layout), settings.training
    if minutes is not None:
        training = suited_training(layout, network, training, minutes)
    objective = replace(settings.objective, lag_hours=WorldFolder(world).settings.interval_hours)
    return replace(settings, network=network, training=training, objective=objective)


Settings = TypeVar("Settings")


def read_settings(kind: type[Settings], path: Path | None, training: Mapping[str, Any], steps: int | None) -> Settings:
    """Settings of a training from a YAML file.

    Args:
        kind: their type.
        path: the file; without one the defaults.
        training: the defaults of the section of that name.
        steps: another number of training steps than the file's.

    Raises:
        ValueError: a file that is no YAML of these settings; the message names the entry.
    """
    content = (read_yaml(path, "settings in YAML") or {}) if path else {}
    section = {**training, **content.get("training", {})} if isinstance(content, Mapping) else {}
    if steps is not None:
        section["steps"] = steps
    merged = {**content, "training": section} if isinstance(content, Mapping) else content
    return validated(kind, merged, str(path or "The settings"))


def learn_autoencoder(
    data: Location,
    world: Path,
    settings: LearningSettings,
    start: Time | None,
    end: Time | None,
    validate_from: Time | None,
    *,
    pairs_file: Path | None = None,
    initial: Path | None = None,
    track: Track = silent,
) -> Learned:
    """Train on a period of a store in the anomalies of ``world/standardizer.safetensors``.

    Writes ``autoencoder.safetensors`` (with the scores on the states from ``validate_from`` on), the loss curve
    ``training.png`` and a held-out state beside its reconstruction, ``reconstruction.png``, into the folder. Another
    process that trains there is waited for.

    Args:
        data: the store.
        world: folder of the scales and of what comes out.
        settings: of network, objective and training.
        start: first date of the training period.
        end: its end, exclusive.
        validate_from: states from this date on are held out; by default from ``end`` on, and without an end the last
            tenth.
        pairs_file: forecasts to learn differences from, instead of states of the store a lag apart; the last tenth is
            held out.
        initial: weights to go on from, whose shape then is the network's, but for a larger overlap of the settings.
        track: shows progress.

    Raises:
        ValueError: a store without states in the periods, settings that do not suit, a checkpoint of other settings.
    """
    standardizer = read_standardizer(world / "standardizer.safetensors")
    objective = settings.objective
    if end is None and validate_from is None:
        end = validate_from = _last_tenth(data, standardizer, start)
    given, unseen = GivenPairs(read_pairs(pairs_file)).split() if pairs_file else (None, None)
    earlier = _widened(read_autoencoder(initial), settings.network) if initial else None
    shape = earlier.settings if earlier else settings.network
    lag = objective.lag_hours if objective.difference and not given else 0
    sampler = StoreSampler(data, standardizer.layout, start, end, settings.stride)
    samples = StoredSamples(sampler, standardizer, lag)
    held_out = _held_out(data, standardizer, validate_from or end, 0 if given else objective.lag_hours)
    begin = linear_start(samples, shape, objective, given)
    trained = train_autoencoder(
        samples,
        begin,
        shape,
        settings.training,
        pairs=given,
        initial=earlier,
        checkpoint=world / "autoencoder.checkpoint",
        track=track,
    )
    linear, network = (_scores(code, held_out, unseen, begin.objective) for code in (begin.code, trained.module))
    rows = _score_rows(standardizer.layout.names, linear, network)
    about = {
        "training": asdict(settings.training),
        "objective": asdict(objective),
        "period": _period(samples),
        "held_out": _period(held_out),
        "held_out_loss": {"linear": round(linear.loss, 5), "network": round(network.loss, 5)},
        "throughput": trained.throughput.to_dict(),
        "unexplained_variance": [dict(zip(HEADER, _rounded(row), strict=True)) for row in rows],
    }
    path = world / "autoencoder.safetensors"
    write_autoencoder(trained.module, path, about, dtype=np.float16)
    lines = {"held out, linear start": linear.loss, "held out, network": network.loss}
    save_figure(loss_figure(trained.losses, lines), world / "training.png", dpi=120)
    block = held_out.blocks[len(held_out.blocks) // 2]
    state = held_out.read(block)[0]
    picture = reconstruction_figure(trained.module, standardizer, state, int(block.hours[0]))
    save_figure(picture, world / "reconstruction.png", dpi=120)
    return Learned(path, rows, trained.throughput)


def _widened(network: PatchAutoencoder, wanted: AutoencoderSettings) -> PatchAutoencoder:
    return network.with_overlap(max(wanted.overlap, network.settings.overlap))


def _scores(
    code: Autoencoder, held_out: StoredSamples, pairs: GivenPairs | None, objective: Objective
) -> UnexplainedVariance:
    """On held-out states, their differences being those of held-out pairs where there are such."""
    found = unexplained_variance(code, held_out.spread(HELD_OUT_BLOCKS), objective)
    if pairs is None:
        return found
    of_pairs = unexplained_variance(code, pairs.pieces(), objective)
    return UnexplainedVariance(found.anomaly, of_pairs.difference, of_pairs.loss)


def _held_out(data: Location, standardizer: Standardizer, start: Time | None, lag: int) -> StoredSamples:
    return StoredSamples(StoreSampler(data, standardizer.layout, start), standardizer, lag)


def _last_tenth(data: Location, standardizer: Standardizer, start: Time | None) -> Time:
    hours = StoreSampler(data, standardizer.layout, start).open()[2]
    return datetime_of_hours(hours[int(0.9 * len(hours))])


def _score_rows(names: tuple[str, ...], linear: UnexplainedVariance, network: UnexplainedVariance) -> list[list[Any]]:
    columns = (linear.anomaly, network.anomaly, linear.difference, network.difference)
    rows: list[list[Any]] = [[name, *map(float, row)] for name, *row in zip(names, *columns, strict=True)]
    return [*rows, ["mean", *(float(column.mean()) for column in columns)]]


def _period(samples: StoredSamples) -> str:
    first, last = (iso(datetime_of_hours(hour)) for hour in samples.hours[[0, -1]])
    return f"{first} to {last}, {len(samples.hours)} states"


def _rounded(row: list[Any]) -> list[Any]:
    return [round(cell, 4) if isinstance(cell, float) else cell for cell in row]
