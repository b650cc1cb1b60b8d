"""The times of a store: whole steps, in order, each once, whatever the file has.

A file in single precision, or with decimals of a day, has times seconds off the step that it means; they are rounded to
that step. Times in another order than that of time are sorted. A time that comes twice counts once if both states are
the same.
"""

from __future__ import annotations

import warnings

import numpy as np
import xarray as xr
from numpy import ndarray

from latentda.fields.error import FieldsError
from latentda.grid import VARIABLES
from latentda.grid.units import conversion

STEPS = (3600, 1800, 1200, 900, 600, 300, 60)
"""Steps (s) to which times may be rounded, the coarsest first."""

COMPARED = 8
"""Times that come twice whose states are compared."""


def in_order_of_time(dataset: xr.Dataset) -> xr.Dataset:
    """The dataset with its times rounded to their step, in order and each once; fields stay on disk.

    Raises:
        FieldsError: times that are none, that cannot be told apart, or that have two states.
    """
    if "time" not in dataset.dims:
        return dataset
    stamps = stamps_of(dataset)
    found = dataset["time"]
    if not np.array_equal(stamps, found.values):
        dataset = dataset.assign_coords(time=("time", stamps.astype(found.dtype), found.attrs))
    if (np.diff(stamps) > np.timedelta64(0)).all():
        return dataset
    _, first, counts = np.unique(stamps, return_index=True, return_counts=True)
    if (counts > 1).any():
        _require_same_states(dataset, stamps, stamps[first[counts > 1]])
    return dataset.isel(time=first)


def stamps_of(dataset: xr.Dataset) -> ndarray:
    """The times as ``datetime64[s]``, ``(time,)``, rounded to the step that they show.

    Raises:
        FieldsError: there are none, or what is there are no dates.
    """
    if "time" not in dataset.coords:
        raise FieldsError("The store's states have no times; a coordinate 'time' is wanted.")
    values = np.atleast_1d(dataset["time"].values)
    if not np.issubdtype(values.dtype, np.datetime64):
        raise FieldsError(_no_dates(values))
    if np.isnat(values).any():
        raise FieldsError(f"{int(np.isnat(values).sum())} of the store's {len(values)} times are missing.")
    milliseconds = values.astype("datetime64[ms]").astype(np.int64)
    return _rounded(milliseconds, dataset["time"]).astype("datetime64[s]")


def hours_of(dataset: xr.Dataset, positions: ndarray | slice = slice(None)) -> ndarray:
    """Hours since 1970-01-01 00 UTC of some times of a store.

    Raises:
        FieldsError: one of them is not on the hour.
    """
    stamps = stamps_of(dataset)[positions]
    seconds = stamps.astype(np.int64)
    odd = stamps[seconds % 3600 != 0]
    if odd.size:
        raise FieldsError(
            f"{odd.size} of {stamps.size} times are not on the hour ({_listed(odd)}); states on full hours are wanted: "
            f"select those, or shift the times."
        )
    return seconds // 3600


def _no_dates(values: ndarray) -> str:
    calendar = getattr(values.flat[0], "calendar", None) if values.dtype == object else None
    if calendar:
        return f"The store's calendar is {calendar}; the standard calendar is wanted (xarray: convert_calendar)."
    found = ", ".join(map(str, values[:3]))
    return f"The store's times are no dates ({found} ...); write their units, like 'hours since 2000-01-01'."


def _rounded(milliseconds: ndarray, coordinate: xr.DataArray) -> ndarray:
    """Seconds since 1970, on the coarsest step from which no time is farther than precision explains."""
    if not (milliseconds % 3_600_000).any():
        return milliseconds // 1000
    precision = _precision(coordinate)
    for step in STEPS:
        nearest = np.rint(milliseconds / (1000 * step)).astype(np.int64) * step
        if np.abs(milliseconds - 1000 * nearest).max() < 1000 * max(step / 60, precision) and precision < step / 4:
            return nearest
    if precision > 1.0:
        raise FieldsError(
            f"The store's times are kept in single precision, which tells them no better than {precision:.0f} s; "
            f"write them in double precision or as whole hours."
        )
    return np.rint(milliseconds / 1000).astype(np.int64)


def _precision(coordinate: xr.DataArray) -> float:
    """Half the distance (s) of neighbouring numbers where times are kept in single precision; 0 elsewhere."""
    kind, units = coordinate.encoding.get("dtype"), str(coordinate.encoding.get("units", ""))
    if kind is None or np.dtype(kind) not in (np.float32, np.float16) or " since " not in units:
        return 0.0
    largest = np.abs(xr.conventions.encode_cf_variable(coordinate.variable).values).max()
    spacing = float(np.spacing(np.dtype(kind).type(largest)))
    return 0.5 * spacing * float(conversion(units.split(" since ")[0], "s")(1.0)) * 1.001


def _require_same_states(dataset: xr.Dataset, stamps: ndarray, twice: ndarray) -> None:
    """Raise where two states of one time differ; say that the others count once."""
    known = [v.stored for v in VARIABLES.values() if v.stored in dataset and "time" in dataset[v.stored].dims]
    smallest = min(known, key=lambda name: dataset[name].size, default=None)
    chosen = twice[np.unique(np.linspace(0, len(twice) - 1, min(COMPARED, len(twice))).astype(int))]
    for stamp in chosen if smallest else []:
        states = dataset[smallest].isel(time=np.flatnonzero(stamps == stamp)).transpose("time", ...).values
        if not all(np.array_equal(states[0], other, equal_nan=True) for other in states[1:]):
            raise FieldsError(
                f"The store has {_listed(twice)} more than once, and {smallest} differs between the states of {stamp}; "
                f"keep one state a time."
            )
    warnings.warn(
        f"The store has {len(twice)} times more than once ({_listed(twice)}); each counts once.",
        UserWarning,
        stacklevel=3,
    )


def _listed(stamps: ndarray) -> str:
    texts = [str(stamp)[:16] for stamp in stamps]
    return ", ".join(texts if len(texts) < 4 else [*texts[:2], "...", texts[-1]])
