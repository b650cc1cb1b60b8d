"""A program that decodes WMO BUFR messages with ecCodes, one report a row, missing values as NaN.

`wmo_messages` starts it. It imports nothing of the package, reads frames (offset and length in bytes) from its standard
input, and writes Arrow record batches with the elements wanted; a message that fails is a row of nothing but its
number.

ecCodes is called through its C interface, as its Python interface takes longer over a value than the decoding does.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

_MISSING_BELOW = -1e90
_TOO_SMALL = -6  # ecCodes' code for an array that does not hold all values
_SECONDS_A_MESSAGE = 10
_MEMORY_BYTES = 4 << 30
NO_LIBRARY = 3
_OWN_NAME = b"shipOrMobileLandStationIdentifier"
_BUOY_NUMBERS = (b"marineObservingPlatformIdentifier", b"buoyOrPlatformIdentifier")
_WIGOS_NUMBERS = (b"wigosIdentifierSeries", b"wigosIssuerOfIdentifier", b"wigosIssueNumber")
_WIGOS_TEXT = b"wigosLocalIdentifierCharacter"
_TEXTS = (
    b"stationOrSiteName",
    b"aircraftRegistrationNumberOrOtherIdentification",
    b"aircraftTailNumber",
    b"aircraftFlightNumber",
)
_PLACE = (
    "year month day hour minute second blockNumber stationNumber latitude longitude heightOfStation "
    "heightOfStationGroundAboveMeanSeaLevel height"
)
_SURFACE = (
    "heightOfBarometerAboveMeanSeaLevel nonCoordinatePressure pressureReducedToMeanSeaLevel "
    "airTemperatureAt2M airTemperature "
    "dewpointTemperatureAt2M dewpointTemperature windDirectionAt10M windDirection windSpeedAt10M windSpeed"
)
_SOUNDING = (
    "pressure geopotential geopotentialHeight nonCoordinateGeopotential nonCoordinateGeopotentialHeight airTemperature "
    "dewpointTemperature windDirection windSpeed verticalSoundingSignificance extendedVerticalSoundingSignificance "
    "latitudeDisplacement longitudeDisplacement timePeriod"
)
_AIRCRAFT = (
    "pressure flightLevel airTemperature dewpointTemperature mixingRatio windDirection windSpeed "
    "aircraftRollAngleQuality"
)
ELEMENTS = {
    category: tuple(f"{_PLACE} {names}".split())
    for category, names in {0: _SURFACE, 1: _SURFACE, 2: _SOUNDING, 4: _AIRCRAFT}.items()
}
"""The elements read, by their ecCodes names, for each data category (BUFR table A)."""
_PLACE_NAMES = frozenset(_PLACE.split())
_KEYS = {category: {name: name.encode() for name in names} for category, names in ELEMENTS.items()}
_NONE = np.empty(0)
_ONE_VALUE = (0, 1)  # categories whose reports have no levels
NUMBERS = tuple(dict.fromkeys(name for names in ELEMENTS.values() for name in names))
SCHEMA = pa.schema(
    [pa.field("message", pa.int64()), pa.field("category", pa.int64())]
    + [pa.field(name, pa.list_(pa.float64())) for name in NUMBERS]
    + [pa.field("name", pa.string()), pa.field("wigos", pa.string())]
)
"""A row a report: number of its message, data category (null if undecodable), all values of each element, name and
WIGOS identifier where it has no WMO number."""


class _EcCodes:
    """What decoding needs of ecCodes: functions by their C name without `codes_`, and room for what they return."""

    def __init__(self, library: str):
        loaded = ctypes.CDLL(library)
        pointer, text, size = ctypes.c_void_p, ctypes.c_char_p, ctypes.POINTER(ctypes.c_size_t)
        numbers, integer = ctypes.POINTER(ctypes.c_double), ctypes.POINTER(ctypes.c_long)

        def function(name: str, result: Any, *arguments: Any) -> Any:
            found = getattr(loaded, f"codes_{name}")
            found.restype, found.argtypes = result, arguments
            return found

        self.new = function("handle_new_from_message", pointer, pointer, text, ctypes.c_size_t)
        self.clone = function("handle_clone", pointer, pointer)
        self.delete = function("handle_delete", ctypes.c_int, pointer)
        self.set_long = function("set_long", ctypes.c_int, pointer, text, ctypes.c_long)
        self.get_long = function("get_long", ctypes.c_int, pointer, text, integer)
        self.get_double = function("get_double", ctypes.c_int, pointer, text, numbers)
        self.get_double_array = function("get_double_array", ctypes.c_int, pointer, text, numbers, size)
        self.get_size = function("get_size", ctypes.c_int, pointer, text, size)
        self.get_long_array = function("get_long_array", ctypes.c_int, pointer, text, integer, size)
        self.get_string = function("get_string", ctypes.c_int, pointer, text, text, size)
        self.integer, self.size, self.text = ctypes.c_long(), ctypes.c_size_t(), ctypes.create_string_buffer(1024)
        self.make_room(10_000)

    def make_room(self, count: int) -> None:
        """Take memory for an array of `count` values."""
        self.values = np.empty(count)
        self.where = self.values.ctypes.data_as(ctypes.POINTER(ctypes.c_double))


class _Damaged(Exception):  # noqa: N818 - no failure of ours
    """ecCodes cannot decode a message."""


class _Message:
    """A message, or one of its subsets, in the hands of ecCodes."""

    def __init__(self, library: _EcCodes, handle: int | None):
        if not handle:
            raise _Damaged
        self._library, self._handle = library, handle

    def __enter__(self) -> _Message:
        return self

    def __exit__(self, *error: object) -> None:
        self._library.delete(self._handle)

    def integer(self, name: bytes) -> int:
        """A number of the message's head."""
        if self._library.get_long(self._handle, name, self._library.integer):
            raise _Damaged
        return self._library.integer.value

    def unpack(self) -> None:
        """Decode the data, without attributes such as percentConfidence, which double the time and are not read."""
        self._set(b"skipExtraKeyAttributes", 1)
        self._set(b"unpack", 1)

    def subsets(self) -> Iterator[_Message]:
        """The reports of the message, decoded."""
        count = self.integer(b"numberOfSubsets")
        self.unpack()
        if count == 1:
            yield self
            return
        for number in range(1, count + 1):
            self._set(b"extractSubset", number)
            self._set(b"doExtractSubsets", 1)
            with _Message(self._library, self._library.clone(self._handle)) as single:
                single.unpack()
                yield single

    def is_fixed(self) -> bool:
        """Whether the template has no replication whose count stands in the data."""
        library = self._library
        descriptors = (ctypes.c_long * 10_000)()
        library.size.value = len(descriptors)
        if library.get_long_array(self._handle, b"expandedDescriptors", descriptors, library.size):
            return False
        return not any(100_000 <= d < 200_000 and d % 1000 == 0 for d in descriptors[: library.size.value])

    def first(self, name: bytes) -> np.ndarray:
        """The first value of an element, empty if it is not there."""
        library = self._library
        return _checked(library.values[: 0 if library.get_double(self._handle, name, library.where) else 1])

    def all(self, name: bytes) -> np.ndarray:
        """All values of an element, empty if it is not there."""
        library = self._library
        library.size.value = library.values.size
        code = library.get_double_array(self._handle, name, library.where, library.size)
        if code == _TOO_SMALL and not library.get_size(self._handle, name, library.size):
            library.make_room(library.size.value)
            code = library.get_double_array(self._handle, name, library.where, library.size)
        return _checked(library.values[: 0 if code else library.size.value])

    def text(self, name: bytes) -> str:
        """A text, "" if it is missing, not there or none."""
        library = self._library
        library.size.value = len(library.text)
        if library.get_string(self._handle, name, library.text, library.size):
            return ""
        text = library.text.value.strip(b"\xff ").decode("ascii", "replace").strip()
        return text if text.isprintable() and text.upper() != "MISSING" else ""

    def number(self, name: bytes) -> str:
        """The first value of a whole number as text, "" if it is missing or not there."""
        value = self.first(name)
        return f"{value[0]:.0f}" if value.size and np.isfinite(value[0]) else ""

    def wigos(self) -> str:
        """The WIGOS identifier of the station, for example 0-705-0-990, "" if it has none."""
        local = self.text(_WIGOS_TEXT)
        parts = [*map(self.number, _WIGOS_NUMBERS), local] if local else []
        return "-".join(parts) if all(parts) else ""

    def _set(self, name: bytes, value: int) -> None:
        if self._library.set_long(self._handle, name, value):
            raise _Damaged


