"""What the European experiment learns: climatology, surrogate, autoencoder, and samples of forecast error.

The surrogate comes first, since the autoencoder learns differences of the surrogate's own errors in its training
period; the samples behind the background errors are those of a year that neither network has seen.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from latentda.experiments.europe.data import convert, make_climatology, store_layout, truth_of
from latentda.experiments.europe.setup import EuropeSetUp, Period
from latentda.experiments.twin.truth import Truth
from latentda.fields import Standardizer, read_standardizer
from latentda.forecast import SurrogateModel
from latentda.networks import PatchAutoencoder, Surrogate, read_autoencoder, read_surrogate
from latentda.priors import read_pairs, write_pairs
from latentda.progress import Track, silent
from latentda.workflows.train_autoencoder import LearningSettings, learn_autoencoder
from latentda.workflows.train_forecast import WEIGHTS, learn_forecast

SCALES = "standardizer.safetensors"


@dataclass(frozen=True)
class EuropeAssets:
    """The files of the experiment, read when first asked for.

    Attributes:
        folder: where they are.
        setup: the experiment.
    """

    folder: Path
    setup: EuropeSetUp

    @property
    def store(self) -> Path:
        """ERA-Interim in WeatherBench 2 names."""
        return self.folder / "europe.zarr"

    @cached_property
    def standardizer(self) -> Standardizer:
        """Climatology and scales of the training period."""
        return read_standardizer(self.folder / SCALES)

    @cached_property
    def network(self) -> Surrogate:
        """The surrogate's network."""
        return read_surrogate(self.folder / WEIGHTS)

    @cached_property
    def model(self) -> SurrogateModel:
        """The forecast model."""
        return SurrogateModel(self.network, self.standardizer)

    @cached_property
    def code(self) -> PatchAutoencoder:
        """The autoencoder."""
        return read_autoencoder(self.folder / "autoencoder.safetensors")

    @cached_property
    def error_pairs(self) -> Float[ndarray, "pair 2 channel lat lon"]:
        """(ERA-Interim, forecast) of every day of the error period but its first, standardised anomalies."""
        return read_pairs(self.folder / "error_pairs.safetensors")

    def truth(self, period: Period) -> Truth:
        """ERA-Interim in a period."""
        return truth_of(self.store, self.standardizer.layout, *period)


def make_assets(data: Path, folder: Path, setup: EuropeSetUp, *, track: Track = silent) -> EuropeAssets:
    """Make what is not in the folder yet; a killed training goes on from its checkpoint.

    Raises:
        ValueError: a file without the fields or the periods.
    """
    folder.mkdir(parents=True, exist_ok=True)
    assets = EuropeAssets(folder, setup)
    convert(data, assets.store)
    make_climatology(assets.store, store_layout(assets.store), *setup.training, folder / SCALES)
    if not (folder / WEIGHTS).exists():
        _learn_surrogate(assets, track)
    training_pairs = folder / "training_pairs.safetensors"
    for file, period in ((training_pairs, setup.training), (folder / "error_pairs.safetensors", setup.errors)):
        if not file.exists():
            write_pairs(forecast_error_pairs(assets, period), file)
    if not (folder / "autoencoder.safetensors").exists():
        learning = LearningSettings(setup.code, setup.objective, setup.code_training)
        learn_autoencoder(
            assets.store,
            folder,
            learning,
            *setup.training,
            setup.verification[0],
            pairs_file=training_pairs,
            track=track,
        )
    return assets


def _learn_surrogate(assets: EuropeAssets, track: Track) -> None:
    """All stages, every one but the last in a folder of its own."""
    setup, earlier = assets.setup, None
    for number, stage in enumerate(setup.surrogate, start=1):
        last = number == len(setup.surrogate)
        folder = assets.folder if last else assets.folder / f"surrogate_stage_{number}"
        if not last:
            folder.mkdir(exist_ok=True)
            shutil.copy(assets.folder / SCALES, folder / SCALES)
        if not (folder / WEIGHTS).exists():
            learn_forecast(
                assets.store, folder, stage, *setup.training, *setup.verification, initial=earlier, track=track
            )
        earlier = folder / WEIGHTS


def forecast_error_pairs(assets: EuropeAssets, period: Period) -> Iterator[tuple[ndarray, ndarray]]:
    """(Truth, forecast of one step) of every time of a period that has a predecessor in it, standardised anomalies."""
    model, standardizer, truth = assets.model, assets.standardizer, assets.truth(period)
    step = model.step_hours
    for (before, start), (now, state) in pairwise(zip(truth.hours, truth.states, strict=True)):
        if now - before == step:
            made = model.propagate(start, np.int32(before), (step,))[0]
            first, second = (np.asarray(standardizer.to_anomaly(x, np.int32(now))) for x in (state, made))
            yield first, second
