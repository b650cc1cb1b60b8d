"""The classical background error: balanced control variables on the sphere.

    psi   = U_psi v_psi                                  streamfunction
    chi   = N psi + U_chi v_chi                          velocity potential, a part following psi
    mass  = M (f psi) + U_m v_m                          a part in linear balance with psi
    q     = U_q v_q                                      humidity and all else

N and M are regressions across levels, one a total wavenumber; every U has vertical covariances a total
wavenumber and latitude-dependent variances. Winds follow from psi and chi. All coefficients are estimated from
samples of forecast error. The vertical covariances are the same everywhere although those of the atmosphere are not,
so a last factor c(channel, latitude, longitude) restores the samples' own variances: B = C U U^T C. They differ between
land and sea, where there are more and fewer observations.

It takes whatever a layout has. Both components of a wind on one level give psi and chi there, those at 10 m among them
as one level more; temperatures, geopotentials and pressures are mass; each group may be empty, and without winds
nothing is balanced.

Sources: Parrish & Derber (1992), doi 10.1175/1520-0493(1992)120<1747:TNMCSS>2.0.CO;2; Derber & Bouttier (1999),
doi 10.3402/tellusa.v51i2.12316.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpy import ndarray

from latentda.grid import Layout
from latentda.operators import (
    Control,
    Covariance,
    SphericalBlocks,
    SphericalTransform,
    divisor,
    estimate_independent_blocks,
    in_pieces,
    position_dependent_sd,
)

WINDS = (("u", "v"), ("u10m", "v10m"))
"""Components that make a wind."""

MASS = ("t", "sp", "z", "msl", "tv", "t2m")
"""Variables of mass, which is in balance with the wind."""


class Channels(NamedTuple):
    """Where the variables that belong together stand among a layout's channels.

    Attributes:
        u: zonal winds of which the meridional component is there too.
        v: their meridional components, in the same order.
        mass: temperatures, pressures, geopotentials.
        others: everything else, first of all humidity.
    """

    u: ndarray
    v: ndarray
    mass: ndarray
    others: ndarray


def channels_of(layout: Layout) -> Channels:
    """The groups of a layout."""
    names = {(channel.short, channel.level): i for i, channel in enumerate(layout.channels)}
    winds = [
        (i, names[v, layout.channels[i].level])
        for u, v in WINDS
        for i in layout.indices(u)
        if (v, layout.channels[i].level) in names
    ]
    u, v = np.asarray(winds, int).reshape(-1, 2).T
    mass = np.concatenate([layout.indices(name) for name in MASS])
    rest = np.concatenate([layout.indices(name) for name in sorted(layout.variables, key=lambda name: name != "q")])
    return Channels(u, v, mass, rest[~np.isin(rest, np.concatenate([u, v, mass]))])


class BalancedCovariance(Covariance):
    """B = U U^T with the control-variable transform above; fields are standardised anomalies.

    Attributes:
        psi, chi, mass, humidity: univariate or unbalanced parts, physical units; the last one is of all other channels.
        divergent: N ``(n, level, level)``.
        balanced: M ``(n, mass channel, level)``.
        scale: a channel's standard deviation, to divide by.
        calibration: c.
        layout: which channel is which.
    """

    psi: SphericalBlocks
    chi: SphericalBlocks
    mass: SphericalBlocks
    humidity: SphericalBlocks
    divergent: Float[Array, "n level level"]
    balanced: Float[Array, "n mass level"]
    scale: Float[Array, " channel"]
    calibration: Float[Array, "channel lat lon"]
    layout: Layout = eqx.field(static=True)

    def root(self, control: Control) -> Array:
        """U v."""
        transform = self.psi.transform
        v_psi, v_chi, v_mass, v_humidity = control
        psi = self.psi.root(v_psi)
        # Winds of the last total wavenumber would lack their part beyond it, and grow towards the poles.
        spectral = transform.to_spectral(psi) * transform.mask
        chi = transform.to_spectral(self.chi.root(v_chi)) * transform.mask
        chi = chi + _by_wavenumber(self.divergent, spectral)
        u, v = transform.winds(spectral, chi)
        linear = transform.to_spectral(_sine(self.layout) * psi)
        mass = self.mass.root(v_mass) + transform.to_grid(_by_wavenumber(self.balanced, linear))
        fields = jnp.concatenate([u, v, mass, self.humidity.root(v_humidity)])
        order = np.argsort(np.concatenate(channels_of(self.layout)))
        return self.calibration * fields[order] / self.scale[:, None, None]

    def zero_control(self) -> Control:
        """Four zero fields of coefficients."""
        parts = (self.psi, self.chi, self.mass, self.humidity)
        return tuple(part.zero_control() for part in parts)


def estimate_balanced(
    samples: Float[ndarray, "sample channel lat lon"],
    scale: Float[ndarray, " channel"],
    layout: Layout,
    *,
    smooth_sd: float = 1.0,
) -> BalancedCovariance:
    """Estimate from mean-free samples of forecast error in standardised anomalies, in three passes.

    Args:
        samples: the errors.
        scale: a channel's standard deviation.
        layout: which channel is which.
        smooth_sd: weight of the zonal-mean variance in the position-dependent one, 0..1.

    Raises:
        UserError: a grid that spherical harmonics cannot serve, or a channel that never varies.
    """
    transform, channels = SphericalTransform(layout.grid), channels_of(layout)

    def pieces() -> Iterator[_Spectra]:
        for piece in in_pieces(samples):
            yield _spectra(piece * np.asarray(scale, np.float32)[:, None, None], channels, transform, layout)

    def unbalanced() -> Iterator[ndarray]:
        for some in pieces():
            chi, mass = some.chi - _explained(divergent, some.psi), some.mass - _explained(balanced, some.linear)
            grids = (np.asarray(transform.to_grid(jnp.asarray(rest))) for rest in (some.psi, chi, mass))
            yield np.concatenate([*grids, some.others], axis=1)

    divergent, balanced = _regressions(pieces())
    sizes = (channels.u.size, channels.u.size, channels.mass.size, channels.others.size)
    psi, chi, mass, humidity = estimate_independent_blocks(unbalanced, sizes, transform)
    uncalibrated = BalancedCovariance(
        psi,
        chi,
        mass,
        humidity,
        jnp.asarray(divergent),
        jnp.asarray(balanced),
        jnp.asarray(scale, jnp.float32),
        jnp.ones(layout.shape),
        layout,
    )
    return _calibrated(uncalibrated, position_dependent_sd(samples, smooth_sd))


class _Spectra(NamedTuple):
    """Some samples: psi, chi, f psi and mass as harmonics, all else on the grid; physical units."""

    psi: ndarray
    chi: ndarray
    linear: ndarray
    mass: ndarray
    others: ndarray


def _spectra(physical: ndarray, channels: Channels, transform: SphericalTransform, layout: Layout) -> _Spectra:
    psi, chi = transform.potentials(jnp.asarray(physical[:, channels.u]), jnp.asarray(physical[:, channels.v]))
    linear = transform.to_spectral(_sine(layout) * transform.to_grid(psi))
    mass = transform.to_spectral(jnp.asarray(physical[:, channels.mass]))
    return _Spectra(
        np.asarray(psi), np.asarray(chi), np.asarray(linear), np.asarray(mass), physical[:, channels.others]
    )


def _regressions(pieces: Iterator[_Spectra]) -> tuple[ndarray, ndarray]:
    """N of chi on psi and M of mass on f psi."""
    chi_psi, psi_psi, mass_linear, linear_linear = (np.zeros(()) for _ in range(4))
    for some in pieces:
        chi_psi = chi_psi + _product(some.chi, some.psi)
        psi_psi = psi_psi + _product(some.psi, some.psi)
        mass_linear = mass_linear + _product(some.mass, some.linear)
        linear_linear = linear_linear + _product(some.linear, some.linear)
    return _regression(chi_psi, psi_psi), _regression(mass_linear, linear_linear)


def _product(one: ndarray, other: ndarray) -> Float[ndarray, "n channel level"]:
    return np.einsum("simn,sjmn->nij", one, other, optimize=True).astype(np.float64)


def _regression(cross: ndarray, square: ndarray) -> Float[ndarray, "n channel level"]:
    """Across levels, one a total wavenumber."""
    size = square.shape[-1]
    ridge = 1e-6 * np.trace(square, axis1=1, axis2=2).max() / max(size, 1)
    matrices = np.linalg.solve(square + ridge * np.eye(size), np.swapaxes(cross, 1, 2))
    return np.swapaxes(matrices, 1, 2).astype(np.float32)


def _explained(matrices: ndarray, spectral: ndarray) -> ndarray:
    return np.einsum("nij,sjmn->simn", matrices, spectral, optimize=True)


def _calibrated(covariance: BalancedCovariance, sd: ndarray, draws: int = 200) -> BalancedCovariance:
    """The covariance with the wanted standard deviations."""
    keys = jax.random.split(jax.random.key(0), draws)
    drawn = _zonal_squares(covariance, keys)
    factor = jnp.asarray(sd / divisor(np.sqrt(np.asarray(drawn).mean(axis=0)))[:, :, None], jnp.float32)
    return eqx.tree_at(lambda b: b.calibration, covariance, factor)


@eqx.filter_jit
def _zonal_squares(covariance: BalancedCovariance, keys: Array) -> Float[Array, "draw channel lat"]:
    """Zonal means of the squares of draws."""
    return jax.lax.map(lambda key: jnp.mean(covariance.sample(key) ** 2, -1), keys)


def _by_wavenumber(matrices: Array, spectral: Array) -> Array:
    return jnp.einsum("nij,jmn->imn", matrices, spectral)


def _sine(layout: Layout) -> Array:
    """The Coriolis parameter over 2 Omega, a column of latitudes."""
    return jnp.sin(jnp.deg2rad(jnp.asarray(layout.grid.latitude)))[:, None].astype(jnp.float32)
