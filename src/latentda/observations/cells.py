"""Columns of a file's table as numbers, marks and texts, whatever kind the file keeps them in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

MISSING_NUMBERS = (-9999.0, -9999.9, -99999.0, -999999.0, 1e20, 9.969209968386869e36)
"""What stands for no number in tables and in netCDF; no variable of an observation table can have it."""
UNKNOWN_ERRORS = tuple(number for number in MISSING_NUMBERS if number < 0.0)
"""Likewise in a column of errors, where a huge number says that nothing was measured: `judgement` refuses its row."""
_WORST_MARK = 15


@dataclass(frozen=True)
class Numbers:
    """A column of numbers.

    Attributes:
        values: float64 in the file's unit, NaN where missing.
        filled: where a number stands that means "missing".
        unreadable: where something stands that is no number; `values` is NaN there.
    """

    values: np.ndarray
    filled: np.ndarray
    unreadable: np.ndarray


def plain(array: pa.Array | pa.ChunkedArray) -> pa.Array:
    """One array without dictionary, large text as text."""
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    return array.cast(pa.string()) if pa.types.is_large_string(array.type) else array


def read_numbers(
    array: pa.Array | pa.ChunkedArray, decimal_comma: bool = False, missing: tuple[float, ...] = MISSING_NUMBERS
) -> Numbers:
    """Read numbers from a column of numbers, texts or booleans.

    Args:
        array: the column.
        decimal_comma: texts may have a comma where others have the point.
        missing: numbers that stand for none.
    """
    array = plain(array)
    if pa.types.is_string(array.type):
        values, unreadable = _from_text(array, decimal_comma)
    else:
        try:
            values = pc.cast(array, pa.float64(), safe=False).to_numpy(zero_copy_only=False)
            unreadable = np.zeros(len(array), dtype=bool)
        except pa.ArrowException:
            values, unreadable = np.full(len(array), np.nan), array.is_valid().to_numpy(zero_copy_only=False)
    values = np.asarray(values, dtype=np.float64)
    filled = np.abs(values) > 9998.0
    large = values[filled]
    # Single precision and text round the great ones.
    filled[filled] = np.any([np.isclose(large, number, rtol=1e-6, atol=0.0) for number in missing], axis=0)
    return Numbers(np.where(filled, np.nan, values), filled, unreadable)


def _from_text(array: pa.Array, decimal_comma: bool) -> tuple[np.ndarray, np.ndarray]:
    text = pc.utf8_trim_whitespace(array)
    if decimal_comma:
        text = pc.replace_substring_regex(text, r"^([+-]?\d+),(\d+)$", r"\1.\2")
    try:
        return pc.cast(text, pa.float64()).to_numpy(zero_copy_only=False), np.zeros(len(array), dtype=bool)
    except pa.ArrowException:
        numbers = [_number(cell) for cell in text.to_pylist()]
    unreadable = np.array([number is None for number in numbers], dtype=bool)
    return np.array([np.nan if number is None else number for number in numbers]), unreadable


def _number(cell: str | None) -> float | None:
    """NaN where nothing stands, None where it is no number."""
    if not cell:
        return np.nan
    try:
        return None if "_" in cell else float(cell)
    except ValueError:
        return None


def read_texts(array: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Texts without padding, empty where missing."""
    array = plain(array)
    if pa.types.is_floating(array.type):
        # A whole number is a name, such as a station's, that a data frame made a number.
        shown = [None if number is None else str(number).removesuffix(".0") for number in array.to_pylist()]
        array = pc.if_else(pc.is_nan(array), None, pa.array(shown, pa.string()))
    return pc.fill_null(pc.utf8_trim_whitespace(array.cast(pa.string())), "")


def whole_numbers(values: np.ndarray, kind: pa.DataType, fill: int) -> tuple[np.ndarray, np.ndarray]:
    """Numbers as an unsigned kind, `fill` where missing, and where they do not fit it.

    What does not fit becomes a mark of bad quality where the kind is that of marks, else `fill`.
    """
    bounds = np.iinfo(kind.to_pandas_dtype())
    wrong = (values < bounds.min) | (values > bounds.max) | (values != np.floor(values)) & ~np.isnan(values)
    instead: Any = _WORST_MARK if pa.types.is_uint8(kind) else fill
    return np.where(wrong, instead, np.nan_to_num(values, nan=fill)).astype(kind.to_pandas_dtype()), wrong
