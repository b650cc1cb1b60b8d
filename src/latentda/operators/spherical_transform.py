"""Spherical harmonics on a global grid: analysis, synthesis, and the winds of a streamfunction.

    f(lambda, phi) = sum_mn a_mn P_n^|m|(sin phi) F_m(lambda),    F_0 = 1 / sqrt(2 pi),
    F_m = cos(m lambda) / sqrt(pi) for m > 0,    F_m = sin(|m| lambda) / sqrt(pi) for m < 0

orthonormal on the unit sphere; longitudes count from the grid's first meridian. Analysis is the quadrature of f with
the harmonics, exact for fields within the truncation. Winds follow Helmholtz,

    u = -d psi / d phi + (1 / cos phi) d chi / d lambda,   v = (1 / cos phi) d psi / d lambda + d chi / d phi,

on the unit sphere, so psi and chi are in m/s: the physical ones over the Earth's radius. The analysis of winds is the
transpose of their synthesis under the quadrature, over n (n + 1); nothing is divided by cos phi, so rows may stand on
the poles.
Sources: Wieczorek & Meschede (2018), doi 10.1029/2018GC007529; Swarztrauber (1993),
doi 10.1175/1520-0493(1993)121<3415:TVHTMF>2.0.CO;2 (winds).
"""

from __future__ import annotations

from functools import cache, partial
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from latentda.grid import Grid, meridian_quadrature
from latentda.operators.legendre import legendre_functions, recurrence


