"""Training of the patch autoencoder from a store: the linear start first, then the whole network."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpy import ndarray

from latentda.fields import StoredSamples
from latentda.networks import Autoencoder, AutoencoderSettings, LinearPatchCode, PatchAutoencoder
from latentda.progress import Track, silent
from latentda.training.devices import require_equal_shares
from latentda.training.linear_start import best_linear_code, sample_moments
from latentda.training.loop import Batches, Trained, TrainingSettings, train
from latentda.training.objective import Objective, ObjectiveSettings, column_divergence
from latentda.training.pairs import GivenPairs, StatesAndPairs

STATISTICS_BLOCKS = 200
"""Blocks of the store, two samples of each, from which the linear start and the variances are estimated; a quarter of
them choose among the starts."""


@dataclass(frozen=True, eq=False)
class Start:
    """Where training begins: the linear code, and the loss with the period's variances."""

    code: LinearPatchCode
    objective: Objective


def linear_start(
    samples: StoredSamples,
    shape: AutoencoderSettings,
    objective: ObjectiveSettings,
    pairs: GivenPairs | None = None,
) -> Start:
    """Estimate the start from samples spread evenly over the period, and from all given pairs if there are any.

    Raises:
        ValueError: more latent channels than a patch has numbers, or divergence wanted of a layout that has none.
    """
    layout, scale = samples.standardizer.layout, samples.standardizer.scale
    grid = layout.grid
    moments = sample_moments(samples.spread(STATISTICS_BLOCKS), shape.patch, grid)
    if pairs:
        given = sample_moments(pairs.pieces(), shape.patch, grid)
        moments = replace(moments, difference=given.difference, difference_variance=given.difference_variance)
    divergence = None
    if objective.divergence:
        differing = samples.spread(STATISTICS_BLOCKS) if pairs is None else pairs.pieces()
        divergence = column_divergence(differing, layout, scale)
    loss = moments.objective(objective, divergence)
    deciding = samples.spread(STATISTICS_BLOCKS // 4) if pairs is None else pairs.pieces()
    return Start(best_linear_code(moments, shape, loss, deciding), loss)


def train_autoencoder(
    samples: StoredSamples,
    start: Start,
    shape: AutoencoderSettings,
    settings: TrainingSettings,
    *,
    pairs: GivenPairs | None = None,
    initial: PatchAutoencoder | None = None,
    checkpoint: str | Path | None = None,
    track: Track = silent,
) -> Trained:
    """Train the network from its linear start, or go on from an earlier network.

    Args:
        samples: of a store: single states where pairs are given, else those that the objective wants.
        start: the linear code and the loss.
        shape: of a new network.
        settings: ``batch_size`` counts states: two a pair, and with given pairs half of them single states.
        pairs: forecasts to learn differences from.
        initial: earlier weights, instead of the linear start.
        checkpoint: see :func:`~latentda.training.loop.train`.
        track: shows progress.

    Raises:
        ValueError: see :func:`~latentda.training.loop.train`.
    """
    objective, size = start.objective.settings, settings.batch_size
    described = {
        "network": shape.to_dict(),
        "objective": asdict(objective),
        "data": samples.describe(),
    }
    if pairs:
        require_equal_shares(size, 4)
        batches: Batches = StatesAndPairs(samples.batches(size // 2, settings.seed), pairs, size // 4, settings.seed)
        described["pairs"] = {"count": len(pairs.states)}
    else:
        require_equal_shares(size, objective.states_a_sample)
        batches = samples.batches(size // objective.states_a_sample, settings.seed)
    network = initial or PatchAutoencoder(start.code, shape, jax.random.key(settings.seed))
    return train(network, start.objective, batches, settings, checkpoint=checkpoint, described=described, track=track)


@dataclass(frozen=True, eq=False)
class UnexplainedVariance:
    """What a code misses of held-out samples.

    Attributes:
        anomaly: share of each channel's area-weighted variance that D(E(a)) misses.
        difference: the same of the differences within a pair; NaN for single states.
        loss: the objective.
    """

    anomaly: Float[ndarray, " channel"]
    difference: Float[ndarray, " channel"]
    loss: float


def unexplained_variance(
    code: Autoencoder, samples: Iterable[Float[ndarray, "sample time channel lat lon"]], objective: Objective
) -> UnexplainedVariance:
    """Score a code on samples, a few at a time; what single states do not tell is NaN."""
    total, loss, count = np.zeros(()), 0.0, 0
    for batch in samples:
        squares, value = _sums(code, objective, jnp.asarray(batch))
        total = total + np.asarray(squares, np.float64)
        loss, count = loss + float(value), count + len(batch)
    missed, variance, missed_difference, difference = total
    with np.errstate(invalid="ignore"):
        return UnexplainedVariance(missed / variance, missed_difference / difference, loss / count)


@eqx.filter_jit
def _sums(code: Autoencoder, objective: Objective, batch: Array) -> tuple[Float[Array, "kind channel"], Array]:
    """Squares of a batch: missed of anomalies, the anomalies, missed of differences, the differences; and its loss."""
    area = objective.weights[:, None]
    error = jax.vmap(jax.vmap(lambda a: code.decode(code.encode(a)) - a))(batch)
    parts = (error, batch, jnp.diff(error, axis=1), jnp.diff(batch, axis=1))
    squares = jnp.stack([jnp.sum(part**2 * area, axis=(0, 1, 3, 4)) for part in parts])
    whole = batch.shape[1] >= objective.settings.states_a_sample
    return squares, objective(code, batch) * len(batch) if whole else jnp.asarray(jnp.nan)
