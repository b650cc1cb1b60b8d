"""Training: one loop, and what each network adds to it."""

from latentda.training.autoencoder import (
    Start,
    UnexplainedVariance,
    linear_start,
    train_autoencoder,
    unexplained_variance,
)
from latentda.training.forecast import (
    ForecastErrors,
    NoisyStarts,
    RolloutObjective,
    RolloutSettings,
    StoredSequences,
    forecast_errors,
    train_surrogate,
)
from latentda.training.latent_dynamics import chain_loss, joint_loss, reconstruction_loss
from latentda.training.linear_start import SampleMoments, best_linear_code, principal_components, sample_moments
from latentda.training.loop import Trained, TrainingSettings, train
from latentda.training.objective import Objective, ObjectiveSettings
from latentda.training.pairs import GivenPairs
from latentda.training.refined_codes import refine_codes
from latentda.training.throughput import Throughput

__all__ = [
    "ForecastErrors",
    "GivenPairs",
    "NoisyStarts",
    "Objective",
    "ObjectiveSettings",
    "RolloutObjective",
    "RolloutSettings",
    "SampleMoments",
    "Start",
    "StoredSequences",
    "Throughput",
    "Trained",
    "TrainingSettings",
    "UnexplainedVariance",
    "best_linear_code",
    "chain_loss",
    "forecast_errors",
    "joint_loss",
    "linear_start",
    "principal_components",
    "reconstruction_loss",
    "refine_codes",
    "sample_moments",
    "train",
    "train_autoencoder",
    "train_surrogate",
    "unexplained_variance",
]
