"""Times from years, months, days, hours, minutes and seconds, as BUFR tells them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from numpy import ndarray

_LOWEST, _HIGHEST = (1900, 1, 1, 0, 0, 0), (2100, 12, 31, 23, 59, 60)  # a leap second has the number 60


def clock_times(parts: Sequence[Float[ndarray, " report"]]) -> ndarray:
    """Times from years, months, days, hours, minutes and seconds, an array of each.

    Returns:
        UTC as datetime64[ns], to the millisecond; NaT where a part is NaN or no calendar or clock shows it.
    """
    bounds = zip(parts, _LOWEST, _HIGHEST, strict=True)
    valid = np.logical_and.reduce([(np.floor(part) >= low) & (np.floor(part) <= high) for part, low, high in bounds])
    years, months, days = (np.where(valid, part, 1).astype(np.int64) for part in parts[:3])
    first = ((years - 1970) * 12 + months - 1).astype("datetime64[M]")
    date = first.astype("datetime64[D]") + (days - 1).astype("timedelta64[D]")
    valid &= date.astype("datetime64[M]") == first  # no 30 February
    milliseconds = np.rint(np.where(valid, (parts[3] * 60.0 + parts[4]) * 60.0 + parts[5], 0.0) * 1000.0)
    times = date.astype("datetime64[ns]") + milliseconds.astype("timedelta64[ms]")
    return np.where(valid, times, np.datetime64("NaT"))
