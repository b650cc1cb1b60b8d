"""Calls into the BUFR decoder whose every failure becomes one sentence, and files of which a part is damaged.

Messages do not depend on each other, save on the tables that NCEP's files carry in messages of data category 11. So a
message that is no whole frame (`bufr_frames`), or that cannot be decoded, is left out with a `DamageWarning` and those
around it are read. A file is refused when it is cut off, when its tables are damaged, or when more than one
message in ten would be left out: then what seems sound is not to be trusted either.
"""

from __future__ import annotations

import re
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import earth2bufr
import pyarrow as pa

from latentda.observations.bounded_bufr import DecoderDiedError, bounded_batches
from latentda.observations.bufr_frames import Frames, frames
from latentda.observations.decoder_panics import is_panic, traces_held_back
from latentda.observations.table import ObservationError

MOST_LEFT_OUT = 0.1
TABLES_CATEGORY = 11
"""Data category of the messages in which NCEP's files describe the others."""
_AT_ONCE = 256  # messages a batch: some tens of megabytes decoded, so that memory does not grow with the file


_NOT_DESCRIBED = re.compile(r"Unknown Table [BD] descriptor (\S+)")


class DamageWarning(UserWarning):
    """Messages of an observation file are damaged and were left out; the text says how many."""


@dataclass(frozen=True)
class SoundFile:
    """A file whose messages are all whole frames.

    Attributes:
        path: where it lies.
        frames: where its messages lie; `broken` counts those that were left out.
        named: the user's path, to speak of in errors.
    """

    path: Path
    frames: Frames
    named: Path

    @property
    def total(self) -> int:
        """How many messages the user's file has, broken ones too."""
        return len(self.frames.places) + self.frames.broken

    @cached_property
    def opened(self) -> earth2bufr.BufrFile:
        """The file in the hands of the decoder of NCEP's tables.

        Raises:
            ObservationError: headers or embedded tables are damaged.
        """
        with one_sentence(f"{self.named} is no readable BUFR file"):
            # Lenient decoding of a damaged replication can ask for all memory; strict stops at its end.
            return earth2bufr.open_bufr(str(self.path), strict=True)

    @property
    def headers(self) -> tuple[earth2bufr.MessageInfo, ...]:
        """Headers of the messages with data."""
        with one_sentence(f"{self.named} is no readable BUFR file"):
            return self.opened.info.data_messages


@contextmanager
def sound_messages(file: Path, named: Path) -> Iterator[SoundFile]:
    """The file itself, or a copy without what is no whole message.

    Raises:
        ObservationError: the file holds no whole message or is cut off, or too much of it is damaged.
    """
    found = frames(file)
    if not found.places and _is_text(file):
        raise ObservationError(f"{named} is text, no BUFR")
    if found.cut_off:
        raise ObservationError(f"{named} is cut off inside its last BUFR message")
    if not found.places:
        raise ObservationError(f"{named} holds no whole BUFR message")
    refuse_if_most_is_lost(found.broken, len(found.places) + found.broken, named)
    if not found.broken:
        yield SoundFile(file, found, named)
        return
    with tempfile.TemporaryDirectory(prefix="latentda-") as folder:
        copy = Path(folder) / "messages"
        with file.open("rb") as source, copy.open("wb") as target:
            for begin, length in found.places:
                source.seek(begin)
                target.write(source.read(length))
        yield SoundFile(copy, replace(frames(copy), broken=found.broken), named)


def _is_text(file: Path) -> bool:
    """Whether a file without messages is text that speaks of BUFR: lines, and no zero byte."""
    with file.open("rb") as stream:
        start = stream.read(100_000)
    return b"\n" in start and b"\0" not in start


def refuse_if_most_is_lost(lost: int, messages: int, named: Path) -> None:
    """Raise ObservationError if more than a tenth of the messages cannot be read."""
    if lost > MOST_LEFT_OUT * messages:
        raise ObservationError(f"{named} is damaged BUFR: {lost} of its {messages} messages cannot be read")


def warn_of_lost(lost: int, messages: int, named: Path) -> None:
    """Warn that messages were left out, if any were."""
    if lost:
        text = f"{named} is damaged: {lost} of its {messages} BUFR messages cannot be read and are left out"
        warnings.warn(DamageWarning(text), stacklevel=2)


