"""Spectra on the sphere: kinetic energy and error variance a total wavenumber n.

    E_n = 1/(8 pi) n (n + 1) sum_m ( |psi_mn|^2 + |chi_mn|^2 ),       sum_n E_n = 1/2 [ u^2 + v^2 ]
    P_n = 1/(4 pi) sum_m |f_mn|^2,                                    sum_n P_n = [ f^2 ]

brackets the area mean; psi and chi streamfunction and velocity potential over the Earth's radius (m/s); both sums hold
for fields within the truncation (Parseval). Source: Boer & Shepherd (1983),
doi 10.1175/1520-0469(1983)040<0164:LSTDTI>2.0.CO;2.
"""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from numpy import ndarray

from latentda.grid import Grid
from latentda.operators import SphericalTransform


@dataclass(frozen=True)
class KineticEnergySpectrum:
    """Kinetic energy (m2 s-2) a total wavenumber, from n = 0; its sum is the area mean.

    Attributes:
        rotational: of the streamfunction, ``(..., n)``.
        divergent: of the velocity potential, ``(..., n)``.
    """

    rotational: Float[ndarray, "*any n"]
    divergent: Float[ndarray, "*any n"]

    @property
    def total(self) -> Float[ndarray, "*any n"]:
        """Both together."""
        return self.rotational + self.divergent


def kinetic_energy_spectrum(
    u: Float[ndarray, "*any lat lon"], v: Float[ndarray, "*any lat lon"], grid: Grid
) -> KineticEnergySpectrum:
    """The spectrum of winds (m/s) on a global grid.

    Raises:
        ValueError: a grid without spherical harmonics, such as a regional one.
    """
    with jax.enable_x64(True):
        transform = SphericalTransform(grid)
        psi, chi = transform.potentials(jnp.asarray(u, jnp.float64), jnp.asarray(v, jnp.float64))
    wavenumber = np.arange(psi.shape[-1] - 1)
    rotational, divergent = (
        0.5 * wavenumber * (wavenumber + 1.0) * _power(part) for part in (np.asarray(psi), np.asarray(chi))
    )
    return KineticEnergySpectrum(rotational, divergent)


def variance_spectrum(field: Float[ndarray, "*any lat lon"], grid: Grid) -> Float[ndarray, "*any n"]:
    """P_n (units squared) of a field on a global grid, such as an error or an increment, from n = 0.

    Raises:
        ValueError: a grid without spherical harmonics, such as a regional one.
    """
    with jax.enable_x64(True):
        transform = SphericalTransform(grid)
        spectral = transform.to_spectral(jnp.asarray(field, jnp.float64)) * transform.mask
    return _power(np.asarray(spectral))


def _power(spectral: Float[ndarray, "*any m n"]) -> Float[ndarray, "*any n-1"]:
    """Area mean square a total wavenumber; the harmonics' mean square is 1/(4 pi), and the last n is empty."""
    return (spectral[..., :-1] ** 2).sum(-2) / (4.0 * np.pi)
