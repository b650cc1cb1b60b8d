"""How independent latent errors really are: the correlations that a diagonal B_z takes to be zero.

For mean-free errors e(channel, row, column), c(i, j) = <e_i e_j> / (s_i s_j) over samples. N independent samples of
independent errors show |c| of about 1 / sqrt(N), so the root mean squares are freed of it: sqrt(<c^2> - 1 / N).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from latentda.user_error import UserError


@dataclass(frozen=True)
class LatentCorrelations:
    """Root mean square correlations, without what the number of samples alone makes.

    Attributes:
        within_token: between different channels of one token.
        next_token: between the same channel of tokens side by side on a latitude circle.
        next_row: the same, of tokens one above the other.
        next_token_other_channel: between different channels of tokens side by side.
    """

    within_token: float
    next_token: float
    next_row: float
    next_token_other_channel: float

    def to_dict(self) -> dict[str, float]:
        """Rounded to three digits, for a header or a table."""
        return {name: round(value, 3) for name, value in asdict(self).items()}


def latent_correlations(samples: Float[ndarray, "sample channel row column"]) -> LatentCorrelations:
    """Correlations of mean-free errors on a token grid that is periodic in its columns.

    Raises:
        UserError: fewer than two samples, or an element that never varies.
    """
    sd = samples.std(axis=0)
    if len(samples) < 2 or not np.all(sd > 0):
        raise UserError("Correlations need at least two samples in which every latent element varies.")
    normal = (samples / sd).astype(np.float32)
    beside, above = np.roll(normal, -1, axis=-1), normal[..., 1:, :]
    off = ~np.eye(samples.shape[1], dtype=bool)
    neighbours = _across_channels(normal, beside)
    return LatentCorrelations(
        _size(_across_channels(normal, normal)[off], len(samples)),
        _size(neighbours[~off], len(samples)),
        _size(np.einsum("scyx,scyx->cyx", normal[..., :-1, :], above) / len(samples), len(samples)),
        _size(neighbours[off], len(samples)),
    )


def _across_channels(one: ndarray, other: ndarray) -> ndarray:
    """c(channel, channel', token)."""
    first, second = (np.moveaxis(part.reshape(*part.shape[:2], -1), -1, 0) for part in (one, other))
    return np.moveaxis(np.einsum("tsi,tsj->tij", first, second, optimize=True), 0, -1) / len(one)


def _size(correlation: ndarray, samples: int) -> float:
    square = float(np.mean(np.square(correlation, dtype=np.float64)))
    return float(np.sqrt(max(square - 1.0 / samples, 0.0)))