class SphericalTransform(eqx.Module):
    """Grid fields ``(..., lat, lon)`` to harmonics ``(..., m, n)`` and back, truncated at ``truncation``.

    The order of m is 0, 1, -1, 2, -2, ...; n is the total wavenumber, up to one beyond the truncation, which the winds
    of the others need. By default the truncation is the largest for which the grid's quadrature gives back coefficients
    and winds exactly, and products of fields do not alias along longitude.

    Raises:
        UserError: a grid that does not go round the globe, or whose rows are those of no quadrature.
    """

    grid: Grid = eqx.field(static=True)
    truncation: int = eqx.field(static=True)

    def __init__(self, grid: Grid, truncation: int | None = None):
        degree = meridian_quadrature(grid).degree
        self.grid = grid
        self.truncation = truncation or min((grid.shape[1] - 1) // 3, degree // 2 - 1)

    @property
    def spectral_shape(self) -> tuple[int, int]:
        """``(m, n)``."""
        return 2 * self.truncation + 1, self.truncation + 2

    @property
    def mask(self) -> np.ndarray:
        """True where a coefficient of a field exists, ``(m, n)``.

        The last n is kept by the transforms for winds alone; a streamfunction has none there.
        """
        m, n = (np.arange(size) for size in self.spectral_shape)
        return ((m[:, None] + 1) // 2 <= n) & (n <= self.truncation)

    def to_spectral(self, field: Float[Array, "*any lat lon"]) -> Float[Array, "*any m n"]:
        """Analysis."""
        return _interleaved(_analysis(self._basis.plain, self._basis.weights, field))

    def to_grid(self, spectral: Float[Array, "*any m n"]) -> Float[Array, "*any lat lon"]:
        """Synthesis."""
        return _synthesis(self._basis.plain, _paired(spectral), self.grid.shape[1])

    def laplacian(self, spectral: Float[Array, "*any m n"]) -> Float[Array, "*any m n"]:
        """-n (n + 1) times the coefficients, on the unit sphere: vorticity of psi, divergence of chi."""
        return spectral * -self._eigenvalues

    def winds(self, psi: Float[Array, "*any m n"], chi: Float[Array, "*any m n"]) -> tuple[Array, Array]:
        """Winds (m/s) on the grid of streamfunction and velocity potential (m/s, unit sphere)."""
        u, v = _winds(self._basis, _paired(jnp.stack([psi, chi])), self.grid.shape[1])
        return u, v

    def potentials(self, u: Float[Array, "*any lat lon"], v: Float[Array, "*any lat lon"]) -> tuple[Array, Array]:
        """Streamfunction and velocity potential ``(..., m, n)`` of winds (m/s) on the grid."""
        inverse = self.mask / np.maximum(self._eigenvalues, 1)
        psi, chi = inverse * _interleaved(_wind_products(self._basis, jnp.stack([u, v])))
        return psi, chi

    @property
    def _eigenvalues(self) -> np.ndarray:
        """n (n + 1)."""
        n = np.arange(self.truncation + 2)
        return n * (n + 1)

    @property
    def _basis(self) -> _Basis:
        return _basis(self.grid, self.truncation, jnp.result_type(float).name)


class _Basis(NamedTuple):
    """What the transforms of a grid multiply with.

    Coefficients of one wavenumber's cosine and sine stand side by side here, ``(..., wave, 2, n)``.
    """

    plain: Float[Array, "wave lat n"]  # P, with the norm of F
    over_cosine: Float[Array, "wave lat n"]  # the same over cos(phi)
    weights: Float[Array, "lat 1"]
    down: Float[Array, "wave 1 n"]  # of cos(phi) d/dphi: what n gives to n - 1
    up: Float[Array, "wave 1 n"]  # and to n + 1


@cache
def _basis(grid: Grid, truncation: int, precision: str) -> _Basis:
    """One object a grid and precision, since the arrays are large and their identity keys compiled functions."""
    rows = meridian_quadrature(grid)
    kind = np.dtype(precision).type
    m, n = np.arange(truncation + 1)[:, None, None], np.arange(truncation + 2)
    norm = np.asarray(np.where(m == 0, np.sqrt(0.5 / np.pi), np.sqrt(1.0 / np.pi)), kind)
    functions = (function * norm for function in legendre_functions(rows, truncation, kind))
    eps = recurrence(truncation)[:, None]
    down, up = (n + 1) * eps[..., :-1], -n * eps[..., 1:]
    up[..., -1] = 0.0
    weights = 2.0 * np.pi * rows.weights[:, None]
    with jax.ensure_compile_time_eval():
        return _Basis(*(jnp.asarray(array, kind) for array in (*functions, weights, down, up)))


@jax.jit
def _analysis(legendre: Array, weights: Array, field: Array) -> Float[Array, "*any wave 2 n"]:
    """Quadrature of a field with the functions."""
    waves = jnp.fft.rfft(field, norm="forward")[..., : legendre.shape[0]]
    pairs = weights * jnp.stack([waves.real, -waves.imag], axis=-3)
    return jnp.einsum("mjn,...sjm->...msn", legendre, pairs, precision="highest")


@partial(jax.jit, static_argnames="columns")
def _synthesis(legendre: Array, pairs: Float[Array, "*any wave 2 n"], columns: int) -> Array:
    """Sum of the functions, times coefficients."""
    cosines, sines = jnp.moveaxis(jnp.einsum("mjn,...msn->...sjm", legendre, pairs, precision="highest"), -3, 0)
    half = np.where(np.arange(legendre.shape[0]) == 0, 1.0, 0.5)
    return jnp.fft.irfft(jax.lax.complex(half * cosines, -half * sines), columns, norm="forward")


@partial(jax.jit, static_argnames="columns")
def _winds(basis: _Basis, potentials: Array, columns: int) -> Float[Array, "2 *any lat lon"]:
    """u and v of psi and chi."""
    east, north = _around(potentials), _northward(basis, potentials)
    return _synthesis(basis.over_cosine, jnp.stack([east[1] - north[0], east[0] + north[1]]), columns)


@jax.jit
def _wind_products(basis: _Basis, wind: Float[Array, "2 *any lat lon"]) -> Array:
    """The transpose of :func:`_winds` under the quadrature: n (n + 1) times psi and chi of u and v."""
    pairs = _analysis(basis.over_cosine, basis.weights, wind)
    east, north = _around(pairs), _northward_transposed(basis, pairs)
    return jnp.stack([-east[1] - north[0], north[1] - east[0]])


def _around(pairs: Array) -> Array:
    """d/dlambda, which is its own negative transpose."""
    m = np.arange(pairs.shape[-3])[:, None, None]
    return m * np.array([[1.0], [-1.0]]) * pairs[..., ::-1, :]


def _northward(basis: _Basis, pairs: Array) -> Array:
    """cos(phi) d/dphi."""
    return _shifted(basis.down * pairs, -1) + _shifted(basis.up * pairs, 1)


def _northward_transposed(basis: _Basis, pairs: Array) -> Array:
    return basis.down * _shifted(pairs, 1) + basis.up * _shifted(pairs, -1)


def _shifted(pairs: Array, by: int) -> Array:
    """Every coefficient ``by`` places further along n."""
    end = jnp.zeros_like(pairs[..., :1])
    return jnp.concatenate([end, pairs[..., :-1]] if by > 0 else [pairs[..., 1:], end], axis=-1)


def _paired(spectral: Float[Array, "*any m n"]) -> Float[Array, "*any wave 2 n"]:
    """Cosine and sine of a wavenumber side by side; that of m = 0 has no sine."""
    mean, rest = spectral[..., :1, :], spectral[..., 1:, :]
    full = jnp.concatenate([mean, jnp.zeros_like(mean), rest], axis=-2)
    return full.reshape(*full.shape[:-2], full.shape[-2] // 2, 2, full.shape[-1])


def _interleaved(pairs: Float[Array, "*any wave 2 n"]) -> Float[Array, "*any m n"]:
    """The inverse of :func:`_paired`."""
    full = pairs.reshape(*pairs.shape[:-3], 2 * pairs.shape[-3], pairs.shape[-1])
    return jnp.concatenate([full[..., :1, :], full[..., 2:, :]], axis=-2)
