"""What of a world models are made of."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from latentda.fields import Standardizer
from latentda.forecast import ForecastModel
from latentda.grid import Layout
from latentda.world.settings import WorldSettings


class Described(Protocol):
    """As much of a world as a maker of models sees."""

    @property
    def settings(self) -> WorldSettings:
        """What it says of itself."""

    @property
    def folder(self) -> Path:
        """Where its files are."""

    @property
    def layout(self) -> Layout:
        """Grid, levels and variables."""

    @property
    def standardizer(self) -> Standardizer:
        """Climatology and scales."""

    @property
    def surrogate(self) -> ForecastModel:
        """The learned forecast of states."""
