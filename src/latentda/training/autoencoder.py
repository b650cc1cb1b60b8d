"""Training of the patch autoencoder: principal components first, then the whole network.

Loss: area-weighted mean square of D(E(a)) - a in standardised anomalies, so 1 is the climatology's own error
and the value is the share of variance that the code does not explain.
"""

from __future__ import annotations

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpy import ndarray

from latentda.grid import Grid
from latentda.networks import (
    Autoencoder,
    AutoencoderSettings,
    LinearPatchCode,
    PatchAutoencoder,
    to_patches,
)
from latentda.progress import Track, silent
from latentda.training.loop import Trained, TrainingSettings, batch_positions, train


def principal_components(
    anomalies: Float[ndarray, "time channel lat lon"], settings: AutoencoderSettings, grid: Grid
) -> LinearPatchCode:
    """The linear code that explains most area-weighted variance of the patches.

    Raises:
        ValueError: more latent channels than a patch has numbers, or a patch that does not divide the grid.
    """
    shape = anomalies.shape[1:]
    features = shape[0] * settings.patch**2
    if shape[1] % settings.patch or shape[2] % settings.patch or settings.latent > features:
        raise ValueError(
            f"A patch of {settings.patch} with {settings.latent} latent channels does not suit states of {shape}."
        )
    cut = jax.jit(lambda state: to_patches(state, settings.patch))
    weight = np.sqrt(cut(jnp.broadcast_to(jnp.asarray(grid.area_weights), shape)).mean(1))
    moment = np.zeros((features, features))
    every = max(1, len(anomalies) // 1000)
    for state in anomalies[::every]:
        patches = np.asarray(cut(jnp.asarray(state, jnp.float32))) * weight[:, None]
        moment += patches.T @ patches
    variance, vectors = np.linalg.eigh(moment / weight.size / len(anomalies[::every]))
    leading = slice(None, -settings.latent - 1, -1)
    components = jnp.asarray(vectors[:, leading], jnp.float32)
    sd = jnp.asarray(np.sqrt(np.maximum(variance[leading], 1e-12)), jnp.float32)
    return LinearPatchCode(components, sd, settings.patch, shape)


def reconstruction_loss(
    code: Autoencoder, batch: tuple[Float[Array, "state channel lat lon"], Float[Array, "lat lon"]]
) -> Float[Array, ""]:
    """Area-weighted mean square of D(E(a)) - a; the batch is (anomalies, area weights)."""
    anomalies, weights = batch
    rebuilt = jax.vmap(lambda a: code.decode(code.encode(a)))(anomalies)
    return jnp.mean((rebuilt - anomalies) ** 2 * weights)


def train_autoencoder(
    anomalies: Float[ndarray, "time channel lat lon"],
    grid: Grid,
    shape: AutoencoderSettings,
    settings: TrainingSettings,
    *,
    checkpoint: str | Path | None = None,
    track: Track = silent,
) -> Trained:
    """Fit the linear start, then train the network from it."""
    start = principal_components(anomalies, shape, grid)
    network = PatchAutoencoder(start, shape, jax.random.key(settings.seed))
    weights = jnp.asarray(grid.area_weights, jnp.float32)

    def batches(step: int) -> tuple[Array, Array]:
        chosen = anomalies[batch_positions(len(anomalies), settings, step)]
        return jnp.asarray(chosen, jnp.float32), weights

    return train(network, reconstruction_loss, batches, settings, checkpoint=checkpoint, track=track)


def unexplained_variance(
    code: Autoencoder, anomalies: Float[ndarray, "time channel lat lon"], grid: Grid
) -> Float[ndarray, " channel"]:
    """Share of each channel's area-weighted anomaly variance that D(E(a)) misses."""
    weights = grid.area_weights
    rebuild = jax.jit(lambda code, a: code.decode(code.encode(a)))
    missed, total = np.zeros(anomalies.shape[1]), np.zeros(anomalies.shape[1])
    for state in anomalies:
        truth = np.asarray(state, np.float32)
        error = np.asarray(rebuild(code, jnp.asarray(truth))) - truth
        missed += np.sum(error**2 * weights, axis=(1, 2))
        total += np.sum(truth**2 * weights, axis=(1, 2))
    return missed / total