def _checked(values: np.ndarray) -> np.ndarray:
    """A copy with NaN where values are missing."""
    return np.where(values < _MISSING_BELOW, np.nan, values)


def _main() -> None:
    if hasattr(signal, "alarm"):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        import eccodes
    except (ImportError, RuntimeError):
        sys.exit(NO_LIBRARY)
    decoder = _Decoder(_EcCodes(str(eccodes.codes_get_library_path())))
    path, begin, batch_bytes = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    places = [tuple(map(int, line.split())) for line in sys.stdin]
    rows: list[dict[str, Any]] = []
    size = 0
    with open(path, "rb") as file, pa.ipc.new_stream(os.fdopen(1, "wb"), SCHEMA) as stream:
        for number in range(begin, len(places)):
            if hasattr(signal, "alarm"):
                signal.alarm(_SECONDS_A_MESSAGE)  # its default action ends the process
            offset, length = places[number]
            file.seek(offset)
            rows += decoder.rows(file.read(length), number)
            size += length
            if size > batch_bytes or number == len(places) - 1:
                stream.write_batch(_batch(rows))
                rows, size = [], 0


class _Decoder:
    """Messages to rows. What a template without delayed replications never holds is looked for once only."""

    def __init__(self, library: _EcCodes):
        self._library = library
        self._held: dict[bytes, dict[str, bytes]] = {}

    def rows(self, content: bytes, number: int) -> list[dict[str, Any]]:
        """The reports of a message, or a row without values if it cannot be decoded or holds no quantity."""
        template, category = _template(content)
        keys = self._held.get(template, _KEYS.get(category, {}))
        common = {"message": number, "category": category}
        if _PLACE_NAMES.issuperset(keys):
            return [common]
        try:
            with _Message(self._library, self._library.new(None, content, len(content))) as message:
                rows = [common | _elements(report, category, keys) for report in message.subsets()]
                if template not in self._held and rows and message.is_fixed():
                    self._held[template] = {name: key for name, key in keys.items() if rows[0][name].size}
        except (_Damaged, MemoryError):
            return [{"message": number}]
        return rows


