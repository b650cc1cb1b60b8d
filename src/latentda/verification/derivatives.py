"""Horizontal derivatives on the sphere: the gradient of a scalar and the vorticity of a wind.

    grad f = ( 1/(a cos phi) df/dlambda,  1/a df/dphi ),
    zeta   = 1/(a cos phi) ( dv/dlambda - d(u cos phi)/dphi )

On a Gaussian grid both are those of the spherical harmonics, exact for every field within their truncation;
on any other grid they are centred differences of second order, one-sided at a border and on the last rows.
Symbols: phi latitude, lambda longitude, a the Earth's radius. All in float64.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from numpy import ndarray

from latentda.grid import EARTH_RADIUS, Grid
from latentda.operators import SphericalTransform


def horizontal_gradient(
    field: Float[ndarray, "*any lat lon"], grid: Grid
) -> tuple[Float[ndarray, "*any lat lon"], Float[ndarray, "*any lat lon"]]:
    """Eastward and northward derivative, the field's units a metre; NaN on the poles of a lat-lon grid."""
    if grid.kind != "gaussian":
        east, north = _differences(np.asarray(field, np.float64), grid)
        return east / (EARTH_RADIUS * _cosine(grid)), north / EARTH_RADIUS
    with jax.enable_x64(True):
        transform = SphericalTransform(grid)
        spectral = transform.to_spectral(jnp.asarray(field, jnp.float64)) * transform.mask
        # The gradient is the wind of a velocity potential.
        gradient = transform.winds(jnp.zeros_like(spectral), spectral)
    return np.asarray(gradient[0]) / EARTH_RADIUS, np.asarray(gradient[1]) / EARTH_RADIUS


def relative_vorticity(
    u: Float[ndarray, "*any lat lon"], v: Float[ndarray, "*any lat lon"], grid: Grid
) -> Float[ndarray, "*any lat lon"]:
    """zeta (s-1) of a wind (m/s); NaN on the poles of a lat-lon grid."""
    if grid.kind != "gaussian":
        cosine = _cosine(grid)
        east = _differences(np.asarray(v, np.float64), grid)[0]
        north = _differences(np.asarray(u, np.float64) * np.cos(np.deg2rad(grid.latitude))[:, None], grid)[1]
        return (east - north) / (EARTH_RADIUS * cosine)
    with jax.enable_x64(True):
        transform = SphericalTransform(grid)
        psi, _ = transform.potentials(jnp.asarray(u, jnp.float64), jnp.asarray(v, jnp.float64))
        vorticity = transform.to_grid(transform.laplacian(psi))
    return np.asarray(vorticity) / EARTH_RADIUS


def _differences(field: ndarray, grid: Grid) -> tuple[ndarray, ndarray]:
    """d/dlambda and d/dphi (a radian)."""
    phi, lam = np.deg2rad(grid.latitude), np.deg2rad(grid.longitude)
    north = np.gradient(field, phi, axis=-2, edge_order=2)
    if not grid.periodic:
        return np.gradient(field, lam, axis=-1, edge_order=2), north
    circle = 2.0 * np.pi
    around = np.concatenate([lam[-1:] - circle, lam, lam[:1] + circle])
    closed = np.concatenate([field[..., -1:], field, field[..., :1]], axis=-1)
    return np.gradient(closed, around, axis=-1)[..., 1:-1], north


def _cosine(grid: Grid) -> ndarray:
    cosine = np.cos(np.deg2rad(grid.latitude))[:, None]
    return np.where(cosine > 1e-9, cosine, np.nan)
