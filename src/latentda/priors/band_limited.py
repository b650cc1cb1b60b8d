"""A code whose decoder gives what the forecast model keeps: D'(z) = P D(z), see :class:`~latentda.operators.BandLimit`.

In the increment form the background keeps what it has outside of the band.
"""

from __future__ import annotations

import equinox as eqx
from jaxtyping import Array, Float

from latentda.networks import Autoencoder
from latentda.operators import BandLimit


class BandLimitedCode(eqx.Module):
    """An :class:`~latentda.networks.Autoencoder` followed by the projection.

    Attributes:
        code: E and D.
        band_limit: P.
    """

    code: Autoencoder
    band_limit: BandLimit

    @property
    def latent_shape(self) -> tuple[int, int, int]:
        """That of the code."""
        return self.code.latent_shape

    def encode(self, anomaly: Float[Array, "channel lat lon"]) -> Float[Array, "latent row column"]:
        """E(a)."""
        return self.code.encode(anomaly)

    def decode(self, latent: Float[Array, "latent row column"]) -> Float[Array, "channel lat lon"]:
        """P D(z)."""
        return self.band_limit(self.code.decode(latent))
