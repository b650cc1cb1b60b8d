"""Training of a surrogate forecast from a store: sequences of states, and the loss of a forecast rolled out over them.

    L = 1/K sum_k mean w ( F^k(a(t)) - a(t + k step) )^2 ,    k = 1..K

a are standardised anomalies, w the relative area. With K > 1 the network learns to go on from what it has made itself;
errors of later steps reach its weights through all earlier ones. What an analysis or a long forecast holds and no true
state does is white noise added to a(t), in the first argument only: the network learns to damp it. Without that a cycle
feeds it states unlike any that it has seen, and small scales grow without bound.

Sources: Lam et al. (2023), doi 10.1126/science.adi2336 (autoregressive training); Sanchez-Gonzalez et al. (2020),
arXiv 2002.09405 (noise).
"""

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

from latentda.fields import FieldsError, Standardizer, StoredSamples, StoreSampler
from latentda.fields.batches import Block
from latentda.forecast import Code, roll_out
from latentda.networks import Autoencoder, Surrogate, SurrogateSettings
from latentda.progress import Track, silent
from latentda.training.loop import Batches, Trained, TrainingSettings, train
from latentda.user_error import UserError


@dataclass(frozen=True)
class RolloutSettings:
    """How far the loss looks.

    Attributes:
        step_hours: time that one step of the network spans (h).
        steps: K.
        noise: standard deviation of the noise added to every start, standardised units.

    Raises:
        UserError: a number that is not positive, or a negative noise.
    """

    step_hours: int = 6
    steps: int = 2
    noise: float = 0.0

    def __post_init__(self) -> None:
        if self.noise < 0.0:
            raise UserError(f"The noise of a rollout's start is a standard deviation; got {self.noise}.")
        if min(self.step_hours, self.steps) < 1:
            raise UserError(f"A rollout has positive steps; got {self.steps} of {self.step_hours} h.")


class StoredSequences(StoredSamples):
    """The sequences of a period: every K + 1 states of one block that follow each other at the network's step.

    Raises:
        FieldsError: the period holds no such sequence.
    """

    def __init__(self, sampler: StoreSampler, standardizer: Standardizer, rollout: RolloutSettings):
        super().__init__(sampler, standardizer, rollout.steps * rollout.step_hours)
        whole = [replace(block, samples=_sequences(block, rollout)) for block in self.blocks]
        self.blocks = [block for block in whole if len(block.samples)]
        self.rollout = rollout
        if not self.blocks:
            raise FieldsError(
                f"{sampler.path} holds no {rollout.steps + 1} states that follow each other every "
                f"{rollout.step_hours} h between {sampler.start} and {sampler.end}."
            )


@dataclass(frozen=True, eq=False)
class NoisyStarts:
    """``batches(step)`` -> sequences whose first state carries noise that depends on seed and step alone.

    Attributes:
        sequences: batches without it.
        noise: its standard deviation.
        seed: of the noise.
    """

    sequences: Batches
    noise: float
    seed: int

    def __call__(self, step: int) -> Float[ndarray, "sample time channel lat lon"]:
        """The batch of a step."""
        batch = self.sequences(step)
        if self.noise:
            drawn = np.random.default_rng([self.seed, 2, step]).standard_normal(batch[:, 0].shape, np.float32)
            batch[:, 0] += np.float32(self.noise) * drawn
        return batch


class RolloutObjective(eqx.Module):
    """``objective(network, batch)`` -> L.

    Attributes:
        weights: w, relative area of each row's cells, mean 1.
        code: on whose latent fields the network acts; it is not trained.
    """

    weights: Float[Array, " lat"]
    code: Code | None = None

    def __call__(self, network: Surrogate, batch: Float[Array, "sample time channel lat lon"]) -> Float[Array, ""]:
        """The loss of a batch of sequences."""
        code = None if self.code is None else jax.lax.stop_gradient(self.code)
        error = roll_out(network, batch[:, 0], range(1, batch.shape[1]), code) - batch[:, 1:]
        return jnp.mean(error**2 * self.weights[:, None])


def train_surrogate(
    samples: StoredSequences,
    shape: SurrogateSettings,
    settings: TrainingSettings,
    *,
    code: Autoencoder | None = None,
    initial: Surrogate | None = None,
    checkpoint: str | Path | None = None,
    track: Track = silent,
) -> Trained:
    """Train the network from persistence, or go on from an earlier network.

    Args:
        samples: sequences of a store.
        shape: of a new network.
        settings: ``batch_size`` counts sequences.
        code: to train a step of its latent fields instead of states.
        initial: earlier weights, instead of persistence.
        checkpoint: see :func:`~latentda.training.loop.train`.
        track: shows progress.

    Raises:
        UserError: see :func:`~latentda.training.loop.train`.
    """
    layout, rollout = samples.standardizer.layout, samples.rollout
    described = {
        "network": shape.to_dict(),
        "rollout": asdict(rollout),
        "data": samples.describe(),
        **({} if code is None else {"latent": list(code.latent_shape)}),
    }
    key = jax.random.key(settings.seed)
    shape_of_fields = layout.shape if code is None else code.latent_shape
    new = Surrogate(shape_of_fields, rollout.step_hours, shape, key, periodic=layout.grid.periodic)
    loss = RolloutObjective(jnp.asarray(layout.grid.latitude_weights, jnp.float32), code)
    plain = samples.batches(settings.batch_size, settings.seed)
    batches = NoisyStarts(plain, rollout.noise, settings.seed)
    return train(initial or new, loss, batches, settings, checkpoint=checkpoint, described=described, track=track)


@dataclass(frozen=True, eq=False)
class ForecastErrors:
    """Root mean square errors of held-out forecasts, standardised units, and of the two baselines.

    Attributes:
        network: of the surrogate.
        persistence: of the anomaly that stays.
        climatology: of no anomaly.
    """

    network: Float[ndarray, "step channel"]
    persistence: Float[ndarray, "step channel"]
    climatology: Float[ndarray, "step channel"]


def forecast_errors(
    network: Surrogate,
    sequences: Iterable[Float[ndarray, "sample time channel lat lon"]],
    latitude_weights: Float[ndarray, " lat"],
    code: Autoencoder | None = None,
) -> ForecastErrors:
    """Score a network on sequences, a few at a time."""
    area = jnp.asarray(latitude_weights, jnp.float32)[:, None]
    total, count = np.zeros(()), 0
    for batch in sequences:
        total = total + np.asarray(_squared_errors(network, code, jnp.asarray(batch), area), np.float64)
        count += len(batch)
    return ForecastErrors(*np.sqrt(total / count))


@eqx.filter_jit
def _squared_errors(
    network: Surrogate, code: Autoencoder | None, batch: Array, area: Float[Array, "lat 1"]
) -> Float[Array, "kind step channel"]:
    """Summed over a batch, of the network, persistence and climatology."""
    later = batch[:, 1:]
    made = roll_out(network, batch[:, 0], range(1, batch.shape[1]), code)
    errors = jnp.stack([made - later, batch[:, :1] - later, later])
    return jnp.sum(jnp.mean(errors**2 * area, axis=(-2, -1)), axis=1)


def _sequences(block: Block, rollout: RolloutSettings) -> ndarray:
    """Positions within a block of every state of every sequence."""
    wanted = block.hours[:, None] + rollout.step_hours * np.arange(rollout.steps + 1)
    place = np.minimum(np.searchsorted(block.hours, wanted), len(block.hours) - 1)
    return place[(block.hours[place] == wanted).all(axis=1)]
