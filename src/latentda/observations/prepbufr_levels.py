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


@dataclass(frozen=True)
class Levels:
    """The levels of all reports of a batch, end to end.

    Attributes:
        report: row of the batch each level belongs to, shape (level,).
        category: prepBUFR data level category (0 surface, 1 mandatory, ...), NaN where missing,
            shape (level,).
        groups: list arrays of length (level,) by group name; groups the message type lacks are
            absent.
    """

    report: np.ndarray
    category: np.ndarray
    groups: dict[str, pa.Array]

    def leaf(self, group: str, name: str, event: int = 0) -> np.ndarray:
        """Values of leaf `name` in `group`, one a level as float64, NaN where missing.

        `event` counts down the stack: 0 is the latest, 1 the one before it.
        """
        if group not in self.groups:
            return np.full(len(self.report), np.nan)
        return leaf_values(self.groups[group], name, event)

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
        if _is_group_list(field.type) and _children_have(field.type, "CAT"):
            if not _contains(field.type, "POB"):
                continue
            lengths = _lengths(array)
            levels = array.flatten()
            inner = [(levels.type.field(i), pc.struct_field(levels, [i])) for i in range(levels.type.num_fields)]
            return _levels(np.repeat(np.arange(len(array)), lengths), inner)
    if any(field.name == "CAT" for field, _ in columns):
        return _levels(np.arange(batch.num_rows), columns)
    return None


def leaf_values(array: pa.Array, name: str, event: int = 0) -> np.ndarray:
    """Values of leaf `name` anywhere below a list<struct> array, one per list, NaN where missing.

    The entry number `event` is taken from the list that directly holds the leaf, the first one
    from lists above it.
    """
    lengths, struct = _lengths(array), array.flatten()
    starts = np.cumsum(lengths) - lengths
    for i in range(struct.type.num_fields):
        field = struct.type.field(i)
        if field.name == name:
            values = to_float(pc.struct_field(struct, [i]))
            return _take(values, starts + event, lengths > event)
        if _is_group_list(field.type) and _contains(field.type, name):
            values = leaf_values(pc.struct_field(struct, [i]), name, event)
            return _take(values, starts, lengths > 0)
    return np.full(len(array), np.nan)


def to_float(array: pa.Array) -> np.ndarray:
    """An Arrow number column as float64, NaN where null."""
    return np.asarray(array.to_numpy(zero_copy_only=False), dtype=np.float64)


def _levels(report: np.ndarray, columns: list[tuple[pa.Field, pa.Array]]) -> Levels | None:
    groups: dict[str, pa.Array] = {}
    category = np.full(len(report), np.nan)
    for field, array in columns:
        if field.name == "CAT":
            category = to_float(array)
        elif _is_group_list(field.type):
            for group, leaf in _GROUP_LEAVES.items():
                if group not in groups and _contains(field.type, leaf):
                    groups[group] = array
    return Levels(report, category, groups) if "pressure" in groups else None


def _take(values: np.ndarray, index: np.ndarray, present: np.ndarray) -> np.ndarray:
    taken = np.full(len(index), np.nan)
    taken[present] = values[index[present]]
    return taken


def _lengths(array: pa.Array) -> np.ndarray:
    return pc.fill_null(pc.list_value_length(array), 0).to_numpy(zero_copy_only=False)


def _is_group_list(kind: pa.DataType) -> bool:
    return pa.types.is_list(kind) and pa.types.is_struct(kind.value_type)


def _children_have(kind: pa.DataType, name: str) -> bool:
    struct = kind.value_type
    return any(struct.field(i).name == name for i in range(struct.num_fields))


def _contains(kind: pa.DataType, name: str) -> bool:
    struct = kind.value_type
    fields = [struct.field(i) for i in range(struct.num_fields)]
    return any(field.name == name or (_is_group_list(field.type) and _contains(field.type, name)) for field in fields)