def decode(file: SoundFile, category: int | None = None) -> Iterator[pa.RecordBatch]:
    """All reports as nested record batches in file order, a message type or a part of one at a time.

    Args:
        file: the file.
        category: decode only this data category, and in another process with a bound on memory, see `bounded_bufr`; a
            message that reaches the bound counts as damaged.

    Raises:
        ObservationError: the tables of the file are damaged, or too many messages are.
    """
    named, total, lost = file.named, file.total, file.frames.broken
    at_once = _AT_ONCE
    with tempfile.TemporaryDirectory(prefix="latentda-") as folder:
        rest = Path(folder) / "messages"
        while True:
            done, failed = -1, None
            try:
                for batch in _batches(file, category, at_once):
                    done = int(batch.column("_source_message_index")[-1].as_py())
                    yield batch
            except _DamagedMessageError as error:
                failed = error.numbers
            except DecoderDiedError:
                failed = _following(file, category, done, at_once)
            if failed is None:
                break
            # Of messages decoded together only a second try, one by one, tells which is damaged.
            alone = len(failed) <= 1 or at_once == 1
            at_once = _AT_ONCE if alone else 1
            lost += len(failed) if alone else 0
            refuse_if_most_is_lost(lost, total, named)
            if not _copy_rest(file, rest, done, failed if alone else range(0), category):
                break
            file = SoundFile(rest, file.frames, named)
    warn_of_lost(lost, total, named)


class _DamagedMessageError(Exception):
    """The decoder's complaint about the messages of some numbers in a file."""

    def __init__(self, numbers: range):
        super().__init__(numbers)
        self.numbers = numbers


def _batches(file: SoundFile, category: int | None, at_once: int) -> Iterator[pa.RecordBatch]:
    what = f"{file.named} is damaged BUFR"
    with one_sentence(what):
        decoded = bounded_batches(file.path, category, at_once) if category is not None else _all_batches(file, at_once)
    while True:
        with one_sentence(what):
            try:
                batch = next(decoded, None)
            except ValueError as error:
                place = re.match(r"Source BUFR message (?:group )?(\d+)(?:\.\.(\d+))?:", str(error))
                if place is None:
                    raise
                first, last = int(place.group(1)), int(place.group(2) or place.group(1))
                raise _DamagedMessageError(range(first, last + 1)) from error
        if batch is None:
            return
        yield batch


def _all_batches(file: SoundFile, at_once: int) -> Iterator[pa.RecordBatch]:
    yield from file.opened.iter_batches(messages_per_batch=at_once)


def _following(file: SoundFile, category: int | None, done: int, count: int) -> range:
    """From the first message of a category after `done` to at most the one `count` messages later."""
    messages = [message for message in file.headers if message.data_category == category]
    numbers = [message.source_message_index for message in messages if message.source_message_index > done]
    return range(numbers[0], numbers[:count][-1] + 1) if numbers else range(0)


def _copy_rest(file: SoundFile, rest: Path, done: int, failed: range, category: int | None) -> bool:
    """Write the tables, and the wanted messages neither done nor damaged; say whether any is left."""
    with one_sentence(f"{file.named} is damaged BUFR"):
        messages = file.opened.info.messages
    content = file.path.read_bytes()
    kept, left = [], False
    for number, message in enumerate(messages):
        tables = message.data_category == TABLES_CATEGORY
        wanted = number > done and number not in failed and category in (None, message.data_category)
        if wanted or tables:
            kept.append(content[message.offset : message.offset + message.size_bytes])
            left |= not tables
    rest.write_bytes(b"".join(kept))
    return left


def _lacks(descriptor: str) -> str:
    described = f"messages of data category {TABLES_CATEGORY}"
    return f"its own tables ({described}) lack {descriptor}, without which its reports cannot be read"


@contextmanager
def one_sentence(what: str) -> Iterator[None]:
    """Turn every failure of the decoder into an ObservationError that begins with `what`; for calls, not for yields."""
    try:
        with traces_held_back():
            yield
    except (ObservationError, _DamagedMessageError, DecoderDiedError):
        raise
    except (ValueError, RuntimeError, OSError, pa.ArrowException) as error:
        lacking = _NOT_DESCRIBED.search(str(error))
        raise ObservationError(f"{what}: {_lacks(lacking[1]) if lacking else error}") from error
    except BaseException as error:
        if not is_panic(error):
            raise
        raise ObservationError(f"{what}: the decoder gave up ({error})") from error
