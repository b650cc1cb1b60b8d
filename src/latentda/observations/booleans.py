"""Yes and no as tables write them: `true`, `True`, `1`, `yes` and their opposites."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_TRUE, _FALSE = ("true", "t", "yes", "y", "1", "1.0"), ("false", "f", "no", "n", "0", "0.0")
_MISSING = ("", "nan", "none", "null", "na", "n/a", "<na>", "--")


def read_booleans(values: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Read a column of booleans, texts or numbers.

    Returns:
        The values, false where there is none; where the column says nothing; where it says something else.
    """
    array = values if isinstance(values, pa.Array | pa.ChunkedArray) else pa.array(values, from_pandas=True)
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if not pa.types.is_string(array.type):
        array = array.cast(pa.string())
    text = pc.utf8_lower(pc.utf8_trim_whitespace(pc.fill_null(array, "")))
    told = {
        name: pc.is_in(text, pa.array(words)).to_numpy(zero_copy_only=False)
        for name, words in (("true", _TRUE), ("false", _FALSE), ("missing", _MISSING))
    }
    return told["true"], told["missing"], ~(told["true"] | told["false"] | told["missing"])
