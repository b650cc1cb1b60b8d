"""Which form of covariance a layout and its grid allow, in either space.

| | model space | latent space |
| --- | --- | --- |
| grid with spherical harmonics | balanced control variables | zonal blocks |
| around the globe, without them (uneven rows) | localised samples | zonal blocks |
| region | localised samples | localised samples |
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from latentda.grid import Grid, Layout
from latentda.operators import SphericalTransform, ZonalBlocks, estimate_zonal_blocks
from latentda.priors.balance import estimate_balanced
from latentda.priors.localized import estimate_localized, token_places
from latentda.priors.storage import BackgroundError
from latentda.user_error import UserError

ZONAL_RADIUS_KM = 12_000.0
"""Where correlations of zonal blocks end, by default: they are means over all longitudes, with little noise."""

SAMPLES_RADIUS_KM = 6_000.0
"""Where those of localised samples end, by default: nothing is averaged but the samples."""


@dataclass(frozen=True, eq=False)
class ErrorForm:
    """How background errors are estimated in a world.

    Attributes:
        layout: what the channels are.
        scale: their standard deviations.
        radius_km: where correlations end that are no harmonics'; None: the usual.
        smooth_sd: weight of zonal-mean variances in the position-dependent ones.
    """

    layout: Layout
    scale: Float[ndarray, " channel"]
    radius_km: float | None = None
    smooth_sd: float = 0.5

    @property
    def without_harmonics(self) -> str | None:
        """Why the grid has no spherical harmonics; None if it has."""
        return why_no_harmonics(self.layout.grid)

    def model_space(self, errors: Float[ndarray, "sample channel lat lon"]) -> BackgroundError:
        """Of mean-free errors of standardised anomalies."""
        if self.without_harmonics is None:
            return estimate_balanced(errors, self.scale, self.layout, smooth_sd=self.smooth_sd)
        grid = self.layout.grid
        return self._localized(errors, np.asarray(grid.latitude), np.asarray(grid.longitude))

    def latent_space(self, codes: Float[ndarray, "sample latent row column"], patch: int) -> BackgroundError:
        """Of mean-free errors of codes, one a patch of so many points."""
        rows, columns = token_places(self.layout.grid, patch)
        return self._zonal(codes, rows) if self.layout.grid.periodic else self._localized(codes, rows, columns)

    def zonal(self, errors: Float[ndarray, "sample channel lat lon"]) -> ZonalBlocks:
        """Zonal blocks of mean-free errors of standardised anomalies, up to the wavenumbers that the grid resolves.

        Raises:
            UserError: a regional grid, or blocks too large for the machine.
        """
        grid = self.layout.grid
        if not grid.periodic:
            raise UserError("Zonal blocks need a grid around the globe; this one is regional.")
        resolved = SphericalTransform(grid).truncation + 1 if self.without_harmonics is None else None
        return self._zonal(errors, np.asarray(grid.latitude), resolved)

    def _zonal(self, errors: ndarray, latitude: ndarray, wavenumbers: int | None = None) -> ZonalBlocks:
        radius = self.radius_km or ZONAL_RADIUS_KM
        return estimate_zonal_blocks(
            errors, latitude, localization_radius_km=radius, smooth_sd=self.smooth_sd, wavenumbers=wavenumbers
        )

    def _localized(self, errors: ndarray, latitude: ndarray, longitude: ndarray) -> BackgroundError:
        radius = self.radius_km or SAMPLES_RADIUS_KM
        return estimate_localized(errors, latitude, longitude, localization_radius_km=radius, smooth_sd=self.smooth_sd)


def why_no_harmonics(grid: Grid) -> str | None:
    """A sentence where spherical harmonics cannot serve a grid, or resolve nothing on it."""
    try:
        resolved = SphericalTransform(grid).truncation
    except UserError as error:
        return str(error)
    return None if resolved > 0 else f"A grid of {grid.shape[0]} x {grid.shape[1]} points resolves no wave."
