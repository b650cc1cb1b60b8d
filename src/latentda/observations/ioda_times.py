"""Times of IODA files: numbers since an epoch, as CF conventions write it, or texts of ISO 8601.

    seconds since 1970-01-01T00:00:00Z        hours since 2020-11-1 6:00 +02:00        days since 2020-11-01

The time of the day may be left out, a zone too: then it is UTC. The calendar is the Gregorian one.

Source: CF conventions 1.11, section 4.4; ISO 8601.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np

from latentda.observations.ioda_file import IodaVariable
from latentda.observations.table import ObservationError

_MILLISECONDS = {
    ("ns", "nanosecond"): 1e-6,
    ("us", "microsecond", "microsec"): 1e-3,
    ("ms", "millisecond", "msec", "millisec"): 1.0,
    ("s", "sec", "second"): 1e3,
    ("min", "minute"): 6e4,
    ("h", "hr", "hour"): 3.6e6,
    ("d", "day"): 8.64e7,
}
_UNITS = {name + plural: size for names, size in _MILLISECONDS.items() for name in names for plural in ("", "s")}
_SINCE = re.compile(r"\s*([a-z]+)\s+since\s+(.+?)\s*", re.IGNORECASE)
_EPOCH = re.compile(
    r"(\d{1,4})-(\d{1,2})-(\d{1,2})"
    r"(?:(?:\s*T\s*|\s+)(\d{1,2})(?::(\d{1,2})(?::(\d{1,2})(?:[.,](\d+))?)?)?)?"
    r"\s*(?:Z|UTC|GMT|([-+])(\d{1,2}):?(\d{2})?)?",
    re.IGNORECASE,
)
_CALENDARS = ("", "standard", "gregorian", "proleptic_gregorian")
_FIRST_GREGORIAN = datetime(1582, 10, 15, tzinfo=UTC)
_EARLIEST, _LATEST = np.datetime64("1678-01-01", "ms"), np.datetime64("2262-01-01", "ms")  # of datetime64[ns]
_COARSEST_MS = 1000.0


def ioda_times(variable: IodaVariable, named: Path) -> np.ndarray:
    """Times in UTC as datetime64[ns], NaT where missing.

    Raises:
        ObservationError: no epoch or calendar that is known, or not one of the texts is a time.
    """
    return _from_texts(variable, named) if variable.is_text else _from_numbers(variable, named)


def epoch(units: str) -> tuple[datetime, float] | None:
    """The epoch (UTC) of a unit of time and the milliseconds of its step; None if it is no such unit."""
    since = _SINCE.fullmatch(units)
    step = _UNITS.get(since[1].lower()) if since else None
    if since is None or step is None:
        return None
    parts = _EPOCH.fullmatch(since[2])
    try:
        return (_clock(parts) if parts else _iso(since[2])), step
    except (ValueError, OverflowError):
        return None


def _clock(parts: re.Match[str]) -> datetime:
    year, month, day, hour, minute, second = (int(part or 0) for part in parts.groups()[:6])
    micro = int((parts[7] or "0").ljust(6, "0")[:6])
    zone = timedelta(hours=int(parts[9] or 0), minutes=int(parts[10] or 0))
    east = timezone(-zone if parts[8] == "-" else zone)
    return datetime(year, month, day, hour, minute, second, micro, east).astimezone(UTC)


def _iso(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def _from_numbers(variable: IodaVariable, named: Path) -> np.ndarray:
    units, calendar = variable.attribute("units"), variable.attribute("calendar").lower()
    known = epoch(units)
    if known is None:
        raise ObservationError(
            f"{named} has no valid unit at {variable.name} but {units!r}; seconds since a date were wanted, such as "
            "'seconds since 1970-01-01T00:00:00Z'"
        )
    begin, step = known
    if calendar not in _CALENDARS or (begin < _FIRST_GREGORIAN and calendar != "proleptic_gregorian"):
        raise ObservationError(
            f"{named} counts {variable.name} in the calendar {calendar or 'standard'!r} {units!r}; an epoch of the "
            "Gregorian calendar was wanted"
        )
    values = variable.numbers()
    _warn_of_coarse(variable, values, step, named)
    lapse = np.rint(np.clip(np.nan_to_num(values * step), -1e17, 1e17)).astype("timedelta64[ms]")
    times = np.datetime64(begin.replace(tzinfo=None), "ms") + lapse
    valid = np.isfinite(values) & (times >= _EARLIEST) & (times < _LATEST)
    return np.where(valid, times, np.datetime64("NaT", "ms")).astype("datetime64[ns]")


def _warn_of_coarse(variable: IodaVariable, values: np.ndarray, step: float, named: Path) -> None:
    """Numbers of single precision far from the epoch stand for more than a second."""
    if variable.values.dtype.kind != "f" or not np.isfinite(values).any():
        return
    spacing = float(np.spacing(np.nanmax(np.abs(values)).astype(variable.values.dtype))) * step
    if spacing > _COARSEST_MS:
        text = (
            f"{named}: {variable.name} is of so low a precision that times are known to {spacing / 1000.0:.0f} s only"
        )
        warnings.warn(text, UserWarning, stacklevel=2)


def _from_texts(variable: IodaVariable, named: Path) -> np.ndarray:
    texts = variable.texts()
    told = {text: _time_of(text) for text in set(texts)}
    if any(told) and all(np.isnat(time) for time in told.values()):
        example = min(filter(None, told))
        raise ObservationError(f"{named} has no time that is known at {variable.name} but {example!r}; {_WANTED_TEXT}")
    return _array([told[text] for text in texts])


_WANTED_TEXT = "texts of ISO 8601 were wanted, such as '2020-11-01T12:00:00Z'"


def _time_of(text: str) -> np.datetime64:
    """A text's time, NaT where it is none or lies outside of the calendar that can be kept."""
    try:
        time = np.datetime64(_iso(text).replace(tzinfo=None), "ms")
    except (ValueError, OverflowError):
        return np.datetime64("NaT", "ms")
    return time if _EARLIEST <= time < _LATEST else np.datetime64("NaT", "ms")


def _array(times: Sequence[np.datetime64]) -> np.ndarray:
    return np.array(times, dtype="datetime64[ms]").astype("datetime64[ns]")