def _template(content: bytes) -> tuple[bytes, int]:
    """The part of a message that says what it holds in which tables' words; and its data category."""
    tables, flag, category = (slice(11, 23), 17, 18) if content[7] == 4 else (slice(11, 20), 15, 16)
    third = 8 + int.from_bytes(content[8:11], "big")
    if content[flag] & 128:
        third += int.from_bytes(content[third : third + 3], "big")
    end = third + int.from_bytes(content[third : third + 3], "big")
    return content[tables] + content[third + 6 : end], content[category]


def _elements(report: _Message, category: int, keys: dict[str, bytes]) -> dict[str, Any]:
    read = report.first if category in _ONE_VALUE else report.all
    row: dict[str, Any] = {name: read(key) for name, key in keys.items()}
    if not all(np.isfinite(row.get(name, _NONE)[:1]).any() for name in ("blockNumber", "stationNumber")):
        row["wigos"] = report.wigos()
        row["name"] = next(filter(None, _names(report, row["wigos"])), "")
    return row


def _names(report: _Message, wigos: str) -> Iterator[str]:
    """What a report may call its station, identifiers before names; "" where it does not."""
    yield report.text(_OWN_NAME)
    yield from map(report.number, _BUOY_NUMBERS)
    yield wigos
    yield from map(report.text, _TEXTS)


def _batch(rows: list[dict[str, Any]]) -> pa.RecordBatch:
    """Rows in the form of `SCHEMA`; an element that is not there is an empty list."""
    columns = [pa.array([row.get(name) for row in rows], SCHEMA.field(name).type) for name in ("message", "category")]
    for name in NUMBERS:
        values = [row.get(name, _NONE) for row in rows]
        ends = np.cumsum([0, *map(len, values)])
        columns.append(pa.ListArray.from_arrays(pa.array(ends, pa.int32()), pa.array(np.concatenate(values))))
    columns += [pa.array([row.get(name) for row in rows], pa.string()) for name in ("name", "wigos")]
    return pa.RecordBatch.from_arrays(columns, schema=SCHEMA)


if __name__ == "__main__":
    _main()
