"""One door to all readers: the format is told by content, never by the file's name."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from latentda.observations.bufr_decoder import message_headers
from latentda.observations.compressed import decompressed
from latentda.observations.message_classes import message_class_of
from latentda.observations.prepbufr import read_prepbufr
from latentda.observations.table import ObservationError, read_table
from latentda.observations.wmo_bufr import read_radiosondes, read_synop

_WMO_SURFACE = (0, 1)  # data categories of BUFR table A: land, sea
_WMO_SOUNDING = 2
_WANTED = "wanted is a Parquet observation table, NCEP prepBUFR, or WMO BUFR radiosondes or SYNOP"


def read_observations(path: str | Path) -> pa.Table:
    """Read any known observation file to an observation table.

    Parquet tables, NCEP prepBUFR (plain, gzipped, Fortran-blocked) and WMO BUFR radiosonde and
    surface reports.

    Raises:
        ObservationError: the file is missing, empty, damaged or of another kind.
    """
    with decompressed(path) as file:
        with file.open("rb") as stream:
            magic = stream.read(4)
        if magic == b"PAR1":
            return read_table(file)
        categories = _bufr_categories(file, Path(path))
    if any(message_class_of(category) for category in categories):
        return read_prepbufr(path)
    if _WMO_SOUNDING in categories:
        return read_radiosondes(path)
    if categories.intersection(_WMO_SURFACE):
        return read_synop(path)
    listed = ", ".join(str(category) for category in sorted(categories))
    raise ObservationError(f"{path} is BUFR of data category {listed}; {_WANTED}")


def _bufr_categories(file: Path, named: Path) -> set[int]:
    try:
        messages = message_headers(file, named)
    except ObservationError as error:
        raise ObservationError(f"{named} is of no known format; {_WANTED}") from error
    return {message.data_category for message in messages}
