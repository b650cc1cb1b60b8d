"""A world on disk: a folder with ``world.yaml`` and binary files, each read when first asked for.

| file | what it holds |
| --- | --- |
| world.yaml | :class:`~latentda.world.settings.WorldSettings`; without it those of the embedded world |
| standardizer | climatology and scales, and with them the layout |
| orography | geopotential of the surface, where the model does not say it |
| autoencoder | the code |
| surrogate, latent_surrogate | learned forecasts of states and of codes |
| forecast/..., climatology/... | background errors, of short forecasts in a cycle or of a climatological mean |
| twin_start | the state from which a twin experiment takes its truth |
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy import ndarray

from latentda.fields import Standardizer, read_standardizer
from latentda.files import files_digest
from latentda.forecast import ForecastModel, SurrogateModel, name_of
from latentda.grid import Layout
from latentda.networks import Autoencoder, PatchAutoencoder, read_autoencoder, read_surrogate
from latentda.operators import BandLimit, Covariance
from latentda.priors import FilteredCode, read_background_error, read_divergent_wind
from latentda.user_error import UserError
from latentda.world.models import build_model
from latentda.world.orography import UNKNOWN, read_orography
from latentda.world.settings import WORLD_FILE, ModelSettings, WorldSettings, read_world_settings

Errors = Literal["forecast", "climatology"]


def shipped_folder() -> Path:
    """Where the files of the embedded world lie; PROVENANCE.md there says with which commands they were made."""
    return Path(str(resources.files("latentda.world") / "data"))


_REMEDY = {
    "standardizer": "latentda estimate climatology",
    "autoencoder": "latentda train autoencoder",
    "surrogate": "latentda train forecast",
    "latent_surrogate": "latentda train forecast --latent",
    "model_zonal": "latentda estimate background-error --zonal-model-space",
}
"""What makes a file that is missing; of the others 'latentda estimate background-error'."""

_IN_THE_FOLDER = ("standardizer", "orography", "autoencoder", "surrogate", "latent_surrogate", "twin_start")


@dataclass(frozen=True, init=False)
class WorldFolder:
    """The files of one world.

    Attributes:
        folder: where they are.
        errors: which background errors: ``"forecast"``, those of short forecasts in a cycle, or ``"climatology"``,
            those of a climatological mean that stands in for a forecast.
    """

    folder: Path
    errors: Errors

    def __init__(self, folder: str | Path, errors: Errors = "forecast"):
        object.__setattr__(self, "folder", Path(folder))
        object.__setattr__(self, "errors", errors)

    def __getstate__(self) -> dict[str, Any]:
        """Where it is, without what has been read of it: other processes read it anew."""
        return {"folder": self.folder, "errors": self.errors}

    @cached_property
    def settings(self) -> WorldSettings:
        """What ``world.yaml`` says."""
        return read_world_settings(self._settings_file)

    @property
    def _settings_file(self) -> Path:
        path = self.folder / WORLD_FILE
        return path if path.exists() else shipped_folder() / WORLD_FILE

    def file(self, name: str) -> Path:
        """The file of an array."""
        folder = self.folder if name in _IN_THE_FOLDER else self.folder / self.errors
        return folder / f"{name}.safetensors"

    def has(self, name: str) -> bool:
        """Whether the file of an array is there."""
        return self.file(name).exists()

    def require(self, *names: str) -> None:
        """Check that files are there before anything long starts.

        Raises:
            UserError: the first that is not, or the folder is no world; the message says how to make it.
        """
        for name in names:
            self._required.add(self.file(name))
            if not self.has(name):
                self._require_world()
                command = _REMEDY.get(name, "latentda estimate background-error")
                raise UserError(
                    f"{self.folder} has no {self.file(name).relative_to(self.folder)}; make it with '{command}' in a "
                    "folder of your own and name that with --world."
                )

    def _require_world(self) -> None:
        """Of a folder without settings only the climatology makes a world, one of the embedded model's states."""
        if not (self.folder / WORLD_FILE).exists() and not self.has("standardizer"):
            raise UserError(
                f"{self.folder} is no world: it has no {WORLD_FILE}; make one there with 'latentda world create', or "
                "name another folder with --world."
            )

    @cached_property
    def standardizer(self) -> Standardizer:
        """Climatology and scales of the true world."""
        self.require("standardizer")
        return read_standardizer(self.file("standardizer"))

    @property
    def layout(self) -> Layout:
        """Grid, levels and variables: those of the climatology."""
        return self.standardizer.layout

    @cached_property
    def autoencoder(self) -> PatchAutoencoder:
        """The trained network."""
        self.require("autoencoder")
        return read_autoencoder(self.file("autoencoder"))

    @cached_property
    def code(self) -> Autoencoder:
        """The same, decoding what the model keeps of a state."""
        if not self.settings.code.band_limit:
            return self.autoencoder
        return FilteredCode(self.autoencoder, BandLimit(self.layout, self.standardizer.scale))

    @cached_property
    def increment_code(self) -> Autoencoder:
        """The same, decoding increments of the structured latent background error with their divergent wind."""
        if not self.settings.code.divergent_wind:
            return self.code
        self.require("divergent_wind")
        wind = read_divergent_wind(self.file("divergent_wind"), self.layout, np.asarray(self.standardizer.scale))
        return FilteredCode(self.autoencoder, wind)

    @cached_property
    def model(self) -> ForecastModel:
        """The forecast model."""
        return self._model(self.settings.model)

    @cached_property
    def imperfect_model(self) -> ForecastModel:
        """The model that assimilates in a fraternal twin."""
        return self._model(self.settings.imperfect_model)

    def model_with(self, **options: Any) -> ForecastModel:
        """The forecast model with some of its options otherwise."""
        named = self.settings.model
        return self._model(named and replace(named, options={**named.options, **options}))

    def _model(self, settings: ModelSettings | None) -> ForecastModel:
        if settings is None:
            raise UserError(f"The world in {self.folder} names no such model; its {WORLD_FILE} can.")
        return build_model(settings, self)

    def orography(self, model: ForecastModel | None = None) -> ndarray:
        """Surface geopotential (m2 s-2) of a model, by default of the world's; of the world itself where it has none.

        Raises:
            UserError: neither has one, and states hold the pressure of their surface.
        """
        model = model or self.model
        found = getattr(model, "surface_geopotential", None)
        if found is not None:
            return np.asarray(found)
        if self.has("orography"):
            return read_orography(self.file("orography"))
        if "sp" in self.layout.variables:
            raise UserError(
                f"The model {name_of(model)} has no surface_geopotential and {self.folder} no orography, which "
                "reports need; make the world with --orography."
            )
        return np.full(self.layout.grid.shape, UNKNOWN, np.float32)

    @cached_property
    def surrogate(self) -> SurrogateModel:
        """The learned forecast of states."""
        self.require("surrogate")
        return SurrogateModel(read_surrogate(self.file("surrogate")), self.standardizer)

    @cached_property
    def latent_surrogate(self) -> SurrogateModel:
        """The learned forecast that acts on the network's codes: not shipped."""
        self.require("latent_surrogate")
        return SurrogateModel(read_surrogate(self.file("latent_surrogate")), self.standardizer, self.autoencoder)

    def error(self, name: str) -> Covariance:
        """A background error, read once.

        Raises:
            UserError: it is not there, or no background error.
        """
        if name not in self._read:
            self.require(name)
            self._read[name] = read_background_error(self.file(name))
        return self._read[name]

    @property
    def files_read(self) -> list[Path]:
        """``world.yaml`` and the binary files that have been asked for so far, sorted."""
        return sorted(self._required)

    @cached_property
    def _required(self) -> set[Path]:
        return {self._settings_file}

    @cached_property
    def _read(self) -> dict[str, Covariance]:
        return {}

    @property
    def digest(self) -> str:
        """Of ``world.yaml`` and all binary files."""
        return files_digest([self._settings_file, *sorted(self.folder.rglob("*.safetensors"))])

    @property
    def start(self) -> Path:
        """Restart file from which twin experiments take their truth; later than all training data."""
        return self.file("twin_start")


def embedded_world(errors: Errors = "forecast") -> WorldFolder:
    """The world in the package."""
    return WorldFolder(shipped_folder(), errors)
