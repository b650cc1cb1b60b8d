"""Spherical harmonics on a global grid: transforms, winds of a streamfunction, isotropic covariances.

Coefficients have shape ``(..., m, n)``: real harmonics, n the total wavenumber. Winds follow Helmholtz,

    u = -d psi / d phi + (1 / cos phi) d chi / d lambda,   v = (1 / cos phi) d psi / d lambda + d chi / d phi,

on the unit sphere, so psi and chi are in m/s: the physical ones over the Earth's radius.
The transforms are those of the `dinosaur` package.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from dinosaur import spherical_harmonic
from jaxtyping import Array, Float

from latentda.grid import Grid
from latentda.operators.covariance import Control, Covariance
from latentda.operators.samples import in_pieces
from latentda.user_error import UserError


class SphericalTransform(eqx.Module):
    """Grid fields ``(..., lat, lon)`` to harmonics ``(..., m, n)`` and back, truncated at ``truncation``.

    By default the truncation is the largest for which the grid's quadrature gives back coefficients and winds
    exactly, and products of fields do not alias along longitude.
    """

    grid: Grid = eqx.field(static=True)
    truncation: int = eqx.field(static=True)

    def __init__(self, grid: Grid, truncation: int | None = None):
        if not grid.periodic or grid.kind not in ("gaussian", "lat-lon"):
            raise UserError(f"Spherical harmonics need a global grid; this one is {grid.kind}.")
        exact = 2 * grid.shape[0] - 1 if _spacing(grid) == "gauss" else grid.shape[0] - 1
        self.grid = grid
        self.truncation = truncation or min((grid.shape[1] - 1) // 3, exact // 2 - 1)

    @property
    def _harmonics(self) -> Any:
        return _harmonics(self.grid, self.truncation, jnp.result_type(float).name)

    @property
    def spectral_shape(self) -> tuple[int, int]:
        """``(m, n)``."""
        return self._harmonics.modal_shape

    @property
    def mask(self) -> np.ndarray:
        """True where a coefficient of a field exists, ``(m, n)``.

        The last n is kept by the transforms for winds alone; a streamfunction has none there.
        """
        mask = np.array(self._harmonics.mask)
        mask[:, -1] = False
        return mask

    def to_spectral(self, field: Float[Array, "*any lat lon"]) -> Float[Array, "*any m n"]:
        """Analysis."""
        turned = field[..., ::-1, :] if self.grid.north_first else field
        return self._harmonics.to_modal(jnp.swapaxes(turned, -1, -2))

    def to_grid(self, spectral: Float[Array, "*any m n"]) -> Float[Array, "*any lat lon"]:
        """Synthesis."""
        field = jnp.swapaxes(self._harmonics.to_nodal(spectral), -1, -2)
        return field[..., ::-1, :] if self.grid.north_first else field

    def laplacian(self, spectral: Float[Array, "*any m n"]) -> Float[Array, "*any m n"]:
        """-n (n + 1) times the coefficients, on the unit sphere: vorticity of psi, divergence of chi."""
        return self._harmonics.laplacian(spectral)

    def winds(self, psi: Float[Array, "*any m n"], chi: Float[Array, "*any m n"]) -> tuple[Array, Array]:
        """Winds (m/s) on the grid of streamfunction and velocity potential (m/s, unit sphere)."""
        harmonics = self._harmonics
        vorticity, divergence = self.laplacian(psi), self.laplacian(chi)
        u, v = spherical_harmonic.vor_div_to_uv_nodal(harmonics, vorticity, divergence, clip=False)
        u, v = jnp.swapaxes(u, -1, -2), jnp.swapaxes(v, -1, -2)
        return (u[..., ::-1, :], v[..., ::-1, :]) if self.grid.north_first else (u, v)

    def potentials(self, u: Float[Array, "*any lat lon"], v: Float[Array, "*any lat lon"]) -> tuple[Array, Array]:
        """Streamfunction and velocity potential ``(..., m, n)`` of winds (m/s) on the grid."""
        harmonics = self._harmonics
        if self.grid.north_first:
            u, v = u[..., ::-1, :], v[..., ::-1, :]
        vorticity, divergence = spherical_harmonic.uv_nodal_to_vor_div_modal(
            harmonics, jnp.swapaxes(u, -1, -2), jnp.swapaxes(v, -1, -2), clip=False
        )
        psi, chi = harmonics.inverse_laplacian(vorticity), harmonics.inverse_laplacian(divergence)
        return psi * self.mask, chi * self.mask


class SphericalBlocks(Covariance):
    """Isotropic correlations, one block across channels a total wavenumber, times a standard deviation.

    U v = s * synthesis(L_n v_n): homogeneous on the sphere but for s(channel, lat, lon).

    Attributes:
        blocks: L_n, lower triangular, ``(n, channel, channel)``.
        sd: s, broadcastable to ``(channel, lat, lon)``.
    """

    blocks: Float[Array, "n channel channel"]
    sd: Float[Array, "channel lat #lon"]
    transform: SphericalTransform

    def root(self, control: Control) -> Array:
        """U v."""
        mixed = jnp.einsum("nij,jmn->imn", self.blocks, control * self.transform.mask)
        return self.sd * self.transform.to_grid(mixed)

    def zero_control(self) -> Control:
        """Zeros ``(channel, m, n)``."""
        shape = (self.blocks.shape[1], *self.transform.spectral_shape)
        return jnp.zeros(shape, self.blocks.dtype)


def estimate_spherical_blocks(
    samples: Float[np.ndarray, "sample channel lat lon"], transform: SphericalTransform
) -> SphericalBlocks:
    """Zonal-mean standard deviations, then a covariance across channels a total wavenumber.

    Raises:
        UserError: a channel without variance somewhere.
    """
    (blocks,) = estimate_independent_blocks(lambda: in_pieces(samples), (samples.shape[1],), transform)
    return blocks


def estimate_independent_blocks(
    pieces: Callable[[], Iterable[np.ndarray]], sizes: Sequence[int], transform: SphericalTransform
) -> tuple[SphericalBlocks, ...]:
    """The same for groups of consecutive channels that know nothing of each other, in two passes over the samples.

    Args:
        pieces: called once a pass, yields pieces ``(sample, channel, lat, lon)``.
        sizes: channels of each group; there may be none.
        transform: to harmonics.

    Raises:
        UserError: a channel without variance somewhere.
    """
    square, count = np.zeros(()), 0
    for piece in pieces():
        square = square + np.mean(np.square(piece, dtype=np.float64), axis=3).sum(axis=0)
        count += len(piece)
    if not np.all(square > 0):
        raise UserError("A channel of the samples never varies: it cannot carry a covariance.")
    sd = np.sqrt(square / count).astype(np.float32)[:, :, None]
    parts = [slice(end - size, end) for size, end in zip(sizes, np.cumsum(sizes).tolist(), strict=True)]
    products = [np.zeros((transform.spectral_shape[1], size, size)) for size in sizes]
    for piece in pieces():
        spectral = np.asarray(transform.to_spectral(jnp.asarray(piece / sd, jnp.float32)), np.float64)
        for total, part in zip(products, parts, strict=True):
            total += np.einsum("simn,sjmn->nij", spectral[:, part], spectral[:, part], optimize=True)
    harmonics = count * np.maximum(transform.mask.sum(0), 1)[:, None, None]
    roots = [_roots(total / harmonics) for total in products]
    return tuple(
        SphericalBlocks(root, jnp.asarray(sd[part]), transform) for root, part in zip(roots, parts, strict=True)
    )


def _roots(blocks: np.ndarray) -> Array:
    """Lower roots; a floor of 1e-6 of the largest mean variance keeps near-singular blocks positive."""
    size = blocks.shape[-1]
    floor = 1e-6 * np.trace(blocks, axis1=1, axis2=2).max() / max(size, 1)
    return jnp.asarray(np.linalg.cholesky(blocks + floor * np.eye(size)), jnp.float32)


def _spacing(grid: Grid) -> str:
    """The name that `dinosaur` gives to the rows of a grid."""
    if grid.kind == "gaussian":
        return "gauss"
    rows = grid.shape[0]
    even = -90.0 + (np.arange(rows) + 0.5) * 180.0 / rows
    if not np.allclose(np.sort(grid.latitude), even, atol=0.01):
        raise UserError("Spherical harmonics need Gaussian latitudes, or even ones half a step from the poles.")
    return "equiangular"


@cache
def _harmonics(grid: Grid, truncation: int, precision: str) -> Any:
    """One object a grid: its basis matrices are large and its identity keys compiled functions.

    JAX remembers by identity in which precision it took over an array, so every precision has its own.
    """
    del precision
    return spherical_harmonic.Grid(
        longitude_wavenumbers=truncation + 1,
        total_wavenumbers=truncation + 2,
        longitude_nodes=grid.shape[1],
        latitude_nodes=grid.shape[0],
        latitude_spacing=_spacing(grid),
        longitude_offset=float(np.deg2rad(grid.longitude[0])),
        radius=1.0,
    )
