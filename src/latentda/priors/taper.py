"""Tapers: correlations that end at a radius, by their roots.

    rho = GC( great-circle distance / r ) = L L^T,    L with rows of unit length

GC is the fifth-order function of Gaspari & Cohn, 0 from 1 on. rho is smooth, so that few columns of L carry it. Where
the longitudes go evenly around the globe rho depends on their difference alone: its eigenvectors are waves along
latitude circles, a root for each,

    (L v)(row, column) = sum_w f_w(column) sum_m Q_w(row, m) v_w(m),      f_w orthonormal cosines and sines

and the smallest eigenvalues are left out, at every place no more than :data:`LEFT_OUT` of its variance. On any other
grid L are the eigenvectors at nodes a quarter of the radius apart, carried to the grid by rho's own columns.

Source: Gaspari & Cohn (1999), doi 10.1002/qj.49712555417, eq. 4.10; nodes: Nystrom's method.
"""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpy import ndarray

from latentda.grid import EARTH_RADIUS, Layout, great_circle_km
from latentda.operators import Control, Covariance, Dense, gaspari_cohn
from latentda.user_error import UserError

LEFT_OUT = 0.008
"""Share of the variance that a root does without, at most: rho is off by no more than about that."""

NODES_A_RADIUS = 4.0
"""The taper's radius over the distance between neighbouring nodes: rho is then carried to within 0.015."""

_LEAST = 1e-3
"""Variance of the taper's smallest eigenvector that is kept, over the mean one."""

_GROUND = {"hPa": 1000.0, "sigma": 1.0}
"""Where quantities at the ground stand, in the units of levels."""

_EVEN = 1e-3
"""Degrees by which even longitudes may differ."""


class ZonalTaper(Covariance):
    """rho on longitudes that go evenly around the globe.

    Attributes:
        waves: f_w.
        modes: Q_w, those of a cosine and its sine alike; zeros where a wave has fewer.
    """

    waves: Float[Array, "column wave"]
    modes: Float[Array, "wave row mode"]

    def root(self, control: Control) -> Float[Array, "row column"]:
        """L v."""
        return jnp.einsum("xw,wy->yx", self.waves, jnp.einsum("wym,wm->wy", self.modes, control))

    def zero_control(self) -> Control:
        """Zeros ``(wave, mode)``."""
        waves, _, modes = self.modes.shape
        return jnp.zeros((waves, modes), self.modes.dtype)


def horizontal_taper(
    latitude: Float[ndarray, " row"], longitude: Float[ndarray, " column"], radius_km: float
) -> ZonalTaper | Dense:
    """rho between the places of a grid; made once, in a second or two on 48 x 96 points.

    Args:
        latitude: degrees north of the rows.
        longitude: degrees east of the columns.
        radius_km: where it reaches zero; infinite: 1 everywhere.

    Raises:
        UserError: a radius that is not positive.
    """
    require_radius(radius_km)
    shape = (len(latitude), len(longitude))
    if np.isinf(radius_km):
        return Dense(jnp.ones((shape[0] * shape[1], 1)), shape)
    steps = np.diff(longitude, append=longitude[0] + 360.0)
    if np.abs(steps - 360.0 / shape[1]).max() < _EVEN:
        return _zonal(latitude, shape[1], radius_km)
    root = taper_root(latitude, longitude, radius_km)
    return Dense(jnp.asarray(root.reshape(-1, root.shape[-1])), shape)


def vertical_taper(layout: Layout, radius_lnp: float) -> Float[Array, "channel mode"]:
    """The root of GC(|ln p - ln p'| / r) between channels.

    Quantities at the ground stand at 1000 hPa, or at sigma 1.

    Args:
        layout: what the channels are.
        radius_lnp: where it reaches zero, a difference of ln p; infinite: 1 between all levels.

    Raises:
        UserError: a radius that is not positive.
    """
    require_radius(radius_lnp)
    ground = _GROUND.get(layout.vertical.units, 1.0)
    own = np.asarray([ground if channel.level is None else channel.level for channel in layout.channels])
    if np.isinf(radius_lnp):
        return jnp.ones((len(own), 1))
    levels, level = np.unique(np.log(own), return_inverse=True)
    values, vectors = np.linalg.eigh(gaspari_cohn(levels[:, None] - levels, radius_lnp))
    share = np.maximum(values, 0.0) * vectors**2
    kept = share.cumsum(axis=1).max(axis=0) > LEFT_OUT
    return jnp.asarray(_unit_rows(np.sqrt(values[kept]) * vectors[:, kept])[level])


def require_radius(radius: float) -> None:
    """Refuse a radius at which no taper can end.

    Raises:
        UserError: it is not positive.
    """
    if not radius > 0.0:
        raise UserError(f"A radius of localisation is positive (infinite for none); got {radius}.")


def taper_matrix(latitude: ndarray, longitude: ndarray, radius_km: float) -> Float[ndarray, "point point"]:
    """rho between all points of a grid."""
    phi, lam = _points(latitude, longitude)
    return gaspari_cohn(great_circle_km(phi[:, None], lam[:, None], phi[None], lam[None]), radius_km)


