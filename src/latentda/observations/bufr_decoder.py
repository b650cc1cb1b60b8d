"""Calls into the BUFR decoder whose every failure becomes one sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import earth2bufr
import pyarrow as pa

from latentda.observations.table import ObservationError


def message_headers(file: Path, named: Path) -> tuple[earth2bufr.MessageInfo, ...]:
    """Headers of the data messages of `file`; `named` is the path to speak of in errors.

    Raises:
        ObservationError: the file holds no complete BUFR message, or headers are damaged.
    """
    with _one_sentence(f"{named} is no readable BUFR file"):
        return earth2bufr.get_metadata(str(file)).data_messages


def decode(file: Path, named: Path) -> list[pa.RecordBatch]:
    """All reports as nested record batches, one a message type.

    Raises:
        ObservationError: a message is damaged.
    """
    with _one_sentence(f"{named} is damaged BUFR"):
        # Lenient decoding of a damaged replication can ask for all memory; strict stops at its end.
        return list(earth2bufr.read_bufr(str(file), strict=True))


@contextmanager
def _one_sentence(what: str) -> Iterator[None]:
    try:
        yield
    except (ValueError, RuntimeError, OSError, pa.ArrowException) as error:
        raise ObservationError(f"{what}: {error}") from error
    except BaseException as error:
        # A panic of the decoder, which damaged bytes can cause, is no Exception, and its class
        # can only be told by name.
        if type(error).__name__ != "PanicException":
            raise
        raise ObservationError(f"{what}: the decoder gave up ({error})") from error
