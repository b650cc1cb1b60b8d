"""One door to all readers: the format is told by content, never by the file's name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from latentda.observations.anemoi_table import is_zarr, read_zarr_table
from latentda.observations.bufr_decoder import TABLES_CATEGORY, SoundFile, sound_messages
from latentda.observations.column_maps import ColumnMap
from latentda.observations.compressed import decompressed
from latentda.observations.csv_table import csv_pieces
from latentda.observations.csv_text import decoded_start
from latentda.observations.gnssro import GNSSRO_CATEGORY, decoded_gnssro
from latentda.observations.ioda import read_ioda
from latentda.observations.left_out import warn_left_out, warn_of_other_kinds
from latentda.observations.message_classes import message_class_of
from latentda.observations.netcdf_table import is_ioda, read_netcdf_table
from latentda.observations.nnja import TIME_COLUMN, nnja_pieces
from latentda.observations.parquet_table import is_frame, read_parquet, table_of, table_of_frame
from latentda.observations.prepbufr import decoded_prepbufr
from latentda.observations.table import ObservationError, concatenate
from latentda.observations.wmo_bufr import WMO_CATEGORIES, decoded_wmo

_HDF5_MAGIC, _PARQUET_MAGIC, _NETCDF3_MAGIC = b"\x89HDF\r\n\x1a\n", b"PAR1", b"CDF"
_WANTED = (
    "wanted is a Parquet observation table, NNJA-AI Parquet, IODA NetCDF, a table in NetCDF or Zarr, NCEP prepBUFR, "
    "WMO BUFR of stations, soundings, aircraft or radio occultation, or CSV"
)


class NoObservationError(ObservationError):
    """A file is sound but holds no usable observation."""


def read_observations(
    path: Any,
    column_map: Mapping[str, Any] | ColumnMap | str | None = None,
    *,
    keep_first_guess: bool = False,
) -> pa.Table:
    """Read any known observation file, plain or gzipped, or a frame in memory, to an observation table.

    Parquet (our own or NNJA-AI's), IODA NetCDF, NCEP prepBUFR, WMO BUFR of several kinds in one file, CSV, tables in
    NetCDF and Zarr (also anemoi-datasets'). Damaged messages of BUFR are left out with a `DamageWarning`, reports
    without a place with a `LeftOutWarning`.

    Args:
        path: the file; or an Arrow table, a pandas data frame or an xarray dataset.
        column_map: for tables with other column names than ours, see `csv_table`.
        keep_first_guess: append the column `first_guess` where the file is prepBUFR, see `prepbufr`.

    Raises:
        ObservationError: the file is missing, empty, too damaged, holds no report (`NoObservationError`), or is of
            another kind.
    """
    if is_frame(path):
        return concatenate([table_of(path, column_map)])
    return concatenate(read_observations_in_pieces(path, column_map, keep_first_guess=keep_first_guess))


def read_observations_of_files(
    paths: Sequence[str | Path], column_map: Mapping[str, Any] | ColumnMap | str | None = None
) -> Iterator[pa.Table]:
    """The tables of several files, one at a time; those without an observation are passed over with a warning.

    Raises:
        ObservationError: as `read_observations`; a file without an observation only where none has one.
    """
    empty: list[NoObservationError] = []
    for path in paths:
        try:
            table = read_observations(path, column_map)
        except NoObservationError as error:
            empty.append(error)
            continue
        if table.num_rows or len(paths) == 1:
            yield table
        else:
            empty.append(_none_in(path))
    if len(empty) == len(paths) > 1:
        raise NoObservationError(f"none of the {len(paths)} files holds a usable observation")
    for nothing in empty:
        if len(paths) == 1:
            raise nothing
        warn_left_out(str(nothing))


def read_observations_in_pieces(
    path: str | Path,
    column_map: Mapping[str, Any] | ColumnMap | str | None = None,
    *,
    keep_first_guess: bool = False,
) -> Iterator[pa.Table]:
    """`read_observations`, a message type, row group or block at a time, so that memory stays bounded.

    Each piece counts its `obs_id` from zero. What a file's damage leaves unread is known, and warned of, at the end.
    """
    rows = 0
    if is_zarr(Path(path)):
        yield table_of_frame(read_zarr_table(Path(path)), Path(path), column_map)
        return
    with decompressed(path) as file:
        if _is_own_table(file, column_map):
            yield _own_table(file, Path(path), column_map)
            return  # it may be empty
        for piece in _pieces(file, Path(path), column_map, keep_first_guess):
            rows += piece.num_rows
            yield piece
    if rows == 0:
        raise _none_in(path)


def _none_in(path: str | Path) -> NoObservationError:
    return NoObservationError(f"{path} holds no usable observation")


def _pieces(file: Path, named: Path, column_map: Any, keep_first_guess: bool) -> Iterator[pa.Table]:
    """What the reader of a file's kind makes of it; errors speak of `named`."""
    with file.open("rb") as stream:
        magic = stream.read(8)
        start = magic + stream.read(100_000)
    if magic == _HDF5_MAGIC and is_ioda(file):
        yield read_ioda(named)
    elif magic == _HDF5_MAGIC or magic[:3] == _NETCDF3_MAGIC:
        yield table_of_frame(read_netcdf_table(file, named), named, column_map)
    elif column_map is not None:
        yield from csv_pieces(named, column_map)
    elif magic[:4] == _PARQUET_MAGIC:
        yield from nnja_pieces(named)
    elif _is_text(start):  # before BUFR, a word that texts may hold
        yield from csv_pieces(named)
    elif b"BUFR" in start:
        with sound_messages(file, named) as sound:
            yield from _bufr_pieces(sound, keep_first_guess)
    else:
        raise ObservationError(f"{named} is of no known format; {_WANTED}")


def _bufr_pieces(file: SoundFile, keep_first_guess: bool) -> Iterator[pa.Table]:
    categories = set(file.frames.categories)
    if any(message_class_of(category) for category in categories):
        yield from decoded_prepbufr(file, keep_first_guess=keep_first_guess)
        return
    if not categories.intersection({*WMO_CATEGORIES, GNSSRO_CATEGORY}):
        listed = ", ".join(str(category) for category in sorted(categories))
        raise ObservationError(f"{file.named} is BUFR of data category {listed}; {_WANTED}")
    if categories.intersection(WMO_CATEGORIES):
        yield from decoded_wmo(file)
    yield from decoded_gnssro(file)
    known = {*WMO_CATEGORIES, GNSSRO_CATEGORY, TABLES_CATEGORY}
    other = Counter(f"messages of data category {one}" for one in file.frames.categories if one not in known)
    warn_of_other_kinds(file.named, other)


def _is_own_table(file: Path, column_map: Any) -> bool:
    """Whether a file is Parquet and not NNJA-AI's; the reader of our own table says what is wrong with other."""
    with file.open("rb") as stream:
        if stream.read(4) != _PARQUET_MAGIC:
            return False
    try:
        return column_map is not None or TIME_COLUMN not in pq.read_schema(file).names
    except (pa.ArrowException, OSError, UnicodeDecodeError):
        return True


def _own_table(file: Path, named: Path, column_map: Any) -> pa.Table:
    try:
        return table_of_frame(read_parquet(file), named, column_map)
    except UnicodeDecodeError as error:
        raise ObservationError(f"{named} is damaged Parquet: its texts are not UTF-8") from error
    except ObservationError as error:
        # Arrow's own words may hold line breaks, and a copy's path is nothing to the user.
        text = " ".join(str(error).split()).replace(str(file), str(named))
        raise ObservationError(text) from error


def _is_text(start: bytes) -> bool:
    """Whether the beginning of a file is lines of text."""
    text = decoded_start(start)
    return text is not None and "\n" in text.replace("\r", "\n")
