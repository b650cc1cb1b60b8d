"""Finding the level groups of a prepBUFR batch, whatever the decoder named their columns.

A prepBUFR report carries one level (surface, aircraft, satellite wind) or a list of levels
(radiosonde). Each level holds at most one group for pressure, humidity, temperature, height, wind
and drift; a group holds a stack of *events*, the latest first (each `xOB` value, `xQM` mark, `xPC`
program code), and a background list (`xOE` error, `xFC` first guess). Decoded, groups are nested
lists named by replication operator (`DRF1BIT_4`), and the names differ from message type to
message type. So a group is found by a leaf it must contain: the pressure group is the one with
`POB` inside.

Everything is done on Arrow offsets; no Python loop ever sees a level.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

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
}


class Lists:
    """A list<struct> array of one group; its offsets are looked up once for all leaves."""

    def __init__(self, array: pa.Array):
        self._count = len(array)
        self._lengths = _lengths(array)
        self._starts = np.cumsum(self._lengths) - self._lengths
        self._struct = array.flatten()
        self._inner: dict[int, Lists] = {}
        self._where: dict[str, int] = {}
        for i, field in enumerate(_fields(array.type)):
            for name in _leaf_names(field.name, field.type):
                self._where.setdefault(name, i)

    def leaf(self, name: str, event: int = 0) -> np.ndarray:
        """Values of leaf `name` anywhere below, one per list, NaN where missing.

        The entry number `event` is taken from the list that directly holds the leaf, the first one
        from lists above it.
        """
        i = self._where.get(name)
        if i is None:
            return np.full(self._count, np.nan)
        if self._struct.type.field(i).name == name:
            return self._entry(to_float(pc.struct_field(self._struct, [i])), event)
        if i not in self._inner:
            self._inner[i] = Lists(pc.struct_field(self._struct, [i]))
        return self._entry(self._inner[i].leaf(name, event), 0)

    def _entry(self, values: np.ndarray, event: int) -> np.ndarray:
        if len(values) == 0:
            return np.full(self._count, np.nan)
        # Where a list is too short some other entry is taken and then wiped out.
        taken = values[np.minimum(self._starts + event, len(values) - 1)]
        taken[self._lengths <= event] = np.nan
        return taken


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
        found = np.zeros(len(self.report), dtype=bool)
        # NCEP processing leaves at most a handful of events; 20 is the limit its own readers use.
        for event in range(20):
            values = self.leaf(group, name, event)
            if np.isnan(values).all():
                break
            found |= values == value
        return found


def find_levels(batch: pa.RecordBatch) -> Levels | None:
    """The levels of a decoded batch, or None when the message type has no pressure levels."""
    columns = [(batch.schema.field(i), batch.column(i)) for i in range(batch.num_columns)]
    for field, array in columns:
        if not _is_group_list(field.type) or all(inner.name != "CAT" for inner in _fields(field.type)):
            continue
        if "POB" in _leaf_names(field.name, field.type):
            lengths, levels = _lengths(array), array.flatten()
            inner = [(levels.type.field(i), pc.struct_field(levels, [i])) for i in range(levels.type.num_fields)]
            return _levels(np.repeat(np.arange(len(array)), lengths), inner)
    if any(field.name == "CAT" for field, _ in columns):
        return _levels(np.arange(batch.num_rows), columns)
    return None


def to_float(array: pa.Array) -> np.ndarray:
    """An Arrow number column as float64, NaN where null."""
    return np.asarray(array.to_numpy(zero_copy_only=False), dtype=np.float64)


def _levels(report: np.ndarray, columns: list[tuple[pa.Field, pa.Array]]) -> Levels | None:
    groups: dict[str, Lists] = {}
    category = np.full(len(report), np.nan)
    for field, array in columns:
        if field.name == "CAT":
            category = to_float(array)
        elif _is_group_list(field.type):
            names = _leaf_names(field.name, field.type)
            lists = None
            for group, leaf in _GROUP_LEAVES.items():
                if group not in groups and leaf in names:
                    groups[group] = lists = lists or Lists(array)
    return Levels(report, category, groups) if "pressure" in groups else None


def _lengths(array: pa.Array) -> np.ndarray:
    return pc.fill_null(pc.list_value_length(array), 0).to_numpy(zero_copy_only=False)


def _is_group_list(kind: pa.DataType) -> bool:
    return pa.types.is_list(kind) and pa.types.is_struct(kind.value_type)


def _fields(kind: pa.DataType) -> list[pa.Field]:
    struct = kind.value_type
    return [struct.field(i) for i in range(struct.num_fields)]


@cache
def _leaf_names(name: str, kind: pa.DataType) -> frozenset[str]:
    """Names of the leaves below a field, or its own if it is one."""
    if not _is_group_list(kind):
        return frozenset([name])
    return frozenset().union(*(_leaf_names(inner.name, inner.type) for inner in _fields(kind)))
