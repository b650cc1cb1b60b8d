"""Samples of errors, gone through a piece at a time, and the room that covariances made of them take."""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from latentda.user_error import UserError

PIECE = 32
"""Samples that are worked on at once: enough for fast matrix products, little beside all of them."""

SHARE = 0.25
"""Of the machine's memory that one covariance may take."""


def in_pieces(samples: ndarray, length: int = PIECE) -> Iterator[ndarray]:
    """Slices of the samples, in order; nothing is copied."""
    for first in range(0, len(samples), length):
        yield samples[first : first + length]


def require_samples(count: int) -> None:
    """Raise where there are too few samples for a covariance.

    Raises:
        UserError: fewer than two.
    """
    if count < 2:
        raise UserError(f"A covariance needs at least two samples; got {count}.")


def position_dependent_sd(
    samples: Float[ndarray, "sample channel row column"], smooth: float
) -> Float[ndarray, "channel row column"]:
    """Standard deviations of mean-free samples.

    Args:
        samples: the errors.
        smooth: weight of the zonal-mean variance in the local one: 1 makes it the same along a latitude circle.

    Raises:
        UserError: a channel without variance anywhere; where it has none at some places only, they have none.
    """
    total = np.zeros(samples.shape[1:])
    for piece in in_pieces(samples):
        total += np.sum(np.square(piece, dtype=np.float64), axis=0)
    variance = total / len(samples)
    mixed = (1 - smooth) * variance + smooth * variance.mean(axis=-1, keepdims=True)
    require_variance(mixed)
    return np.sqrt(mixed).astype(np.float32)


def require_variance(variance: Float[ndarray, "channel ..."]) -> None:
    """Check that every channel varies somewhere.

    Raises:
        UserError: one does not.
    """
    if not variance.reshape(len(variance), -1).any(axis=1).all():
        raise UserError("A channel of the samples never varies: it cannot carry a covariance.")


def divisor(sd: Float[ndarray, "..."]) -> Float[ndarray, "..."]:
    """What samples are divided by to have variance one: their standard deviation, and one where they have none."""
    return np.where(sd > 0, sd, 1.0).astype(np.float32)


def require_room(size: float, what: str, instead: str) -> None:
    """Check before anything long starts that a covariance takes no more than its share of the machine's memory.

    Args:
        size: in bytes.
        what: takes it.
        instead: what the user can do.

    Raises:
        UserError: it takes more.
    """
    memory = machine_memory()
    if size > SHARE * memory:
        raise UserError(
            f"{what} would take {size / 2**30:.3g} GiB, more than {SHARE:.0%} of this machine's {memory / 2**30:.3g} "
            f"GiB; {instead}."
        )


def machine_memory() -> int:
    """Bytes of memory that the machine has; 8 GiB where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 8 * 2**30
