"""Instants (UTC), and whole hours since 1970-01-01 00 UTC."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise

import numpy as np

from latentda.user_error import UserError

Time = np.datetime64 | datetime | str
"""Whatever a user may give as an instant (UTC)."""


def as_datetime(time: Time) -> np.datetime64:
    """The instant as ``datetime64[s]``.

    Raises:
        UserError: the text is no ISO date.
    """
    try:
        instant = np.datetime64(str(time), "s")
    except ValueError as error:
        raise UserError(f"{time!r} is no date; write it like 2000-01-31T06:00.") from error
    if np.isnat(instant):
        raise UserError(f"{time!r} is no date; write it like 2000-01-31T06:00.")
    return instant


def hours_since_1970(time: Time) -> np.int32:
    """Whole hours since 1970-01-01 00 UTC.

    Raises:
        UserError: the instant is not on the hour.
    """
    seconds = int((as_datetime(time) - np.datetime64(0, "s")) / np.timedelta64(1, "s"))
    if seconds % 3600:
        raise UserError(f"{time} is not on the hour; analyses and forecasts start on full hours.")
    return np.int32(seconds // 3600)


def datetime_of_hours(hours: int) -> np.datetime64:
    """The instant ``hours`` after 1970-01-01 00 UTC."""
    return np.datetime64(int(hours) * 3600, "s")


def iso(time: Time) -> str:
    """``1989-01-01 12 UTC``: the way dates are printed on figures."""
    text = str(as_datetime(time))
    return f"{text[:10]} {text[11:13]} UTC"


def hour_sequence(start: Time, count: int, step_hours: int) -> np.ndarray:
    """``count`` instants every ``step_hours``, as ``datetime64[s]``."""
    return as_datetime(start) + np.arange(count) * np.timedelta64(step_hours, "h")


def lead_steps(lead_hours: Sequence[int], step_hours: int) -> tuple[int, ...]:
    """Lead times as whole model steps.

    Raises:
        UserError: a lead is negative, not increasing, or no multiple of the step.
    """
    leads = list(lead_hours)
    wrong = not leads or leads[0] < 0 or any(b <= a for a, b in pairwise(leads))
    if wrong or any(lead % step_hours for lead in leads):
        raise UserError(f"Lead times must increase in multiples of {step_hours} h; got {tuple(lead_hours)}.")
    return tuple(int(lead) // step_hours for lead in leads)
