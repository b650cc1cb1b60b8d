"""Covariance with one block a zonal wavenumber: homogeneous along latitude circles, free elsewhere.

A field f (channel, row, column) on a periodic grid is scaled by position-dependent standard deviations
and expanded along longitude:

    f = s * sum_m  e^{i m lambda}  L_m v_m ,      B_m = L_m L_m^H

L_m couples all channels and all rows, so correlations between channels and latitudes are whatever the
samples say; only their dependence on longitude is that of a stationary process. The same class serves
latent tokens and model fields. Wavenumbers beyond the blocks carry no variance.

Estimation: correlations C(channel, row, channel', row'; delta lambda) averaged over samples and
longitudes, multiplied by a Gaspari-Cohn taper of the great-circle distance (a Schur product of two
positive semi-definite functions, so the result is one), and Fourier-transformed in delta lambda.

Sources: Gaspari & Cohn (1999), doi 10.1002/qj.49712555417, eq. 4.10, for the taper.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Complex, Float
from numpy import ndarray

from latentda.grid import great_circle_km
from latentda.operators.covariance import Control, Covariance
from latentda.operators.samples import divisor, in_pieces, position_dependent_sd, require_room, require_samples


class ZonalBlocks(Covariance):
    """The covariance above.

    Attributes:
        blocks: L_m, lower triangular, ``(wavenumber, channel*row, channel*row)``.
        sd: standard deviations s ``(channel, row, column)``.
    """

    blocks: Complex[Array, "wavenumber n n"]
    sd: Float[Array, "channel row column"]

    def root(self, control: Control) -> Array:
        """U v, with v white of the field's shape, one real number a field value."""
        channels, rows, columns = self.sd.shape
        # An orthonormal transform along longitude keeps a white vector white.
        white = jnp.fft.rfft(control, axis=-1, norm="ortho").reshape(channels * rows, -1)
        mixed = jnp.einsum("mij,jm->im", self.blocks, white[:, : len(self.blocks)])
        correlated = jnp.fft.irfft(mixed, n=columns, axis=-1, norm="ortho")
        return self.sd * correlated.reshape(channels, rows, columns)

    def inverse_root(self, field: Float[Array, "channel row column"]) -> Control:
        """U^-1 x: what makes a field with this covariance white.

        Raises:
            ValueError: fewer blocks than wavenumbers, so that there is no inverse.
        """
        channels, rows, columns = self.sd.shape
        if len(self.blocks) < columns // 2 + 1:
            raise ValueError(f"{len(self.blocks)} of {columns // 2 + 1} wavenumbers carry variance: no inverse exists.")
        normal = jnp.fft.rfft(field / self.sd, axis=-1, norm="ortho").reshape(channels * rows, -1)
        solved = jax.lax.linalg.triangular_solve(self.blocks, normal.T[..., None], left_side=True, lower=True)
        return jnp.fft.irfft(solved[..., 0].T, n=columns, axis=-1, norm="ortho").reshape(self.sd.shape)

    def zero_control(self) -> Control:
        """Zeros of the field's shape."""
        return jnp.zeros_like(self.sd)


def gaspari_cohn(distance: Any, radius: ArrayLike) -> Any:
    """The fifth-order taper: 1 at zero distance, 0 from ``radius`` on (same units); of JAX where distances are."""
    xp = jnp if isinstance(distance, jax.Array) else np
    r = xp.abs(distance if xp is jnp else np.asarray(distance, float)) / (0.5 * radius)
    near = 1 - 5 / 3 * r**2 + 5 / 8 * r**3 + 0.5 * r**4 - 0.25 * r**5
    with np.errstate(divide="ignore", invalid="ignore"):
        far = 4 - 5 * r + 5 / 3 * r**2 + 5 / 8 * r**3 - 0.5 * r**4 + r**5 / 12 - 2 / (3 * r)
    # In single precision the far part may end a rounding error below zero.
    return xp.where(r <= 1, near, xp.where(r < 2, xp.maximum(far, 0.0), 0.0))


def estimate_zonal_blocks(
    samples: Float[ndarray, "sample channel row column"],
    latitude: Float[ndarray, " row"],
    *,
    localization_radius_km: float,
    smooth_sd: float = 1.0,
    wavenumbers: int | None = None,
) -> ZonalBlocks:
    """Estimate the covariance of mean-free samples.

    Args:
        samples: error samples on a periodic grid with equal longitude steps.
        latitude: degrees north of the rows.
        localization_radius_km: where the taper reaches zero.
        smooth_sd: weight of the zonal-mean variance in the position-dependent one, 0..1.
        wavenumbers: how many to keep, from 0 on: those that the fields resolve; by default all of the grid's.

    Raises:
        UserError: fewer than two samples, a channel without variance, or blocks too large for the machine.
    """
    count, channels, rows, columns = samples.shape
    require_samples(count)
    _require_room(channels, rows, columns // 2 + 1)
    sd = position_dependent_sd(samples, smooth_sd)
    blocks = np.zeros((columns // 2 + 1, channels * rows, channels * rows), np.complex64)
    for piece in in_pieces(samples):
        spectrum = np.fft.rfft((piece / divisor(sd)).astype(np.float32), axis=-1, norm="ortho").astype(np.complex64)
        flat = spectrum.reshape(len(piece), channels * rows, -1)
        blocks += np.einsum("sim,sjm->mij", flat, flat.conj(), optimize=True)
    tapered = _taper(blocks / count, latitude, channels, columns, localization_radius_km)
    return ZonalBlocks(jnp.asarray(_cholesky(tapered[:wavenumbers])), jnp.asarray(sd, jnp.float32))


def _require_room(channels: int, rows: int, wavenumbers: int) -> None:
    size = channels * rows
    require_room(
        np.dtype(np.complex64).itemsize * wavenumbers * size**2,
        f"{wavenumbers} zonal blocks of {channels} channels on {rows} rows, {size} x {size} numbers each,",
        "leave out levels or variables, or do without zonal blocks",
    )


def _taper(blocks: ndarray, latitude: ndarray, channels: int, columns: int, radius: float) -> ndarray:
    """Multiply the correlations by the taper in longitude-difference space, block row by block row."""
    rows = len(latitude)
    shift = np.arange(columns) * 360.0 / columns
    distance = great_circle_km(latitude[:, None, None], np.zeros(1), latitude[None, :, None], shift[None, None, :])
    weight = gaspari_cohn(distance, radius).astype(np.float32)
    shaped = blocks.reshape(-1, channels, rows, channels, rows)
    out = np.empty_like(shaped)
    for row in range(rows):
        lagged = np.fft.irfft(shaped[:, :, row], n=columns, axis=0)
        lagged *= np.moveaxis(weight[row], -1, 0)[:, None, None, :]
        out[:, :, row] = np.fft.rfft(lagged, axis=0)
    return out.reshape(blocks.shape)


def _cholesky(blocks: ndarray) -> ndarray:
    """Lower roots; a floor of 1e-4 of the mean variance keeps near-singular blocks positive."""
    size = blocks.shape[-1]
    floor = 1e-4 * np.real(np.trace(blocks, axis1=-2, axis2=-1)).mean() / size
    return np.stack([_root(block, floor) for block in blocks])


def _root(block: ndarray, floor: float) -> ndarray:
    hermitian = 0.5 * (block + block.conj().T)
    return np.linalg.cholesky(hermitian.astype(np.complex128) + floor * np.eye(len(block))).astype(np.complex64)
