"""What ships with the package for the embedded world: scales, autoencoder, background errors, a start state.

``assets/`` holds small binary files and ``PROVENANCE.md``, which says with which commands they were made.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np

from latentda.fields import Standardizer, read_standardizer
from latentda.files import files_digest
from latentda.forecast import SurrogateModel
from latentda.networks import PatchAutoencoder, read_autoencoder, read_surrogate
from latentda.operators import BandLimit, Covariance, Diagonal, ZonalBlocks
from latentda.priors import BalancedCovariance, FilteredCode, read_background_error, read_divergent_wind

Errors = Literal["forecast", "climatology"]
Kind = TypeVar("Kind", bound=Covariance)


def shipped_folder() -> Path:
    """Where the shipped assets lie."""
    return Path(str(resources.files("latentda.world") / "data"))


@dataclass(frozen=True)
class Assets:
    """The files of one world, read when first asked for.

    Attributes:
        folder: where they are.
        errors: which background errors: ``"forecast"``, those of short forecasts in a cycle, or ``"climatology"``,
            those of a climatological mean that stands in for a forecast.
    """

    folder: Path
    errors: Errors = "forecast"

    @property
    def error_folder(self) -> Path:
        """Where the background errors lie."""
        return self.folder / self.errors

    @cached_property
    def standardizer(self) -> Standardizer:
        """Climatology and scales of the true world."""
        return read_standardizer(self.folder / "standardizer.safetensors")

    @cached_property
    def autoencoder(self) -> PatchAutoencoder:
        """The trained network."""
        return read_autoencoder(self.folder / "autoencoder.safetensors")

    @property
    def latent_surrogate_file(self) -> Path:
        """Where the learned step of codes lies."""
        return self.folder / "latent_surrogate.safetensors"

    @cached_property
    def latent_surrogate(self) -> SurrogateModel:
        """The learned forecast that acts on the network's codes: not shipped.

        Raises:
            ValueError: it is not among the assets; the message says how to make it.
        """
        if not self.latent_surrogate_file.exists():
            raise ValueError(
                f"{self.folder} has no {self.latent_surrogate_file.name}; make it with 'latentda train forecast "
                "--latent' in a folder of your own and name that with --assets."
            )
        return SurrogateModel(read_surrogate(self.latent_surrogate_file), self.standardizer, self.autoencoder)

    @cached_property
    def code(self) -> FilteredCode:
        """The same, decoding what the model keeps of a state."""
        return FilteredCode(self.autoencoder, BandLimit(self.standardizer.layout, self.standardizer.scale))

    @cached_property
    def increment_code(self) -> FilteredCode:
        """The same, decoding increments of the structured latent background error with their divergent wind."""
        standardizer, path = self.standardizer, self.error_folder / "divergent_wind.safetensors"
        wind = read_divergent_wind(path, standardizer.layout, np.asarray(standardizer.scale))
        return FilteredCode(self.autoencoder, wind)

    @cached_property
    def model_space_error(self) -> BalancedCovariance:
        """Background error of 3D-Var."""
        return self._read("model", BalancedCovariance)

    @cached_property
    def latent_error(self) -> ZonalBlocks:
        """Structured background error of latent 3D-Var."""
        return self._read("latent", ZonalBlocks)

    @cached_property
    def latent_diagonal(self) -> Diagonal:
        """One variance a latent element, as published."""
        return self._read("latent_diagonal", Diagonal)

    def _read(self, name: str, kind: type[Kind]) -> Kind:
        covariance = read_background_error(self.error_folder / f"{name}.safetensors")
        if not isinstance(covariance, kind):
            raise ValueError(f"{self.error_folder / name}.safetensors is no {kind.__name__} background error.")
        return covariance

    @cached_property
    def unrepresented_error(self) -> BalancedCovariance:
        """Model-space background error of what the code does not carry."""
        return self._read("unrepresented", BalancedCovariance)

    @cached_property
    def model_space_zonal(self) -> ZonalBlocks:
        """The inhomogeneous background error of 3D-Var: too large to ship.

        Raises:
            ValueError: it is not among the assets; the message says how to make it.
        """
        if not (self.error_folder / "model_zonal.safetensors").exists():
            raise ValueError(
                f"{self.error_folder} has no model_zonal.safetensors, which '3dvar_zonal' needs; make it with "
                "'latentda estimate background-error --zonal-model-space' in a folder of your own and name that with "
                "--assets."
            )
        return self._read("model_zonal", ZonalBlocks)

    @property
    def digest(self) -> str:
        """Of all binary files."""
        return files_digest(sorted(self.folder.rglob("*.safetensors")))

    @property
    def start(self) -> Path:
        """Restart file from which twin experiments take their truth; later than all training data."""
        return self.folder / "twin_start.safetensors"


def shipped_assets(errors: Errors = "forecast") -> Assets:
    """The assets in the package."""
    return Assets(shipped_folder(), errors)
