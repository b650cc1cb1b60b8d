"""Opening observation files that may be gzipped, and the first look every reader takes at them."""

from __future__ import annotations

import gzip
import shutil
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from latentda.observations.table import ObservationError

_GZIP_MAGIC = b"\x1f\x8b"


@contextmanager
def decompressed(path: str | Path) -> Iterator[Path]:
    """The path itself, or for a gzipped file (told by content) a decompressed temporary copy.

    Raises:
        ObservationError: the file is missing, unreadable, empty, or its compression is damaged.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            magic = file.read(2)
    except OSError as error:
        raise ObservationError(f"{path} cannot be opened: {error.strerror or error}") from error
    if not magic:
        raise ObservationError(f"{path} is empty; an observation file was wanted")
    if magic != _GZIP_MAGIC:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="latentda-") as folder:
        copy = Path(folder) / "observations"
        try:
            with gzip.open(path) as source, copy.open("wb") as target:
                shutil.copyfileobj(source, target)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise ObservationError(
                f"{path} is gzipped but damaged ({error}); a complete observation file was wanted"
            ) from error
        yield copy
