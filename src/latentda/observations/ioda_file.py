"""What of an IODA file's groups is read, out of HDF5: values with missing ones marked, and attributes as texts.

HDF5 keeps a text in several ways: as bytes of fixed length, as a string of variable length, and as an array of one such
string (NC_STRING, as netCDF for C++ writes). Here all of them are the same.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from jaxtyping import Float
from numpy import ndarray

from latentda.observations.table import ObservationError

_MISSING_SIZE = 1e30
_MISSING_TEXTS = ("", "MISSING*")  # JEDI's own


@dataclass(frozen=True)
class IodaVariable:
    """A variable along the dimension Location.

    Attributes:
        name: with its group, for example MetaData/pressure.
        values: as stored; texts as objects or bytes.
        attributes: as stored.
    """

    name: str
    values: ndarray
    attributes: Mapping[str, Any] = field(repr=False)

    def attribute(self, name: str) -> str:
        """An attribute as text, "" where it is missing."""
        return _text(self.attributes.get(name, ""))

    @property
    def is_text(self) -> bool:
        """Whether the values are texts."""
        return self.values.dtype.kind not in "iufb"

    def numbers(self) -> Float[ndarray, " location"]:
        """Values in the file's unit, NaN where missing."""
        if self.is_text:
            raise ValueError(f"{self.name} holds texts where numbers were wanted")
        values, kind = self.values, self.values.dtype
        missing = np.zeros(values.shape, dtype=bool)
        for marker in ("_FillValue", "missing_value"):
            for fill in np.asarray(self.attributes.get(marker, ())).reshape(-1):
                missing |= values == fill
        # JEDI's missing integers lie a few above the least of their type.
        if kind.kind == "i":
            missing |= values <= np.iinfo(kind).min + 16
        numbers = values.astype(np.float64)
        missing |= ~(np.abs(numbers) < _MISSING_SIZE)
        packed = {name: float(np.reshape(self.attributes.get(name, one), -1)[0]) for name, one in _PACKING.items()}
        return np.where(missing, np.nan, numbers * packed["scale_factor"] + packed["add_offset"])

    def texts(self) -> list[str]:
        """Values as texts without padding, "" where missing."""
        values = self.values
        if values.ndim == 2:  # an array of characters
            values = np.array([b"".join(row.tolist()) for row in values.astype("S1")])
        missing = (*_MISSING_TEXTS, self.attribute("_FillValue"))
        texts = map(_text, values)
        return ["" if text in missing else text for text in texts]


_PACKING = {"scale_factor": 1.0, "add_offset": 0.0}


@dataclass(frozen=True)
class IodaFile:
    """The groups of a file.

    Attributes:
        groups: the wanted variables of each group, by name.
        others: names of the variables of each group that were not wanted or have further dimensions.
    """

    groups: Mapping[str, Mapping[str, IodaVariable]]
    others: Mapping[str, tuple[str, ...]]

    def find(self, groups: Collection[str], name: str) -> IodaVariable | None:
        """The variable of a name in the first of some groups that has it."""
        return next((self.groups[group][name] for group in groups if name in self.groups.get(group, {})), None)


def read_groups(file: Path, named: Path, wanted: Mapping[str, Collection[str]]) -> IodaFile:
    """Read the wanted variables of each group.

    Args:
        file: to read.
        named: the user's path, to speak of in errors.
        wanted: names of variables by group.

    Raises:
        ObservationError: the file is damaged.
    """
    try:
        with h5py.File(file, "r") as content:
            groups = {name: content[name] for name in wanted if isinstance(content.get(name), h5py.Group)}
            read = {name: _variables(group, name, wanted[name]) for name, group in groups.items()}
            others = {name: tuple(sorted(set(_datasets(group)) - set(read[name]))) for name, group in groups.items()}
            return IodaFile(read, others)
    # HDF5 reports damage by whichever error its broken part runs into.
    except Exception as error:
        text = " ".join(str(error).split())
        raise ObservationError(f"{named} cannot be read as an IODA file: {text}") from error


def _variables(group: h5py.Group, group_name: str, wanted: Collection[str]) -> dict[str, IodaVariable]:
    found = {}
    for name, variable in _datasets(group).items():
        # Characters lie along a second dimension.
        if name in wanted and (variable.ndim == 1 or (variable.ndim == 2 and variable.dtype.kind == "S")):
            attributes = {key: variable.attrs[key] for key in variable.attrs if key not in _STRUCTURE}
            found[name] = IodaVariable(f"{group_name}/{name}", np.asarray(variable[...]), attributes)
    return found


# Attributes by which netCDF finds dimensions, which hold references.
_STRUCTURE = ("DIMENSION_LIST", "REFERENCE_LIST", "CLASS", "NAME", "_Netcdf4Dimid", "_Netcdf4Coordinates")


def _datasets(group: h5py.Group) -> dict[str, h5py.Dataset]:
    return {name: variable for name, variable in group.items() if isinstance(variable, h5py.Dataset)}


def _text(value: Any) -> str:
    """A text, in whichever of its ways it is kept."""
    if isinstance(value, h5py.Empty):
        return ""
    if isinstance(value, np.ndarray):
        parts = [_text(part) for part in value.reshape(-1)]
        return ("" if value.dtype.kind in "SU" and value.dtype.itemsize in (1, 4) else " ").join(parts)
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return text.strip("\x00 \t\r\n")
