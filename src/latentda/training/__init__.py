"""Training: one loop, and what each network adds to it."""

from latentda.training.autoencoder import (
    principal_components,
    reconstruction_loss,
    train_autoencoder,
    unexplained_variance,
)
from latentda.training.loop import Trained, TrainingSettings, batch_positions, train

__all__ = [
    "Trained",
    "TrainingSettings",
    "batch_positions",
    "principal_components",
    "reconstruction_loss",
    "train",
    "train_autoencoder",
    "unexplained_variance",
]
