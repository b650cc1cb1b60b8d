"""How good a state is: error statistics, score records, and the fit to observations."""

from latentda.verification.observation_fit import (
    LAYERS,
    Columns,
    FitRow,
    Layer,
    fit_scores,
    merge_fits,
    observation_fit,
)
from latentda.verification.scores import (
    MEAN_CHANNEL,
    OBSERVATION_KINDS,
    STATE_KINDS,
    TWINS,
    Score,
    channel_scores,
    mean_score,
    read_scores,
    write_scores,
)
from latentda.verification.statistics import ErrorSums, empty_sums, error_sums, merge

__all__ = [
    "LAYERS",
    "MEAN_CHANNEL",
    "OBSERVATION_KINDS",
    "STATE_KINDS",
    "TWINS",
    "Columns",
    "ErrorSums",
    "FitRow",
    "Layer",
    "Score",
    "channel_scores",
    "empty_sums",
    "error_sums",
    "fit_scores",
    "mean_score",
    "merge",
    "merge_fits",
    "observation_fit",
    "read_scores",
    "write_scores",
]
