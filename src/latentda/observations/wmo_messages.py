"""WMO BUFR messages through ecCodes, in a process of their own, one report a row, missing values as NaN.

ecCodes trusts the bytes it is given: damaged messages can make it crash the process, run for hours or ask for all
memory. So this file is also a program. It imports nothing of the package, reads frames (offset and length in bytes)
from its standard input, and writes Arrow record batches with the elements wanted; a message that fails is a row of
nothing but its number. When the program dies, the parent notes at which message and starts another after it.
"""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

_MISSING_INTEGER = 2147483647
_MISSING_FLOAT = -1e90
_SECONDS_A_MESSAGE = 10
_MEMORY_BYTES = 4 << 30
_BATCH_BYTES = 500_000  # of encoded messages
_NO_LIBRARY = 3
_TEXTS = (
    "shipOrMobileLandStationIdentifier",
    "stationOrSiteName",
    "aircraftRegistrationNumberOrOtherIdentification",
    "aircraftTailNumber",
    "aircraftFlightNumber",
)
_PLACE = (
    "year month day hour minute second blockNumber stationNumber latitude longitude heightOfStation "
    "heightOfStationGroundAboveMeanSeaLevel height"
)
_SURFACE = (
    "heightOfBarometerAboveMeanSeaLevel nonCoordinatePressure airTemperatureAt2M airTemperature "
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
_ONE_VALUE = (0, 1)  # categories whose reports have no levels
NUMBERS = tuple(dict.fromkeys(name for names in ELEMENTS.values() for name in names))
SCHEMA = pa.schema(
    [pa.field("message", pa.int64()), pa.field("category", pa.int64())]
    + [pa.field(name, pa.list_(pa.float64())) for name in NUMBERS]
    + [pa.field("name", pa.string())]
)
"""A row a report: number of its message, data category (null if undecodable), all values of each element, name."""


def installed() -> bool:
    """Whether ecCodes can be imported."""
    return importlib.util.find_spec("eccodes") is not None


def reports(file: Path, places: Sequence[tuple[int, int]]) -> Iterator[pa.RecordBatch]:
    """The reports of the messages at `places` (offset, length) of a file, in the form of `SCHEMA`.

    Raises:
        ImportError: ecCodes is there but does not work.
    """
    begin = 0
    while begin < len(places):
        # A child that dies takes the batch in hand with it; message by message tells which one killed it.
        for batch_bytes in (_BATCH_BYTES, 0):
            for batch in _from_child(file, places, begin, batch_bytes):
                begin = int(batch.column("message")[-1].as_py()) + 1
                yield batch
            if begin == len(places):
                return
        yield pa.RecordBatch.from_pylist([{"message": begin}], SCHEMA)
        begin += 1


def _from_child(
    file: Path, places: Sequence[tuple[int, int]], begin: int, batch_bytes: int
) -> Iterator[pa.RecordBatch]:
    """Batches of another process from message `begin` on, until the end or its death."""
    # -P keeps this folder's modules from standing in for others of the same name.
    command = [sys.executable, "-P", __file__, str(file), str(begin), str(batch_bytes)]
    text = b"\n".join(b"%d %d" % place for place in places)
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=quiet) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        try:
            child.stdin.write(text)
            child.stdin.close()
            with pa.ipc.open_stream(child.stdout) as stream:
                yield from stream
        except (BrokenPipeError, pa.ArrowInvalid, OSError):
            pass  # the child died; what it wrote whole has been handed on
        finally:
            child.kill()
    if child.returncode == _NO_LIBRARY:
        raise ImportError("ecCodes cannot be loaded")


def _main() -> None:
    if hasattr(signal, "alarm"):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        import eccodes
    except (ImportError, RuntimeError):
        sys.exit(_NO_LIBRARY)
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
            rows += _rows(eccodes, file.read(length), number)
            size += length
            if size > batch_bytes or number == len(places) - 1:
                stream.write_batch(pa.RecordBatch.from_pylist(rows, SCHEMA))
                rows, size = [], 0


def _rows(eccodes: Any, message: bytes, number: int) -> list[dict[str, Any]]:
    """The reports of a message, or a row without values if it cannot be decoded."""
    try:
        handle = eccodes.codes_new_from_message(message)
        try:
            category = eccodes.codes_get(handle, "dataCategory")
            if category not in ELEMENTS:
                return [{"message": number, "category": category}]
            common = {"message": number, "category": category}
            rows = [common | _elements(eccodes, subset, category) for subset in _subsets(eccodes, handle)]
        finally:
            eccodes.codes_release(handle)
    except (eccodes.CodesInternalError, ValueError, MemoryError):
        return [{"message": number}]
    return rows


def _subsets(eccodes: Any, handle: int) -> Iterator[int]:
    count = eccodes.codes_get(handle, "numberOfSubsets")
    # Attributes such as percentConfidence double the time of unpacking and are not read here.
    eccodes.codes_set(handle, "skipExtraKeyAttributes", 1)
    eccodes.codes_set(handle, "unpack", 1)
    if count == 1:
        yield handle
        return
    for number in range(1, count + 1):
        eccodes.codes_set(handle, "extractSubset", number)
        eccodes.codes_set(handle, "doExtractSubsets", 1)
        single = eccodes.codes_clone(handle)
        try:
            eccodes.codes_set(single, "skipExtraKeyAttributes", 1)
            eccodes.codes_set(single, "unpack", 1)
            yield single
        finally:
            eccodes.codes_release(single)


def _elements(eccodes: Any, handle: int, category: int) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for name in ELEMENTS[category]:
        try:
            if category in _ONE_VALUE:
                values = np.array([eccodes.codes_get_double(handle, name)])
            else:
                values = np.asarray(eccodes.codes_get_array(handle, name), dtype=np.float64)
        except eccodes.CodesInternalError:
            continue
        gone = (values == _MISSING_INTEGER) | (values < _MISSING_FLOAT)
        row[name] = np.where(gone, np.nan, values)
    row["name"] = ""
    for name in _TEXTS:
        try:
            value = eccodes.codes_get_string(handle, name).strip()
        except (eccodes.CodesInternalError, UnicodeDecodeError):
            continue
        if value and value.upper() != "MISSING" and value.isprintable():
            row["name"] = value
            break
    return row


if __name__ == "__main__":
    _main()
