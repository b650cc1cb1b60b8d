"""WMO BUFR messages through ecCodes, one subset at a time, missing values as NaN."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from latentda.observations.table import ObservationError

_MISSING_INTEGER = 2147483647
_MISSING_FLOAT = -1e90


class Subset:
    """One report of a BUFR message: elements by their ecCodes name.

    Where several names are given, the first that is there counts: templates differ in what they
    call a quantity.
    """

    def __init__(self, eccodes: Any, handle: int):
        self._eccodes, self._handle = eccodes, handle

    def array(self, *names: str) -> np.ndarray:
        """All values of an element as float64, in message order; empty when it is not there."""
        for name in names:
            try:
                values = self._eccodes.codes_get_array(self._handle, name)
            except self._eccodes.CodesInternalError:
                continue
            values = np.asarray(values, dtype=np.float64)
            gone = (values == _MISSING_INTEGER) | (values < _MISSING_FLOAT)
            return np.where(gone, np.nan, values)
        return np.empty(0)

    def number(self, *names: str) -> float:
        """The first value of an element, or NaN."""
        for name in names:
            try:
                value = float(self._eccodes.codes_get(self._handle, name, float))
            except self._eccodes.CodesInternalError:
                continue
            if value != _MISSING_INTEGER and value > _MISSING_FLOAT:
                return value
        return float("nan")

    def text(self, *names: str) -> str:
        """A text element without its padding, or the empty string."""
        for name in names:
            try:
                value = self._eccodes.codes_get_string(self._handle, name).strip()
            except self._eccodes.CodesInternalError:
                continue
            if value and value.upper() != "MISSING":
                return value
        return ""


def subsets(file: Path, named: Path) -> Iterator[Subset]:
    """All reports of a file in order; `named` is the path to speak of in errors.

    Raises:
        ObservationError: ecCodes is not installed, or a message cannot be decoded.
    """
    try:
        import eccodes
    except (ImportError, RuntimeError) as error:
        raise ObservationError("reading WMO BUFR needs ecCodes; install it by: pip install latentda[bufr]") from error
    with file.open("rb") as stream:
        while True:
            try:
                handle = eccodes.codes_bufr_new_from_file(stream)
                if handle is None:
                    return
                try:
                    yield from _subsets_of(eccodes, handle)
                finally:
                    eccodes.codes_release(handle)
            except eccodes.CodesInternalError as error:
                raise ObservationError(f"{named} is damaged WMO BUFR: {error}") from error


def _subsets_of(eccodes: Any, handle: int) -> Iterator[Subset]:
    count = eccodes.codes_get(handle, "numberOfSubsets")
    # Attributes such as percentConfidence double the time of unpacking and are not read here.
    eccodes.codes_set(handle, "skipExtraKeyAttributes", 1)
    eccodes.codes_set(handle, "unpack", 1)
    if count == 1:
        yield Subset(eccodes, handle)
        return
    for number in range(1, count + 1):
        eccodes.codes_set(handle, "extractSubset", number)
        eccodes.codes_set(handle, "doExtractSubsets", 1)
        single = eccodes.codes_clone(handle)
        try:
            eccodes.codes_set(single, "unpack", 1)
            yield Subset(eccodes, single)
        finally:
            eccodes.codes_release(single)
