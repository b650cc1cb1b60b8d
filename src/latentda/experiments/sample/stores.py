"""The stores of the sample, appended piece by piece: memory does not grow with the number of times.

A store is written under another name and takes its own when it is complete, so that one that is there is whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from numpy import ndarray

from latentda.fields import ForecastWriter, StateWriter
from latentda.fields.writer import CHUNK
from latentda.files import whole
from latentda.grid import Layout, datetime_of_hours

PIECE_BYTES = 2**26
"""Of the states that are held before they are written; a few copies of them are made."""


def write_states(path: Path, layout: Layout, states: Iterable[tuple[int, ndarray]]) -> Path:
    """Write states to a Zarr store, whole or not at all.

    Args:
        path: of the store.
        layout: of the states.
        states: hours since 1970 and ``(channel, lat, lon)``, physical units, in order.

    Raises:
        FieldsError: a value that is not finite.
        UserError: no room, or no right to write.
    """
    with whole(path) as partial:
        count = max(1, PIECE_BYTES // (CHUNK * _bytes(layout))) * CHUNK  # whole chunks: none is written twice
        _append(StateWriter(partial, layout, compact=False), states, count)
    return path


def write_forecasts(path: Path, layout: Layout, leads: Sequence[int], forecasts: Iterable[tuple[int, ndarray]]) -> Path:
    """Write forecasts to a Zarr store, whole or not at all.

    Args:
        path: of the store.
        layout: of the states.
        leads: increasing lead times (h).
        forecasts: hours of the start since 1970 and ``(lead, channel, lat, lon)``, physical units, in order.

    Raises:
        FieldsError: a value that is not finite.
        UserError: no room, or no right to write.
    """
    with whole(path) as partial:
        count = max(1, PIECE_BYTES // (len(leads) * _bytes(layout)))
        _append(ForecastWriter(partial, layout, leads), forecasts, count)
    return path


def _append(writer: StateWriter | ForecastWriter, items: Iterable[tuple[int, ndarray]], count: int) -> None:
    """Append a few items at once."""
    left = iter(items)
    while piece := list(islice(left, count)):
        writer.append(np.stack([values for _, values in piece]), [datetime_of_hours(hours) for hours, _ in piece])


def _bytes(layout: Layout) -> int:
    """Of a state, float32."""
    return 4 * int(np.prod(layout.shape))
