"""The classical background error: balanced control variables on the sphere.

    psi   = U_psi v_psi                                  streamfunction
    chi   = N psi + U_chi v_chi                          velocity potential, a part following psi
    (T,p) = M (f psi) + U_m v_m                          mass, a part in linear balance with psi
    q     = U_q v_q

N and M are regressions across levels, one a total wavenumber; every U has vertical covariances a total
wavenumber and latitude-dependent variances. Winds follow from psi and chi. All coefficients are estimated from
samples of forecast error. The vertical covariances are the same everywhere although those of the atmosphere are not,
so a last factor c(channel, latitude, longitude) restores the samples' own variances: B = C U U^T C. They differ between
land and sea, where there are more and fewer observations.

Sources: Parrish & Derber (1992), doi 10.1175/1520-0493(1992)120<1747:TNMCSS>2.0.CO;2; Derber & Bouttier (1999),
doi 10.3402/tellusa.v51i2.12316.
"""

from __future__ import annotations

from collections.abc import Sequence

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
    estimate_spherical_blocks,
    position_dependent_sd,
)
from latentda.user_error import UserError

MASS = ("t", "sp")


class BalancedCovariance(Covariance):
    """B = U U^T with the control-variable transform above; fields are standardised anomalies.

    Attributes:
        psi, chi, mass, humidity: univariate or unbalanced parts, physical units.
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
        return self.calibration * fields[_inverse_order(self.layout)] / self.scale[:, None, None]

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
    """Estimate from mean-free samples of forecast error in standardised anomalies.

    Args:
        samples: the errors.
        scale: a channel's standard deviation.
        layout: which channel is which.
        smooth_sd: weight of the zonal-mean variance in the position-dependent one, 0..1.

    Raises:
        UserError: a layout without u, v, t, sp and q on a global grid.
    """
    missing = {"u", "v", "q", *MASS} - set(layout.variables)
    if missing:
        raise UserError(f"The balanced background error needs {sorted(missing)} in the layout too.")
    physical = np.asarray(samples, np.float32) * np.asarray(scale)[:, None, None]
    transform = SphericalTransform(layout.grid)
    u, v = (jnp.asarray(physical[:, layout.indices(name)]) for name in ("u", "v"))
    mass = physical[:, _indices(layout, MASS)]
    psi, chi = transform.potentials(u, v)
    psi_grid = np.asarray(transform.to_grid(psi))
    divergent, chi_rest = _regress(np.asarray(chi), np.asarray(psi))
    linear = transform.to_spectral(_sine(layout) * psi_grid)
    mass_spectral = np.asarray(transform.to_spectral(jnp.asarray(mass)))
    balanced, mass_rest = _regress(mass_spectral, np.asarray(linear))
    uncalibrated = BalancedCovariance(
        estimate_spherical_blocks(psi_grid, transform),
        estimate_spherical_blocks(np.asarray(transform.to_grid(chi_rest)), transform),
        estimate_spherical_blocks(np.asarray(transform.to_grid(mass_rest)), transform),
        estimate_spherical_blocks(physical[:, layout.indices("q")], transform),
        jnp.asarray(divergent, jnp.float32),
        jnp.asarray(balanced, jnp.float32),
        jnp.asarray(scale, jnp.float32),
        jnp.ones(layout.shape),
        layout,
    )
    return _calibrated(uncalibrated, position_dependent_sd(samples, smooth_sd))


def _calibrated(covariance: BalancedCovariance, sd: ndarray, draws: int = 200) -> BalancedCovariance:
    """The covariance with the wanted standard deviations."""
    keys = jax.random.split(jax.random.key(0), draws)
    drawn = _zonal_squares(covariance, keys)
    factor = jnp.asarray(sd / np.sqrt(np.asarray(drawn).mean(axis=0))[:, :, None], jnp.float32)
    return eqx.tree_at(lambda b: b.calibration, covariance, factor)


@eqx.filter_jit
def _zonal_squares(covariance: BalancedCovariance, keys: Array) -> Float[Array, "draw channel lat"]:
    """Zonal means of the squares of draws."""
    return jax.lax.map(lambda key: jnp.mean(covariance.sample(key) ** 2, -1), keys)


def _regress(target: ndarray, predictor: ndarray) -> tuple[ndarray, Array]:
    """Regression a total wavenumber across levels, and what it leaves of the target (spectral)."""
    cross = np.einsum("simn,sjmn->nij", target, predictor, optimize=True)
    square = np.einsum("simn,sjmn->nij", predictor, predictor, optimize=True)
    size = square.shape[-1]
    ridge = 1e-6 * np.trace(square, axis1=1, axis2=2).max() / size
    matrices = np.linalg.solve(square + ridge * np.eye(size), np.swapaxes(cross, 1, 2))
    matrices = np.swapaxes(matrices, 1, 2).astype(np.float32)
    explained = np.einsum("nij,sjmn->simn", matrices, predictor, optimize=True)
    return matrices, jnp.asarray(target - explained, jnp.float32)


def _by_wavenumber(matrices: Array, spectral: Array) -> Array:
    return jnp.einsum("nij,jmn->imn", matrices, spectral)


def _sine(layout: Layout) -> Array:
    """The Coriolis parameter over 2 Omega, a column of latitudes."""
    return jnp.sin(jnp.deg2rad(jnp.asarray(layout.grid.latitude)))[:, None].astype(jnp.float32)


def _indices(layout: Layout, names: Sequence[str]) -> ndarray:
    return np.concatenate([layout.indices(name) for name in names])


def _inverse_order(layout: Layout) -> ndarray:
    """Where each channel of the layout stands in (u, v, mass, q)."""
    return np.argsort(_indices(layout, ("u", "v", *MASS, "q")))
