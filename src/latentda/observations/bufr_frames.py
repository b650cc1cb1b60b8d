"""Where the whole messages of a BUFR file lie, whatever lies between them.

A BUFR message is a frame: the letters BUFR, its length, sections that tell their lengths, and 7777 (WMO Manual on
Codes, I.2, FM 94).
"""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from pathlib import Path

_SHORTEST = 40  # bytes: a message's fixed sections
# Where, by edition, section 1 has the data category and the flag that says whether there is a section 2.
_CATEGORY_OCTET = {2: 8, 3: 8, 4: 10}
_SECOND_SECTION_FLAG = {2: 7, 3: 7, 4: 9}


@dataclass(frozen=True)
class Frames:
    """Where the whole messages of a file lie.

    Attributes:
        places: offset and length in bytes of each.
        categories: the data category (table A) of each.
        broken: how many begin like a message but are none.
        cut_off: whether the last of these reaches the end of the file.
    """

    places: tuple[tuple[int, int], ...]
    categories: tuple[int, ...]
    broken: int
    cut_off: bool


def frames(file: Path) -> Frames:
    """Find the whole messages of a file, whatever lies between them."""
    places, categories, broken, cut_off = [], [], 0, False
    if file.stat().st_size == 0:
        return Frames((), (), 0, False)
    with file.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
        begin = content.find(b"BUFR")
        while begin >= 0:
            message = content[begin : begin + int.from_bytes(content[begin + 4 : begin + 7], "big")]
            if _is_whole(message):
                places.append((begin, len(message)))
                categories.append(_category(message))
                begin = content.find(b"BUFR", begin + len(message))
                continue
            broken += 1
            following = content.find(b"BUFR", begin + 4)
            cut_off = following < 0 and content.find(b"7777", begin) < 0
            begin = following
    return Frames(tuple(places), tuple(categories), broken, cut_off)


def _is_whole(message: bytes) -> bool:
    """Whether the sections of a message fill it exactly, from the first to the closing 7777."""
    if len(message) < _SHORTEST or message[-4:] != b"7777" or message[7] not in (2, 3, 4):
        return False
    has_second = message[8 + _SECOND_SECTION_FLAG[message[7]]] & 128 > 0
    end = 8
    for number in (1, 2, 3, 4):
        if number != 2 or has_second:
            length = int.from_bytes(message[end : end + 3], "big")
            end += max(length, 4)
    return end == len(message) - 4


def _category(message: bytes) -> int:
    return message[8 + _CATEGORY_OCTET[message[7]]]
