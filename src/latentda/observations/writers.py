"""One door to all writers: the format is told by the ending of the file's name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa

from latentda.observations.ioda_writer import write_ioda
from latentda.observations.table import ObservationError, write_table

_ENDINGS: dict[str, Callable[[pa.Table, str | Path], None]] = {
    ".parquet": write_table,
    ".ioda.nc": write_ioda,
    ".ioda.nc4": write_ioda,
}


def writer_for(path: str | Path) -> Callable[[pa.Table, str | Path], None]:
    """What writes an observation table to a file of this name; without an ending it is Parquet.

    Raises:
        ObservationError: no format has this ending.
    """
    name = Path(path).name.casefold()
    found = next((write for ending, write in _ENDINGS.items() if name.endswith(ending)), None)
    if found is None and Path(path).suffix:
        raise ObservationError(f"{path} cannot be written: its name must end in {' or '.join(_ENDINGS)}.")
    return found or write_table
