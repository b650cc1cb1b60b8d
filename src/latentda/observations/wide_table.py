"""A row a place: the data of a long table side by side, a column a variable."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def place_numbers(frame: pa.Table, keys: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Which place each row of a frame belongs to, numbered as they first appear, and each place's first row.

    A place that has a variable twice counts as two.

    Args:
        frame: with `variable`.
        keys: columns that are the same at a place; nulls and NaN are one value.
    """
    codes = [pc.dictionary_encode(frame[key].combine_chunks(), null_encoding="encode").indices for key in keys]
    key = np.stack([np.asarray(code) for code in codes], axis=1)
    name = np.asarray(pc.dictionary_encode(frame["variable"].combine_chunks()).indices)
    _, datum = np.unique(np.column_stack([key, name]), axis=0, return_inverse=True)
    key = np.column_stack([key, _turn(datum.reshape(-1))])
    _, first, place = np.unique(key, axis=0, return_index=True, return_inverse=True)
    order = np.argsort(first)
    number = np.empty_like(order)
    number[order] = np.arange(len(order))
    return number[place.reshape(-1)], first[order]


def wide_table(frame: pa.Table) -> pa.Table:
    """The frame with a column a variable in place of `variable` and `observation`, null where there is none."""
    keys = [name for name in frame.column_names if name not in ("variable", "observation")]
    if frame.num_rows == 0:
        return frame.select(keys)
    place, first = place_numbers(frame, keys)
    wide = frame.select(keys).take(pa.array(first))
    name = np.asarray(frame["variable"].to_numpy(), dtype=object)
    value = frame["observation"].to_numpy()
    for variable in dict.fromkeys(name.tolist()):
        rows = name == variable
        column = np.full(len(first), np.nan, dtype=value.dtype)
        column[place[rows]] = value[rows]
        wide = wide.append_column(variable, pa.array(column, from_pandas=True))
    return wide


def _turn(datum: np.ndarray) -> np.ndarray:
    """How many equal entries stand before each."""
    order = np.argsort(datum, kind="stable")
    start = np.r_[True, datum[order][1:] != datum[order][:-1]]
    begin = np.maximum.accumulate(np.where(start, np.arange(len(datum)), 0))
    turn = np.empty(len(datum), dtype=np.int64)
    turn[order] = np.arange(len(datum)) - begin
    return turn
