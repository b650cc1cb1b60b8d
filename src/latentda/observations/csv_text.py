"""What a file of comma-separated values is as text: its encoding, its delimiter, its header.

Spreadsheets write a byte-order mark, UTF-16 or the encoding of Western Windows (Latin-1 with a few letters more), a
line `sep=;` before the header, and semicolons where a comma is the decimal sign. Everything is told by the file itself.
"""

from __future__ import annotations

import codecs
import csv
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from latentda.observations.table import ObservationError

_DELIMITERS = (",", ";", "\t", "|")
_BLOCK_BYTES = 4_000_000
_LONGEST_HEADER = 100_000
_INVISIBLE = "\r\n\t\xa0\xad\ufeff\u200b"


@dataclass(frozen=True)
class Header:
    """The head of a CSV file.

    Attributes:
        names: of the columns, without blanks around them.
        line: which line of the file it is, from 1.
        delimiter: one character, or "whitespace".
    """

    names: tuple[str, ...]
    line: int
    delimiter: str


def decoded_start(start: bytes) -> str | None:
    """The beginning of a file as text, None where it is none."""
    for encoding in ("utf-16",) if start[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else ("utf-8-sig", "cp1252"):
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            text = decoder.decode(start, final=len(start) < _LONGEST_HEADER)
        except UnicodeDecodeError:
            continue
        return text if all(sign.isprintable() or sign in _INVISIBLE for sign in text[:10_000]) else None
    return None


def encoding_of(file: Path) -> str:
    """A file's encoding: UTF-8, also where a part is damaged, UTF-16 by its mark, or else that of Western Windows."""
    with file.open("rb") as stream:
        if stream.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            return "utf-16"
        stream.seek(0)
        decoder, letters, broken = codecs.getincrementaldecoder("utf-8")("replace"), 0, 0
        for block in iter(lambda: stream.read(_BLOCK_BYTES), b""):
            text = decoder.decode(block)
            if not text.isascii():
                wrong = text.count("\ufffd")
                broken, letters = broken + wrong, letters + sum(sign > "\x7f" for sign in text) - wrong
        broken += len(decoder.decode(b"", final=True))
    return "utf-8" if broken == 0 else "utf-8-replace" if letters > broken else "cp1252"


@contextmanager
def plain(file: Path, padded: bool) -> Iterator[tuple[Path, str]]:
    """The file itself or a copy in UTF-8, with commas where blanks pad the columns; and the file's encoding."""
    encoding = encoding_of(file)
    if encoding == "utf-8" and not padded:
        yield file, encoding
        return
    with tempfile.TemporaryDirectory(prefix="latentda-") as folder:
        copy = Path(folder) / "table.csv"
        told = encoding.removesuffix("-replace")
        with file.open(encoding=told, errors="replace", newline="") as source, copy.open("wb") as target:
            for line in source:
                target.write((",".join(line.split()) + "\n" if padded else line).encode())
        yield copy, encoding


def read_header(file: Path, named: Path, delimiter: str | None) -> Header:
    """The head of a file: its first line that is neither blank nor a spreadsheet's `sep=`.

    Args:
        file: where it lies.
        named: the user's path, to speak of in errors.
        delimiter: None to tell it by the header.

    Raises:
        ObservationError: there is no such line, or the file is no text.
    """
    with file.open("rb") as stream:
        text = decoded_start(stream.read(_LONGEST_HEADER))
    if text is None:
        raise ObservationError(f"{named} is neither text nor of another known format")
    for number, line in enumerate(text.splitlines(), start=1):
        if line.casefold().startswith("sep=") and len(line.strip()) <= 5:
            delimiter = delimiter or line.rstrip("\r\n")[4:5] or None
        elif line.strip(" \t\r\n,;\ufeff"):
            names, found = _split(line, delimiter)
            return Header(tuple(name.strip("\ufeff \t") for name in names), number, found)
    raise ObservationError(f"{named} has no line that names its columns")


def _split(line: str, delimiter: str | None) -> tuple[list[str], str]:
    """Names of columns, and what parts them: what makes the most of them."""
    if delimiter == "whitespace":
        return line.split(), delimiter
    split = {sign: next(csv.reader([line], delimiter=sign)) for sign in ([delimiter] if delimiter else _DELIMITERS)}
    best = max(split, key=lambda sign: len(split[sign]))
    if delimiter is None and len(split[best]) == 1 and len(line.split()) > 3:
        return line.split(), "whitespace"
    return split[best], best
