"""Error statistics that add up over chunks of states.

For forecasts f_i and truths t_i, i = 1..n, on a grid with area weights w of mean 1 (brackets: the
mean over the grid), each channel keeps

    n,    S_1 = sum_i [ w (f_i - t_i) ],    S_2 = sum_i [ w (f_i - t_i)^2 ]

so that bias = S_1 / n and RMSE = sqrt(S_2 / n). Sums of two chunks add, and only the final step is
not linear: cutting a period into pieces never changes a score. The split into statistic, mergeable
state and metric follows WeatherBench-X (Google Research, 2025).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from latentda.grid import Layout
from latentda.user_error import UserError


@dataclass(frozen=True)
class ErrorSums:
    """Sums over states of each channel's area-mean error and squared error.

    Attributes:
        count: n, the number of states.
        sum_error: S_1, the channels' units.
        sum_square: S_2, the channels' units squared.
    """

    count: int
    sum_error: Float[ndarray, " channel"]
    sum_square: Float[ndarray, " channel"]

    @property
    def bias(self) -> Float[ndarray, " channel"]:
        """Mean error S_1 / n, the channels' units; see :attr:`rmse` for errors."""
        return self.sum_error / _positive(self.count)

    @property
    def rmse(self) -> Float[ndarray, " channel"]:
        """Root mean square error sqrt(S_2 / n), the channels' units.

        Raises:
            ValueError: no state has been added yet.
        """
        return np.sqrt(self.sum_square / _positive(self.count))


def empty_sums(layout: Layout) -> ErrorSums:
    """The sums over no states, to start merging from."""
    channels = len(layout.channels)
    return ErrorSums(0, np.zeros(channels), np.zeros(channels))


def error_sums(
    forecast: Float[ndarray, "... channel lat lon"],
    truth: Float[ndarray, "... channel lat lon"],
    layout: Layout,
) -> ErrorSums:
    """Sums over the leading axes of f - t, in float64.

    Args:
        forecast: the states to verify, physical units.
        truth: the states to verify against, of the same shape.
        layout: names the channels and weighs the grid.

    Raises:
        ValueError: shapes that differ from each other or from the layout's, or a value that is not
            finite; the message names the channel.
    """
    _require_shapes(np.shape(forecast), np.shape(truth), layout)
    error = np.asarray(forecast, np.float64) - np.asarray(truth, np.float64)
    error = error.reshape(-1, *layout.shape)
    _require_finite(error, layout)
    weights = layout.grid.area_weights / layout.grid.area_weights.size
    return ErrorSums(
        error.shape[0],
        np.einsum("scij,ij->c", error, weights),
        np.einsum("scij,scij,ij->c", error, error, weights, optimize=True),
    )


def merge(a: ErrorSums, b: ErrorSums) -> ErrorSums:
    """The sums over the states of both chunks.

    Raises:
        ValueError: the chunks have different numbers of channels.
    """
    if a.sum_error.shape != b.sum_error.shape:
        raise ValueError(f"Sums of {a.sum_error.size} and {b.sum_error.size} channels cannot be merged.")
    return ErrorSums(a.count + b.count, a.sum_error + b.sum_error, a.sum_square + b.sum_square)


def _positive(count: int) -> int:
    if count < 1:
        raise UserError("No state has been verified yet, so there is no score.")
    return count


def _require_shapes(forecast: tuple[int, ...], truth: tuple[int, ...], layout: Layout) -> None:
    if forecast != truth or forecast[-3:] != layout.shape:
        raise ValueError(
            f"Forecast and truth of shape (..., {', '.join(map(str, layout.shape))}) were wanted; "
            f"got {forecast} and {truth}."
        )


def _require_finite(error: ndarray, layout: Layout) -> None:
    finite = np.isfinite(error).all((0, 2, 3))
    if not finite.all():
        bad = [name for name, ok in zip(layout.names, finite, strict=True) if not ok]
        raise UserError(f"Forecast or truth holds NaN or infinity in {', '.join(bad)}.")
