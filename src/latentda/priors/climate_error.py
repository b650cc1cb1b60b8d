"""Errors of a model's climate: zonal, smooth in latitude, deep, the same at all longitudes.

    U v [channel, lat, lon] = s sum_k V[channel, k] sum_n a_n sqrt(2 n + 1) P_n(sin lat) v[k, n]

P_n are Legendre polynomials, a_n^2 ~ exp(-(n / n_0)^2) with sum 1, and V V^T correlates the levels of one variable by
exp(-1/2 (d ln p / L)^2). Beside a background error it takes up what innovations show at all longitudes alike, so
that the bias of a model that is not the real atmosphere is not fitted as if it were weather: a bias-aware analysis with
the bias in the control vector.

Source: Dee (2005), doi 10.1256/qj.05.137; Dee & da Silva (1998), doi 10.1002/qj.49712454512.
"""

from __future__ import annotations

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpy import ndarray

from latentda.grid import Layout
from latentda.operators import Control, Covariance
from latentda.user_error import UserError

DEGREES = 12
"""Legendre polynomials kept."""


class ClimateError(Covariance):
    """The covariance U U^T of standardised anomalies.

    Attributes:
        vertical: s V, ``(channel, mode)``.
        meridional: a_n sqrt(2 n + 1) P_n(sin lat), ``(lat, degree)``.
        longitudes: their number.
    """

    vertical: Float[Array, "channel mode"]
    meridional: Float[Array, "lat degree"]
    longitudes: int = eqx.field(static=True)

    def root(self, control: Control) -> Float[Array, "channel lat lon"]:
        """U v."""
        zonal = self.vertical @ control @ self.meridional.T
        return jnp.broadcast_to(zonal[..., None], (*zonal.shape, self.longitudes))

    def zero_control(self) -> Control:
        """Zeros ``(mode, degree)``."""
        return jnp.zeros((self.vertical.shape[1], self.meridional.shape[1]), self.vertical.dtype)


def climate_error(
    layout: Layout, sd: float = 1.0, *, degree: float = 4.0, depth: float = 0.7, variables: tuple[str, ...] = ()
) -> ClimateError:
    """The climate error of a layout.

    Args:
        layout: on a global grid.
        sd: s, in climatological standard deviations.
        degree: n_0.
        depth: L, in ln p.
        variables: those which have it; all by default.

    Raises:
        UserError: a grid that is not global, or a size that is not positive.
    """
    if not layout.grid.periodic:
        raise UserError("A climate error of zonal means wants a grid around the globe; this one is regional.")
    if min(sd, degree, depth) <= 0.0:
        raise UserError(f"The climate error's sizes must be positive; got sd {sd}, degree {degree}, depth {depth}.")
    names = np.asarray([channel.short for channel in layout.channels])
    height = np.asarray([0.0 if c.level is None else np.log(c.level) for c in layout.channels])
    together = names[:, None] == names
    correlation = np.where(together, np.exp(-0.5 * ((height[:, None] - height) / depth) ** 2), 0.0)
    root = np.linalg.cholesky(correlation + 1e-6 * np.eye(len(names)))
    wanted = np.isin(names, variables or names)
    return ClimateError(
        jnp.asarray(sd * wanted[:, None] * root, jnp.float32),
        jnp.asarray(_meridional(np.asarray(layout.grid.latitude), degree), jnp.float32),
        layout.grid.shape[1],
    )


def _meridional(latitude: ndarray, degree: float) -> Float[ndarray, "lat degree"]:
    order = np.arange(DEGREES + 1)
    weight = np.exp(-((order / degree) ** 2))
    polynomials = np.polynomial.legendre.legvander(np.sin(np.deg2rad(latitude)), DEGREES)
    return polynomials * np.sqrt((2 * order + 1) * weight / weight.sum())
