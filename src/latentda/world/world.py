"""A world: all that a method needs to know of an atmosphere.

Its layout, climatology and scales, its code, its background errors and its model. The embedded world is one, a user's
reanalysis another; nothing above asks which.
"""

from __future__ import annotations

from typing import Protocol

from latentda.fields import Standardizer
from latentda.forecast import ForecastModel
from latentda.grid import Layout
from latentda.networks import Autoencoder
from latentda.operators import Covariance
from latentda.world.settings import WorldSettings


class AnalysisWorld(Protocol):
    """What a method of one time asks of a world."""

    @property
    def settings(self) -> WorldSettings:
        """What it says of itself."""

    @property
    def standardizer(self) -> Standardizer:
        """Climatology and scales."""

    @property
    def layout(self) -> Layout:
        """Grid, levels and variables."""

    @property
    def code(self) -> Autoencoder:
        """E and D of states."""

    @property
    def increment_code(self) -> Autoencoder:
        """E and D of states whose differences are decoded increments."""

    def error(self, name: str) -> Covariance:
        """A background error by name."""


class World(AnalysisWorld, Protocol):
    """The same with forecasts; :class:`latentda.world.folder.WorldFolder` is one on disk."""

    @property
    def model(self) -> ForecastModel:
        """The forecast model."""

    @property
    def latent_surrogate(self) -> ForecastModel:
        """The learned forecast that acts on codes."""