def taper_root(latitude: ndarray, longitude: ndarray, radius_km: float) -> Float[ndarray, "row column mode"]:
    """L by nodes: the eigenvectors of rho there, at every point of the grid."""
    phi, lam = _nodes(latitude, longitude, radius_km)
    values, vectors = np.linalg.eigh(gaspari_cohn(great_circle_km(phi[:, None], lam[:, None], phi, lam), radius_km))
    kept = values > _LEAST
    modes = vectors[:, kept] / np.sqrt(values[kept])
    column = longitude[:, None]
    rows = [gaspari_cohn(great_circle_km(row, column, phi, lam), radius_km) @ modes for row in np.asarray(latitude)]
    return _unit_rows(np.stack(rows))


def _zonal(latitude: ndarray, columns: int, radius_km: float) -> ZonalTaper:
    shift = np.arange(columns) * 360.0 / columns
    distance = great_circle_km(latitude[:, None, None], np.zeros(1), latitude[None, :, None], shift)
    spectrum = np.moveaxis(np.fft.rfft(gaspari_cohn(distance, radius_km), axis=-1).real, -1, 0)
    # Rows count by their area: those around the poles are many, and would take most of the eigenvectors.
    area = np.sqrt(np.maximum(np.cos(np.deg2rad(latitude)), 0.5 / len(latitude)))
    values, vectors = np.linalg.eigh(area[:, None] * spectrum * area)
    modes = np.sqrt(np.maximum(values, 0.0))[:, None, :] * vectors / area[:, None]
    waves, number = _waves(columns)
    # Of a place's variance: the squares of a wavenumber's cosine and sine add up to their number over the columns.
    share = np.bincount(number)[:, None, None] / columns * modes**2
    kept = _kept(values, share)
    modes = (modes * kept[:, None, :])[..., -int(kept.sum(axis=1).max()) :]
    variance = np.sum(share * kept[:, None, :], axis=(0, 2))
    held = np.isin(number, np.flatnonzero(kept.any(axis=1)))
    modes = (modes / np.sqrt(variance)[:, None])[number[held]]
    return ZonalTaper(jnp.asarray(waves[:, held], jnp.float32), jnp.asarray(modes, jnp.float32))


def _kept(values: Float[ndarray, "wavenumber mode"], share: Float[ndarray, "wavenumber row mode"]) -> ndarray:
    """Which eigenvectors are kept: all but the smallest that together hold no more than allowed of any variance."""
    ascending = np.argsort(values, axis=None)
    held = np.swapaxes(share, 1, 2).reshape(values.size, -1)[ascending].cumsum(axis=0)
    kept = np.empty(values.size, bool)
    kept[ascending] = held.max(axis=1) > LEFT_OUT
    return kept.reshape(values.shape)


def _waves(columns: int) -> tuple[Float[ndarray, "column wave"], ndarray]:
    """Orthonormal cosines and sines, and the wavenumber of each."""
    number = np.repeat(np.arange(columns // 2 + 1), 2)
    phase = 2.0 * np.pi * np.arange(columns)[:, None] * number / columns
    sine = np.arange(len(number)) % 2 == 1
    basis = np.where(sine, np.sin(phase), np.cos(phase))
    real = ~sine | ((number > 0) & (2 * number < columns))
    basis = basis[:, real]
    return basis / np.linalg.norm(basis, axis=0), number[real]


def _unit_rows(root: Float[ndarray, "*place mode"]) -> Float[ndarray, "*place mode"]:
    return (root / np.linalg.norm(root, axis=-1, keepdims=True)).astype(np.float32)


def _nodes(latitude: ndarray, longitude: ndarray, radius: float) -> tuple[ndarray, ndarray]:
    """Evenly over the sphere by the golden angle, in and around the grid; its own points where they are fewer."""
    spacing = radius / NODES_A_RADIUS
    points = _points(latitude, longitude)
    count = int(np.ceil(4.0 * np.pi * (1e-3 * EARTH_RADIUS / spacing) ** 2))
    number = np.arange(count) + 0.5
    phi = np.rad2deg(np.arcsin(1.0 - 2.0 * number / count))
    lam = np.rad2deg(np.pi * (1.0 + np.sqrt(5.0)) * number) % 360.0
    margin = 1.5 * spacing
    band = np.rad2deg(1e3 * margin / EARTH_RADIUS)
    inside = (phi > latitude.min() - band) & (phi < latitude.max() + band)
    phi, lam = phi[inside], lam[inside]
    near = np.asarray([great_circle_km(y, x, *points).min() < margin for y, x in zip(phi, lam, strict=True)], bool)
    return (phi[near], lam[near]) if 0 < near.sum() < points[0].size else points


def _points(latitude: ndarray, longitude: ndarray) -> tuple[ndarray, ndarray]:
    phi, lam = np.meshgrid(latitude, longitude, indexing="ij")
    return phi.reshape(-1), lam.reshape(-1)
