"""Finding the level groups of a prepBUFR batch, whatever the decoder named their columns.

A prepBUFR report carries one level (surface, aircraft, satellite wind) or a list of levels
(radiosonde). Each level holds at most one group for pressure, humidity, temperature, height, wind
and drift, that of a surface report also one for pressure at sea level; a group holds a stack of
*events*, the latest first (each `xOB` value, `xQM` mark, `xPC` program code), and a background list
(`xOE` error, `xFC` first guess). Decoded, groups are nested lists named by replication operator
(`DRF1BIT_4`), and the names differ from message type to message type. So a group is found by a leaf
it must contain: the pressure group is the one with `POB` inside.

Everything is done on Arrow offsets; no Python loop ever sees a level.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_GROUP_LEAVES = {
    "pressure": "POB",
    "humidity": "QOB",
    "temperature": "TOB",
    "height": "ZOB",
    "wind": "UOB",
    "drift": "HRDR",
    "sea_level": "PMO",
}


Paths = dict[str, tuple[int, ...]]
"""Where each leaf lies: the number of the field to enter at every depth; of equal names the first counts."""


@dataclass(frozen=True)
class _Entries:
    """The entries of one list a level: `length` of them from `start` on in the rows of `struct`."""

    struct: pa.StructArray
    start: np.ndarray
    length: np.ndarray

    @staticmethod
    def of(array: pa.Array) -> _Entries:
        offsets = array.offsets.to_numpy()
        if array.null_count == 0:
            return _Entries(array.flatten(), offsets[:-1] - offsets[0], np.diff(offsets))
        length = np.where(array.is_valid(), np.diff(offsets), 0)
        return _Entries(array.flatten(), np.cumsum(length) - length, length)

    def below(self, number: int) -> _Entries:
        """The entries of the list that the first entry here has in the field `number`."""
        inner = _Entries.of(_child(self.struct, number))
        if len(inner.start) == 0:
            return _Entries(inner.struct, self.start, np.zeros_like(self.length))
        # Where a list is empty, some other entry is looked at and then taken for none.
        first = np.minimum(self.start, len(inner.start) - 1)
        return _Entries(inner.struct, inner.start[first], np.where(self.length > 0, inner.length[first], 0))


class Lists:
    """A list<struct> array of one group; where the entries of each list lie is looked up once for all leaves."""

    def __init__(self, array: pa.Array, paths: Paths):
        self._paths = paths
        self._count = len(array)
        self._entries: dict[tuple[int, ...], _Entries] = {(): _Entries.of(array)}

    def leaf(self, name: str, event: int = 0) -> np.ndarray:
        """Values of leaf `name` anywhere below, one per list, NaN where missing.

        The entry number `event` is taken from the list that directly holds the leaf, the first one
        from lists above it.
        """
        entries, values = self._find(name)
        if len(values) == 0:
            return np.full(self._count, np.nan)
        taken = values[np.minimum(entries.start + event, len(values) - 1)]
        taken[entries.length <= event] = np.nan
        return taken

    def any_event(self, name: str, value: float) -> np.ndarray:
        """Whether any entry of the list that directly holds leaf `name` has `value` there, one per list."""
        entries, values = self._find(name)
        hits = np.concatenate([[0], np.cumsum(values == value)])
        if hits[-1] == 0:
            return np.zeros(self._count, dtype=bool)
        start = np.minimum(entries.start, len(values))
        return hits[start + entries.length] > hits[start]

    def _find(self, name: str) -> tuple[_Entries, np.ndarray]:
        """The list that directly holds a leaf, and all values of the leaf; none if there is no such leaf."""
        path = self._paths.get(name)
        if path is None:
            return self._entries[()], np.empty(0)
        entries = self._at(path[:-1])
        return entries, to_float(_child(entries.struct, path[-1]))

    def _at(self, path: tuple[int, ...]) -> _Entries:
        if path not in self._entries:
            self._entries[path] = self._at(path[:-1]).below(path[-1])
        return self._entries[path]


@dataclass(frozen=True)
class Levels:
    """The levels of all reports of a batch, end to end.

    Attributes:
        report: row of the batch each level belongs to, shape (level,).
        category: prepBUFR data level category (0 surface, 1 mandatory, ...), NaN where missing,
            shape (level,).
        groups: the lists of each group, one list a level, by group name; groups the message type
            lacks are absent.
    """

    report: np.ndarray
    category: np.ndarray
    groups: dict[str, Lists]

    def leaf(self, group: str, name: str, event: int = 0) -> np.ndarray:
        """Values of leaf `name` in `group`, one a level as float64, NaN where missing.

        `event` counts down the stack: 0 is the latest, 1 the one before it.
        """
        if group not in self.groups:
            return np.full(len(self.report), np.nan)
        return self.groups[group].leaf(name, event)

    def any_event(self, group: str, name: str, value: float) -> np.ndarray:
        """Whether any event of the stack has `value` in leaf `name`, shape (level,)."""
        if group not in self.groups:
            return np.zeros(len(self.report), dtype=bool)
        return self.groups[group].any_event(name, value)


def find_levels(batch: pa.RecordBatch) -> Levels | None:
    """The levels of a decoded batch, or None when the message type has no pressure levels."""
    for column in batch.columns:
        if _is_group(column.type) and any(field.name == "CAT" for field in column.type.value_type):
            levels = _Entries.of(column)
            inner = [_child(levels.struct, number) for number in range(levels.struct.type.num_fields)]
            report = np.repeat(np.arange(len(column)), levels.length)
            found = _levels(report, inner, column.type.value_type)
            if found is not None:
                return found
    return _levels(np.arange(batch.num_rows), batch.columns, batch.schema) if "CAT" in batch.schema.names else None


def to_float(array: pa.Array) -> np.ndarray:
    """An Arrow number column as float64, NaN where null."""
    return np.asarray(array.to_numpy(zero_copy_only=False), dtype=np.float64)


def _levels(report: np.ndarray, columns: list[pa.Array], fields: Iterable[pa.Field]) -> Levels | None:
    """Levels of which `columns` are the groups, or None if there is none of pressure."""
    groups: dict[str, Lists] = {}
    category = np.full(len(report), np.nan)
    for array, field in zip(columns, fields, strict=True):
        if field.name == "CAT":
            category = to_float(array)
        elif _is_group(field.type):
            inside, lists = _paths(field), None
            for group, leaf in _GROUP_LEAVES.items():
                if group not in groups and leaf in inside:
                    groups[group] = lists = lists or Lists(array, inside)
    return Levels(report, category, groups) if "pressure" in groups else None


def _child(struct: pa.StructArray, number: int) -> pa.Array:
    return pc.struct_field(struct, [number]) if struct.null_count else struct.field(number)


def _is_group(kind: pa.DataType) -> bool:
    return pa.types.is_list(kind) and pa.types.is_struct(kind.value_type)


def _paths(field: pa.Field) -> Paths:
    """Paths to the leaves below a field; the empty path if it is a leaf itself."""
    if not _is_group(field.type):
        return {field.name: ()}
    paths: Paths = {}
    for number, inner in enumerate(field.type.value_type):
        for name, path in _paths(inner).items():
            paths.setdefault(name, (number, *path))
    return paths
