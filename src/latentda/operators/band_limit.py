"""What a spectral model keeps of a state: the part within its truncation, and the divergence of its wind.

    P a = s^-1 S_T s a

s are the scales of the channels and S_T the projection on the spherical harmonics of the truncation: of streamfunction
and velocity potential for the wind, of the field itself for every other channel. P is linear and a projection. On its
way into such a model a state loses a - P a; an increment that has such a part fits observations with what the
forecast never sees.
"""

from __future__ import annotations

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from latentda.grid import EARTH_RADIUS, Layout
from latentda.operators.spherical_transform import SphericalTransform
from latentda.user_error import UserError


class BandLimit(eqx.Module):
    """``band_limit(a)`` -> P a.

    Args:
        layout: winds u and v on the same levels of a grid that spherical harmonics can serve.
        scale: standard deviations s of the channels, in physical units.

    Raises:
        UserError: a layout that is not of that kind.
    """

    scale: Float[Array, " channel"]
    layout: Layout = eqx.field(static=True)
    transform: SphericalTransform

    def __init__(self, layout: Layout, scale: Float[ArrayLike, " channel"]):
        if not layout.levels_of("u") or layout.levels_of("u") != layout.levels_of("v"):
            raise UserError("A band limit needs both wind components, u and v, on the same levels.")
        self.layout = layout
        self.scale = jnp.asarray(scale, jnp.float32)
        self.transform = SphericalTransform(layout.grid)

    @property
    def variables(self) -> tuple[slice, slice, slice]:
        """Where streamfunction, velocity potential and the other channels stand among spectral variables."""
        levels = len(self.layout.levels_of("u"))
        return slice(0, levels), slice(levels, 2 * levels), slice(2 * levels, len(self.layout.channels))

    def __call__(self, anomaly: Float[Array, "channel lat lon"]) -> Float[Array, "channel lat lon"]:
        """P a."""
        return self.to_grid(self.to_spectral(anomaly))

    def to_spectral(self, anomaly: Float[Array, "channel lat lon"]) -> Float[Array, "variable m n"]:
        """Streamfunction and velocity potential (m/s, unit sphere), and the other channels in units of their scales."""
        u, v, others = self._channels
        potentials = self.transform.potentials(anomaly[u] * self._scale(u), anomaly[v] * self._scale(v))
        return jnp.concatenate([*potentials, self.transform.to_spectral(anomaly[others]) * self.transform.mask])

    def to_grid(self, spectral: Float[Array, "variable m n"]) -> Float[Array, "channel lat lon"]:
        """The anomaly of spectral variables."""
        u, v, others = self._channels
        psi, chi, rest = (spectral[part] for part in self.variables)
        wind = self.transform.winds(psi, chi)
        parts = (wind[0] / self._scale(u), wind[1] / self._scale(v), self.transform.to_grid(rest))
        return jnp.concatenate(parts)[np.argsort(np.concatenate([u, v, others]))]

    def divergence(self, anomaly: Float[Array, "channel lat lon"]) -> Float[Array, "level lat lon"]:
        """Horizontal divergence (s-1) of the band-limited wind on its levels."""
        u, v, _ = self._channels
        _, chi = self.transform.potentials(anomaly[u] * self._scale(u), anomaly[v] * self._scale(v))
        return self.transform.to_grid(self.transform.laplacian(chi)) / EARTH_RADIUS

    @property
    def _channels(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        u, v = self.layout.indices("u"), self.layout.indices("v")
        return u, v, np.setdiff1d(np.arange(len(self.layout.channels)), np.concatenate([u, v]))

    def _scale(self, channels: np.ndarray) -> Array:
        return self.scale[channels][:, None, None]
