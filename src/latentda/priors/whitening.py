"""Whitening as the last linear layer of a code: forecast errors become independent in its latent space.

    E'(a) = U^-1 E(a),     D'(z) = D(U z),     B_z = U U^T

Encoded by E, forecast errors have the covariance B_z; encoded by E', the identity. A diagonal latent background error,
which published methods assume, then is exact, and the increment form

    D'(E'(x_b) + v) = D(E(x_b) + U v)

is the one with the structured B_z: making the errors independent and knowing how they depend are one thing.
"""

from __future__ import annotations

import equinox as eqx
from jaxtyping import Array, Float

from latentda.networks import Autoencoder
from latentda.operators import ZonalBlocks


class WhitenedCode(eqx.Module):
    """An :class:`~latentda.networks.Autoencoder` with the layer above.

    Attributes:
        code: E and D.
        latent_error: B_z by its root U.
    """

    code: Autoencoder
    latent_error: ZonalBlocks

    @property
    def latent_shape(self) -> tuple[int, int, int]:
        """That of the code."""
        return self.code.latent_shape

    def encode(self, anomaly: Float[Array, "channel lat lon"]) -> Float[Array, "latent row column"]:
        """U^-1 E(a)."""
        return self.latent_error.inverse_root(self.code.encode(anomaly))

    def decode(self, latent: Float[Array, "latent row column"]) -> Float[Array, "channel lat lon"]:
        """D(U z)."""
        return self.code.decode(self.latent_error.root(latent))
