"""The surrogate: one step of a forecast, learned, as the change of a state of standardised anomalies.

    a(t + step) = a(t) + A f(p(a(t)) + position)

p cuts the state into patches of all channels (tokens), f is a small pre-norm transformer with global attention that
ends in a matrix which starts at zero: training starts from persistence of anomalies. The squares that f gives may be
wider than a patch; A adds them up where they overlap. Any grid will do, see
:mod:`~latentda.networks.autoencoder`, whose parts these are.

Sources: Dosovitskiy et al. (2021), arXiv 2010.11929 (vision transformer); learned forecasts as increments rolled out
in time: Lam et al. (2023), doi 10.1126/science.adi2336.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
from jaxtyping import Array, Float, PRNGKeyArray

from latentda.networks.autoencoder import AutoencoderSettings, TokenTransformer, position_embedding
from latentda.networks.code import fold_patches, from_patches, to_patches, token_grid
from latentda.networks.weights import read_network, write_network

SURROGATE = "surrogate"
"""Kind of file."""


@dataclass(frozen=True)
class SurrogateSettings:
    """The shape of a :class:`Surrogate`.

    Attributes:
        patch: side of a patch in grid points.
        width: features of a token inside the transformer.
        heads: attention heads.
        blocks: transformer blocks.
        mlp_ratio: hidden features of a block's MLP over ``width``.
        overlap: grid points by which the squares of change reach into the neighbouring patches.

    Raises:
        ValueError: see :class:`~latentda.networks.autoencoder.AutoencoderSettings`.
    """

    patch: int = 4
    width: int = 128
    heads: int = 4
    blocks: int = 3
    mlp_ratio: int = 4
    overlap: int = 0

    def __post_init__(self) -> None:
        self.transformer()

    def transformer(self) -> AutoencoderSettings:
        """The same as the transformer's parts know them; they have no use for a number of latent channels."""
        return AutoencoderSettings(latent=1, **asdict(self))

    def to_dict(self) -> dict[str, int]:
        """For the header of the weights."""
        return asdict(self)


class Surrogate(eqx.Module):
    """One step of the forecast above.

    Attributes:
        change: f.
        settings: its shape.
        state_shape: ``(channel, lat, lon)``.
        step_hours: the time that a step spans (h).
        periodic: whether the columns close around the globe.
    """

    change: TokenTransformer
    settings: SurrogateSettings = eqx.field(static=True)
    state_shape: tuple[int, int, int] = eqx.field(static=True)
    step_hours: int = eqx.field(static=True)
    periodic: bool = eqx.field(static=True)

    def __init__(
        self,
        state_shape: tuple[int, int, int],
        step_hours: int,
        settings: SurrogateSettings,
        key: PRNGKeyArray,
        *,
        periodic: bool = True,
    ):
        self.settings, self.state_shape = settings, state_shape
        self.step_hours, self.periodic = step_hours, periodic
        circle = state_shape[2] / settings.patch if periodic else None
        position = position_embedding(*token_grid(state_shape, settings.patch), settings.width, circle)
        features = state_shape[0] * settings.patch**2
        wide = state_shape[0] * (settings.patch + 2 * settings.overlap) ** 2
        self.change = TokenTransformer(features, wide, position, settings.transformer(), key)

    def __call__(self, anomaly: Float[Array, "channel lat lon"]) -> Float[Array, "channel lat lon"]:
        """a(t + step)."""
        patch, overlap = self.settings.patch, self.settings.overlap
        squares = self.change(to_patches(anomaly, patch, self.periodic))
        if overlap:
            squares = fold_patches(squares, patch, overlap, self.state_shape, self.periodic)
        return anomaly + from_patches(squares, patch, self.state_shape)


def write_surrogate(
    network: Surrogate, path: str | Path, about: dict[str, Any] | None = None, dtype: Any = None
) -> None:
    """Write ``path`` (``.safetensors``); ``dtype`` e.g. float16 to keep it small."""
    described = {
        "settings": network.settings.to_dict(),
        "state_shape": list(network.state_shape),
        "step_hours": network.step_hours,
        "periodic": network.periodic,
    }
    write_network(network, path, SURROGATE, described, about, dtype)


def read_surrogate(path: str | Path) -> Surrogate:
    """Rebuild the network of ``path``; runs no code of the file.

    Raises:
        UserError: the file is missing, damaged, or does not fit its description.
    """
    return read_network(path, SURROGATE, _skeleton)


def _skeleton(described: dict[str, Any]) -> Surrogate:
    first, second, third = described["state_shape"]
    step, periodic = int(described["step_hours"]), bool(described["periodic"])
    settings = SurrogateSettings(**described["settings"])
    return Surrogate((first, second, third), step, settings, jax.random.key(0), periodic=periodic)
