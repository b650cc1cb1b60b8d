"""The lengths of stored forecasts in whole hours, however the store writes them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy import ndarray

from latentda.fields.error import FieldsError
from latentda.grid.units import conversion
from latentda.user_error import UserError

NANOSECONDS_FROM = 1e11
"""Numbers without a unit from here on are nanoseconds: no forecast is so long in any other unit."""


def hours_of_leads(dataset: xr.Dataset, name: str) -> tuple[int, ...]:
    """Whole hours of a coordinate of leads: time differences, or numbers whose attribute ``units`` says of what.

    Args:
        dataset: as it is stored.
        name: of the dimension or of the one lead.

    Raises:
        FieldsError: leads that are no times, have no unit, or are not on the hour.
    """
    if name not in dataset.coords:
        raise FieldsError(f"The dimension {name} has no values; write the leads of the forecasts there, with units.")
    coordinate = dataset[name]
    hours = _hours(coordinate)
    whole = np.rint(hours)
    if not np.isfinite(hours).all() or np.abs(hours - whole).max(initial=0.0) > 0.01:
        raise FieldsError(f"The store's leads, {_listed(hours)} h, are not all whole hours; select those that are.")
    return tuple(whole.astype(int).tolist())


def described_leads(leads: Sequence[int]) -> str:
    """What leads there are, in words."""
    texts = [f"{lead} h" for lead in leads]
    many = ", ".join(texts if len(texts) < 7 else [*texts[:3], "...", texts[-1]])
    return f"leads of {many}" if len(texts) > 1 else f"one lead, {many}" if texts else "no leads"


def _hours(coordinate: xr.DataArray) -> ndarray:
    values = np.atleast_1d(coordinate.values)
    if np.issubdtype(values.dtype, np.timedelta64):
        return np.where(np.isnat(values), np.nan, values / np.timedelta64(1, "h"))
    if not np.issubdtype(values.dtype, np.number):
        raise FieldsError(f"The store's leads, {values[0]} ..., are no times; write numbers with units, like 'hours'.")
    units = str(coordinate.attrs.get("units", "")).strip()
    largest = np.abs(values.astype(float)).max(initial=0.0)
    if not units and largest < NANOSECONDS_FROM:
        raise FieldsError(
            f"The store's leads, {_listed(values)}, have no units; write the attribute units, like 'hours'."
        )
    try:
        return conversion(units or "ns", "h")(values.astype(float))
    except UserError as error:
        raise FieldsError(f"The store's leads have units that do not suit: {error}") from error


def _listed(values: ndarray) -> str:
    texts = [f"{value:g}" for value in values]
    return ", ".join(texts if len(texts) < 6 else [*texts[:3], "...", texts[-1]])
