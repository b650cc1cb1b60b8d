"""Times of reports, from every way that tables write them, to instants in UTC.

| written | read as |
| --- | --- |
| ISO 8601, `2020-11-01T13:00+01:00`, also with a blank or slashes | that instant; UTC where no offset stands |
| YYYYMMDD, YYYYMMDDHH, YYYYMMDDHHMM, YYYYMMDDHHMMSS, as text or number | UTC |
| a number | seconds, milli-, micro- or nanoseconds since 1970, told apart by size |
| by a format | strptime's, or `UNIT since DATE` such as `hours since 1900-01-01` |

No number is of two kinds. One of 8, 10, 12 or 14 digits that begins with 19 or 20 is a date or nothing (as seconds
since 1970 it would lie after March 2030). Other numbers are seconds and so on if they give a time from 1900 to March
2030 that is not nearer than three years to 1970, where units could be mistaken for each other; all numbers of a column
must be of one unit. What is none of these is told as unreadable, never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from latentda.observations.table import ObservationError

WANTED = "ISO 8601, YYYYMMDD[HH[MM[SS]]], or seconds, milli-, micro- or nanoseconds since 1970"
"""What is read without a format, for sentences."""
ADVICE = "name another format in a column map by time_format, strptime's or such as 'hours since 1900-01-01'"
NOTHING = ("", "NA", "N/A", "NaN", "nan", "NaT", "null", "NULL", "None", "none", "--", "-", "-9999", "-9999.0")
"""Texts that stand for no time."""

_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_LATEST, _EARLIEST = 1_900_000_000, -2_208_988_800  # seconds from 1970 to March 2030 and to 1900
_SHORTEST = {"s": 10**8, "ms": 10**11, "us": 10**14, "ns": 10**17}  # to March 1973; nearer to 1970 no unit is sure
_SPANS = {"day": 86400 * 10**9, "hour": 3600 * 10**9, "minute": 60 * 10**9, "second": 10**9}
_SPANS |= {"millisecond": 10**6, "microsecond": 10**3, "nanosecond": 1}
_SINCE = re.compile(r"(\w+?)s? since (.+)", re.IGNORECASE)
_COMPACT = re.compile(r"((?:19|20)\d{2})(\d{2})(\d{2})(?:(\d{2})(?:(\d{2})(\d{2})?)?)?")
_NUMBER = re.compile(r"[+-]?\d+(?:\.(\d*))?(?:[eE]\+?(\d+))?")
_ISO = re.compile(
    r"(\d{4})([-/]?)(\d{2})\2(\d{2})(?:(?:T|\s+)(\d{2})(?::?(\d{2})(?::?(\d{2})(?:[.,](\d{1,12}))?)?)?)?"
    r"\s*(Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?",
    re.IGNORECASE,
)
_FIRST, _LAST = -(2**63) + 1, 2**63 - 1  # what a timestamp in ns can hold


@dataclass(frozen=True)
class Times:
    """Times of a column.

    Attributes:
        instants: datetime64[ns] in UTC, NaT where missing or unreadable.
        unreadable: where something is written that is no time.
        unit: of numbers since 1970, or None; to be handed on to the next block of the same column.
    """

    instants: np.ndarray
    unreadable: np.ndarray
    unit: str | None = None


def read_times(values: Any, time_format: str | None = None, unit: str | None = None) -> Times:
    """Read a column of times.

    Args:
        values: timestamps, dates, texts or numbers, in Arrow or NumPy.
        time_format: strptime's, or `UNIT since DATE`; None for what the module's table says.
        unit: of numbers since 1970 in the blocks before; None where it is not known yet.

    Raises:
        ObservationError: `time_format` itself is wrong.
    """
    array = _array(values)
    if pa.types.is_temporal(array.type):
        return _timestamps(array)
    if pa.types.is_floating(array.type) and array.type != pa.float64():
        # Seconds since 1970 in single precision are off by a minute.
        return Times(np.full(len(array), np.datetime64("NaT"), "datetime64[ns]"), array.is_valid().to_numpy(False))
    encoded = pc.dictionary_encode(pc.utf8_trim_whitespace(_texts(array)))
    texts = encoded.dictionary.to_pylist()
    found = _quickly(encoded.dictionary) if time_format is None else None
    if found is None:
        numbers, unit = _nanoseconds(texts, time_format, unit)
        found = np.array([_LAST if number is None else number for number in numbers], dtype=np.int64)
        found = np.where([number is None for number in numbers], np.int64(np.iinfo(np.int64).min), found)
    missing = np.array([text in NOTHING for text in texts], dtype=bool)
    index = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False)
    instants = np.r_[found, np.iinfo(np.int64).min].astype(np.int64)[index].view("datetime64[ns]")
    return Times(instants, np.isnat(instants) & ~np.r_[missing, True][index], unit)


def _array(values: Any) -> pa.Array:
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    if not isinstance(values, pa.Array):
        values = pa.array(np.asarray(values), from_pandas=True)
    return values.dictionary_decode() if pa.types.is_dictionary(values.type) else values


def _timestamps(array: pa.Array) -> Times:
    """Of Arrow's own types; a time zone changes nothing, since Arrow keeps instants in UTC."""
    if pa.types.is_date(array.type):
        array = array.cast(pa.timestamp("ms"))
    valid = array.is_valid().to_numpy(zero_copy_only=False)
    if not pa.types.is_timestamp(array.type):
        return Times(np.full(len(array), np.datetime64("NaT"), "datetime64[ns]"), valid)
    factor = 10**9 // _PER_SECOND[array.type.unit]
    counts = pc.fill_null(array.cast(pa.int64()), 0).to_numpy(zero_copy_only=False)
    fits = valid & (np.abs(counts) <= _LAST // factor)
    instants = (np.where(fits, counts, 0) * factor).view("datetime64[ns]")
    return Times(np.where(fits, instants, np.datetime64("NaT", "ns")), valid & ~fits)


def _texts(array: pa.Array) -> pa.Array:
    if pa.types.is_float64(array.type):
        whole = [None if number is None else format(Decimal(repr(number)), "f") for number in array.to_pylist()]
        return pc.if_else(pc.is_nan(array), None, pa.array(whole, pa.string()))
    try:
        return array.cast(pa.string())
    except pa.ArrowException:
        return pa.array([None if value is None else str(value) for value in array.to_pylist()], pa.string())


def _quickly(texts: pa.Array) -> np.ndarray | None:
    """ISO 8601 in UTC, as most files have it; None where anything else is among the texts."""
    if not pc.all(pc.match_substring_regex(texts, r"^\d{4}-\d{2}-\d{2}")).as_py():
        return None
    try:
        return pc.utf8_rtrim(texts, characters="Z").cast(pa.timestamp("ns")).cast(pa.int64()).to_numpy(False)
    except pa.ArrowException:
        return None


def _nanoseconds(
    texts: list[str | None], time_format: str | None, unit: str | None
) -> tuple[list[int | None], str | None]:
    """Nanoseconds since 1970 of each text, None where it is no time, and the unit of the numbers."""
    if time_format is not None:
        reader = _reader(time_format)
        return [_fitting(reader(text)) if text and text not in NOTHING else None for text in texts], None
    dates = [_written(text) if text and text not in NOTHING else None for text in texts]
    numbers = [_number(text) if text and date is None else None for text, date in zip(texts, dates, strict=True)]
    units = {_unit(number) for number in numbers if number is not None} - {None}
    if unit is None and len(units) == 1:
        unit = units.pop()
    factor = 10**9 // _PER_SECOND[unit] if unit else 0
    since = [int(n * factor) if n is not None and unit and _unit(n) == unit else None for n in numbers]
    return [_fitting(date if date is not None else count) for date, count in zip(dates, since, strict=True)], unit


def _fitting(count: int | None) -> int | None:
    return count if count is not None and _FIRST <= count <= _LAST else None


def _written(text: str) -> int | None:
    """A date in digits, or ISO 8601."""
    if compact := _COMPACT.fullmatch(text.removesuffix(".0")):
        return _instant(*(int(part or 0) for part in compact.groups()))
    if (iso := _ISO.fullmatch(text)) is None:
        return None
    year, _, month, day, hour, minute, second, fraction, zone = iso.groups()
    numbers = [int(part or 0) for part in (year, month, day, hour, minute, second)]
    offset = _offset(zone)
    instant = _instant(*numbers)
    if instant is None or offset is None:
        return None
    return instant + int(f"{fraction or '':0<9}"[:9]) - offset


def _instant(year: int, month: int, day: int, hour: int, minute: int, second: int) -> int | None:
    if hour == 24 and minute == second == 0:  # ISO 8601's end of the day
        midnight = _instant(year, month, day, 0, 0, 0)
        return None if midnight is None else midnight + _SPANS["day"]
    try:
        return _since_1970(datetime(year, month, day, hour, minute, second, tzinfo=UTC))
    except ValueError:
        return None


def _since_1970(time: datetime) -> int:
    return (time - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1000


def _offset(zone: str | None) -> int | None:
    """Nanoseconds ahead of UTC, None for what is no offset."""
    if zone is None or zone.upper() in ("Z", "UTC", "GMT"):
        return 0
    hours, minutes = int(zone[1:3]), int(zone[3:].lstrip(":") or 0)
    if hours > 15 or minutes > 59:
        return None
    ahead = hours * _SPANS["hour"] + minutes * _SPANS["minute"]
    return -ahead if zone[0] == "-" else ahead


def _number(text: str) -> Decimal | None:
    """A number since 1970, with all the digits before its point."""
    if (found := _NUMBER.fullmatch(text)) is None:
        return None
    fraction, exponent = found.groups()
    # 1.60423E+12 has lost its seconds in a spreadsheet.
    return None if exponent and int(exponent) > len(fraction or "") else Decimal(text)


def _unit(number: Decimal) -> str | None:
    """The unit by which a number is a time, None where none is or it may be a date in digits."""
    digits = str(int(number))
    if len(digits) in (8, 10, 12, 14) and digits.startswith(("19", "20")):
        return None
    for unit, per_second in _PER_SECOND.items():
        if abs(number) >= _SHORTEST[unit] and _EARLIEST * per_second <= number < _LATEST * per_second:
            return unit
    return None


def _reader(time_format: str) -> Callable[[str], int | None]:
    """A reader of one text by the user's format."""
    since = _SINCE.fullmatch(time_format.strip())
    if since is None:
        return lambda text: _by_strptime(text, time_format)
    span, origin = _SPANS.get(since[1].lower()), _written(since[2].strip())
    if span is None or origin is None:
        raise ObservationError(
            f"the time_format {time_format!r} is no 'UNIT since DATE'; units are {', '.join(f'{s}s' for s in _SPANS)}"
        )

    def read(text: str) -> int | None:
        number = _number(text)
        return None if number is None else origin + round(number * span)

    return read


def _by_strptime(text: str, time_format: str) -> int | None:
    try:
        time = datetime.strptime(text, time_format)
    except ValueError:
        return None
    return _since_1970(time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC))
