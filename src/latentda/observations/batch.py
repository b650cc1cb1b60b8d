"""Observation batches: arrays of fixed shape for compiled code.

Compiled code is specialised to shapes, so a batch is padded to one of a few sizes and the padding
masked by `valid`. Padding is benign: value 0, error 1, so that (H(x) - y) / error stays finite and
`where(valid, ..., 0)` has finite gradients too.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Array, Bool, Float, Int

from latentda.observations.table import (
    SURFACE_VARIABLES,
    VARIABLES,
    ObservationError,
    as_time64,
    column,
    used,
)

DEFAULT_SIZES = (256, 1024, 4096, 16384, 65536, 262144)


class ObservationBatch(eqx.Module):
    """Used observations, padded to a fixed length.

    Attributes:
        latitude: degrees north.
        longitude: degrees east, 0 to 360.
        pressure: Pa; 0 for surface variables and for data located by their height.
        height: geopotential height, m, of upper-air data without pressure; 0 for all others.
        elevation: height of the station, m; 0 where unknown.
        value: the observation, SI.
        error: its standard deviation, SI; 1 in padding.
        hours: time minus analysis time, h.
        variable: index into `VARIABLES`.
        valid: false in padding.
        row: row of the table the datum came from, -1 in padding.
    """

    latitude: Float[Array, " obs"]
    longitude: Float[Array, " obs"]
    pressure: Float[Array, " obs"]
    height: Float[Array, " obs"]
    elevation: Float[Array, " obs"]
    value: Float[Array, " obs"]
    error: Float[Array, " obs"]
    hours: Float[Array, " obs"]
    variable: Int[Array, " obs"]
    valid: Bool[Array, " obs"]
    row: Int[Array, " obs"]

    @property
    def size(self) -> int:
        """Length of the arrays, padding included."""
        return self.value.shape[-1]


def make_batch(
    table: pa.Table,
    analysis_time: datetime | np.datetime64,
    sizes: Sequence[int] | None = None,
) -> ObservationBatch:
    """Pack the used rows of a table, sorted by variable and kept in table order within one.

    Args:
        table: observations with errors assigned.
        analysis_time: UTC time that `hours` counts from.
        sizes: lengths to choose from; the smallest that fits is taken, beyond the largest its next
            multiple.

    Raises:
        ObservationError: a used row has no error, or an upper-air row neither pressure nor height.
    """
    variable = pc.index_in(table["variable"], pa.array(VARIABLES)).to_numpy()
    rows = np.flatnonzero(used(table))
    rows = rows[np.argsort(variable[rows], kind="stable")]
    pressure, height, error = _checked(table, rows)
    elapsed = column(table, "time").astype("datetime64[ns]") - as_time64(analysis_time)
    hours = elapsed / np.timedelta64(1, "h")
    length = padded_size(len(rows), sizes or DEFAULT_SIZES)

    def padded(values: np.ndarray, fill: float, kind: type) -> Array:
        full: np.ndarray = np.full(length, fill, dtype=kind)
        full[: len(rows)] = values
        return jnp.asarray(full)

    return ObservationBatch(
        latitude=padded(column(table, "lat")[rows], 0.0, np.float64),
        longitude=padded(column(table, "lon")[rows], 0.0, np.float64),
        pressure=padded(pressure, 0.0, np.float64),
        height=padded(height, 0.0, np.float64),
        elevation=padded(np.nan_to_num(column(table, "elev")[rows]), 0.0, np.float64),
        value=padded(column(table, "observation")[rows], 0.0, np.float64),
        error=padded(error, 1.0, np.float64),
        hours=padded(hours[rows], 0.0, np.float64),
        variable=padded(variable[rows], 0, np.int32),
        valid=padded(np.ones(len(rows), dtype=bool), False, np.bool_),
        row=padded(rows, -1, np.int32),
    )


def padded_size(count: int, sizes: Sequence[int] = DEFAULT_SIZES) -> int:
    """The smallest of `sizes` that holds `count`; beyond the largest, the next multiple of it."""
    fitting = [size for size in sizes if size >= count]
    if fitting:
        return min(fitting)
    largest = max(sizes)
    return -(-count // largest) * largest


def _checked(table: pa.Table, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    error = column(table, "error")[rows]
    if np.isnan(error).any():
        count = int(np.isnan(error).sum())
        raise ObservationError(f"{count} used observations have no error; call assign_errors first")
    surface = np.isin(column(table, "variable")[rows], SURFACE_VARIABLES)
    pressure, height = (np.where(surface, 0.0, column(table, name)[rows]) for name in ("pres", "height"))
    nowhere = np.isnan(pressure) & np.isnan(height)
    if nowhere.any():
        raise ObservationError(f"{int(nowhere.sum())} used upper-air observations have neither pressure nor height")
    height = np.where(np.isnan(pressure), height, 0.0)
    return np.nan_to_num(pressure), height, error
