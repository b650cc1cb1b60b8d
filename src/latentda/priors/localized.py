"""A sample covariance with localised correlations: for any layout on any grid, regions and poles included.

    B = s s^T * ( C * rho )

s are the samples' standard deviations, one a place and channel, C their correlations, rho the Gaspari-Cohn taper of the
great-circle distance between places (the same for all channels, so balance between channels of a place is kept), * the
Schur product. Nothing is taken to be homogeneous. Its root has two forms:

    B = U U^T,  U lower triangular                      dense: 10,000 numbers need 400 MB
    U v = N^(-1/2) sum_k e_k * ( L v_k ),  L L^T = rho   N samples e_k with smooth weights v_k: as large as they are

The second one is the control variable of ensemble-variational methods (:mod:`~latentda.priors.ensemble`), with samples
of error for members. L is that of :mod:`~latentda.priors.taper` by nodes, with rows of unit length so that B keeps the
samples' variances.

Sources: Houtekamer & Mitchell (2001), doi 10.1175/1520-0493(2001)129<0123:ASEKFF>2.0.CO;2; the control variable: Lorenc
(2003), doi 10.1256/qj.02.132.
"""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpy import ndarray

from latentda.grid import Grid
from latentda.operators import (
    Control,
    Covariance,
    Dense,
    divisor,
    in_pieces,
    position_dependent_sd,
    require_room,
    require_samples,
)
from latentda.priors.taper import taper_matrix, taper_root

LARGEST_DENSE = 10_000
"""Numbers of a field up to which the root is dense."""

_FLOOR = 1e-4
"""Added to the correlations' diagonal: the taper of great-circle distances is not strictly positive definite."""


class LocalizedSamples(Covariance):
    """The second form above.

    Attributes:
        samples: e_k over the root of their number, in the order in which the products below read them.
        taper: L.
    """

    samples: Float[Array, "row column channel sample"]
    taper: Float[Array, "row column mode"]

    def root(self, control: Control) -> Float[Array, "channel row column"]:
        """U v."""
        weights = jnp.einsum("yxm,km->yxk", self.taper, control)
        return jnp.einsum("yxck,yxk->cyx", self.samples, weights)

    def zero_control(self) -> Control:
        """Zeros ``(sample, mode)``."""
        return jnp.zeros((self.samples.shape[-1], self.taper.shape[-1]), self.samples.dtype)


def estimate_localized(
    samples: Float[ndarray, "sample channel row column"],
    latitude: Float[ndarray, " row"],
    longitude: Float[ndarray, " column"],
    *,
    localization_radius_km: float,
    smooth_sd: float = 0.0,
) -> Dense | LocalizedSamples:
    """Estimate the covariance of mean-free samples, in the form that the size of the field asks for.

    Args:
        samples: of errors of a field or of its code.
        latitude: degrees north of the rows.
        longitude: degrees east of the columns.
        localization_radius_km: where the taper reaches zero.
        smooth_sd: weight of the zonal-mean variance in the position-dependent one, 0..1.

    Raises:
        UserError: fewer than two samples, a channel that never varies, or samples too large for the machine.
    """
    require_samples(len(samples))
    own, sd = position_dependent_sd(samples, 0.0), position_dependent_sd(samples, smooth_sd)
    if own.size <= LARGEST_DENSE:
        return _dense(samples, own, sd, taper_matrix(latitude, longitude, localization_radius_km))
    require_room(
        4 * samples.size,
        f"{len(samples)} samples of {own.size} numbers each",
        "take fewer, or leave out levels or variables",
    )
    factor = sd / divisor(own) / np.sqrt(len(samples), dtype=np.float32)
    scaled = np.empty((*own.shape[1:], own.shape[0], len(samples)), np.float32)
    for number, sample in enumerate(samples):
        scaled[..., number] = np.moveaxis(sample * factor, 0, -1)
    return LocalizedSamples(jnp.asarray(scaled), jnp.asarray(taper_root(latitude, longitude, localization_radius_km)))


def token_places(grid: Grid, patch: int) -> tuple[Float[ndarray, " row"], Float[ndarray, " column"]]:
    """Latitudes of the rows and longitudes of the columns of tokens: the means of their patches' points."""
    return _means(np.asarray(grid.latitude), patch), _means(np.asarray(grid.longitude), patch)


def _means(axis: ndarray, patch: int) -> ndarray:
    parts = [axis[i : i + patch] for i in range(0, axis.size, patch)]
    return np.asarray([part.mean() for part in parts])


def _dense(samples: ndarray, own: ndarray, sd: ndarray, taper: ndarray) -> Dense:
    channels, size = own.shape[0], own.size
    product = np.zeros((size, size))
    for piece in in_pieces(samples):
        normal = (piece / divisor(own)).reshape(len(piece), -1).astype(np.float64)
        product += normal.T @ normal
    shape = (channels, len(taper), channels, len(taper))
    correlation = (product / len(samples)).reshape(shape) * taper[None, :, None, :]
    root = np.linalg.cholesky(correlation.reshape(size, size) + _FLOOR * np.eye(size)) / np.sqrt(1.0 + _FLOOR)
    return Dense(jnp.asarray(sd.reshape(-1, 1) * root, jnp.float32), sd.shape)
