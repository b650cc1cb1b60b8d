"""A short training of a tiny autoencoder on synthetic pairs; run as a program it prints its losses."""

import json

import jax
import numpy as np

from latentda.grid import gaussian_grid
from latentda.networks import AutoencoderSettings, PatchAutoencoder
from latentda.training import ObjectiveSettings, TrainingSettings, principal_components, sample_moments, train

SHAPE = AutoencoderSettings(patch=4, latent=4, width=8, heads=2, blocks=0)
SETTINGS = TrainingSettings(steps=4, batch_size=8, learning_rate=1e-2)


def losses(settings=SETTINGS):
    grid = gaussian_grid(8, 16)
    pairs = np.random.default_rng(0).normal(size=(16, 2, 2, *grid.shape)).astype(np.float32)
    moments = sample_moments([pairs], SHAPE.patch, grid)
    objective = ObjectiveSettings()
    network = PatchAutoencoder(principal_components(moments, SHAPE, objective), SHAPE, jax.random.key(0))

    def batches(step):
        return np.take(pairs, np.arange(4) + 4 * step, axis=0, mode="wrap")

    return train(network, moments.objective(objective), batches, settings).losses


if __name__ == "__main__":
    print(json.dumps({"devices": jax.device_count(), "losses": losses().tolist()}))
