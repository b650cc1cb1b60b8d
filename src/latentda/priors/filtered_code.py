"""A code with a linear operator after its decoder: D'(z) = L D(z).

L is what the forecast model keeps of a state (:class:`~latentda.operators.BandLimit`), or that and the divergent wind
that belongs to an increment (:class:`~latentda.priors.DivergentWind`). In the increment form the background keeps what
L would change in it.
"""

from __future__ import annotations

import equinox as eqx
from jaxtyping import Array, Float

from latentda.networks import Autoencoder
from latentda.operators import BandLimit
from latentda.priors.divergent_wind import DivergentWind


class FilteredCode(eqx.Module):
    """An :class:`~latentda.networks.Autoencoder` followed by the operator.

    Attributes:
        code: E and D.
        filter: L.
    """

    code: Autoencoder
    filter: BandLimit | DivergentWind

    @property
    def latent_shape(self) -> tuple[int, int, int]:
        """That of the code."""
        return self.code.latent_shape

    def encode(self, anomaly: Float[Array, "channel lat lon"]) -> Float[Array, "latent row column"]:
        """E(a)."""
        return self.code.encode(anomaly)

    def decode(self, latent: Float[Array, "latent row column"]) -> Float[Array, "channel lat lon"]:
        """L D(z)."""
        return self.filter(self.code.decode(latent))
