"""A sample covariance with localised correlations, as a dense root: for regions and for their codes.

    B = s s^T * ( C * rho ),      B = U U^T,  U lower triangular

s are the samples' standard deviations, one a place and channel, C their correlations, rho the Gaspari-Cohn taper of the
great-circle distance between places (the same for all channels, so balance between channels of a place is kept), * the
Schur product. Nothing is taken to be homogeneous. The root is dense: a field of 10,000 numbers needs 400 MB.

Sources: Houtekamer & Mitchell (2001), doi 10.1175/1520-0493(2001)129<0123:ASEKFF>2.0.CO;2; the taper: Gaspari & Cohn
(1999), doi 10.1002/qj.49712555417, eq. 4.10.
"""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from numpy import ndarray

from latentda.grid import Grid, great_circle_km
from latentda.operators import Dense, gaspari_cohn, position_dependent_sd
from latentda.user_error import UserError

_FLOOR = 1e-4
"""Added to the correlations' diagonal: the taper of great-circle distances is not strictly positive definite."""


def estimate_localized(
    samples: Float[ndarray, "sample channel row column"],
    latitude: Float[ndarray, " row"],
    longitude: Float[ndarray, " column"],
    *,
    localization_radius_km: float,
) -> Dense:
    """Estimate the covariance of mean-free samples.

    Args:
        samples: of errors of a field or of its code.
        latitude: degrees north of the rows.
        longitude: degrees east of the columns.
        localization_radius_km: where the taper reaches zero.

    Raises:
        UserError: fewer than two samples, or a number that never varies.
    """
    count, channels, rows, columns = samples.shape
    if count < 2:
        raise UserError(f"A covariance needs at least two samples; got {count}.")
    sd = position_dependent_sd(samples, 0.0)
    normal = (samples / sd).reshape(count, -1).astype(np.float64)
    taper = _taper(latitude, longitude, localization_radius_km)
    shape = (channels, rows * columns, channels, rows * columns)
    correlation = (normal.T @ normal / count).reshape(shape) * taper[None, :, None, :]
    size = sd.size
    root = np.linalg.cholesky(correlation.reshape(size, size) + _FLOOR * np.eye(size)) / np.sqrt(1.0 + _FLOOR)
    return Dense(jnp.asarray(sd.reshape(-1, 1) * root, jnp.float32), sd.shape)


def token_places(grid: Grid, patch: int) -> tuple[Float[ndarray, " row"], Float[ndarray, " column"]]:
    """Latitudes of the rows and longitudes of the columns of tokens: the means of their patches' points."""
    return _means(np.asarray(grid.latitude), patch), _means(np.asarray(grid.longitude), patch)


def _means(axis: ndarray, patch: int) -> ndarray:
    parts = [axis[i : i + patch] for i in range(0, axis.size, patch)]
    return np.asarray([part.mean() for part in parts])


def _taper(latitude: ndarray, longitude: ndarray, radius: float) -> Float[ndarray, "point point"]:
    phi, lam = (axis.reshape(-1) for axis in np.meshgrid(latitude, longitude, indexing="ij"))
    return gaspari_cohn(great_circle_km(phi[:, None], lam[:, None], phi[None], lam[None]), radius)
