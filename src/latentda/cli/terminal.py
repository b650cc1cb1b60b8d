"""Standard output and error, whatever their encoding: what a terminal cannot show is spelled otherwise.

A terminal of Latin-1 or ASCII knows no dash and no superscript. Signs that its encoding lacks become the nearest that
it has, at worst a question mark; output is never refused for a sign.
"""

from __future__ import annotations

import sys
import unicodedata
from typing import IO, Any, cast

_NEAREST = {
    "\N{EN DASH}": "-",
    "\N{EM DASH}": "-",
    "\N{MINUS SIGN}": "-",
    "\N{SUPERSCRIPT MINUS}": "-",
    "\N{PLUS-MINUS SIGN}": "+-",
    "\N{MULTIPLICATION SIGN}": "x",
    "\N{MIDDLE DOT}": ".",
    "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    "\N{LEFT SINGLE QUOTATION MARK}": "'",
    "\N{RIGHTWARDS ARROW}": "->",
    "\N{GREEK SMALL LETTER SIGMA}": "sigma",
    "\N{GREEK SMALL LETTER CHI}": "chi",
    "\N{GREEK CAPITAL LETTER DELTA}": "Delta ",
    "\N{DEGREE SIGN}": " deg ",
}


def spelled(text: str, encoding: str) -> str:
    """The text with signs that the encoding lacks spelled by others."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return "".join(_spelled(sign, encoding) for sign in text)
    return text


def _spelled(sign: str, encoding: str) -> str:
    for spelling in (sign, _NEAREST.get(sign, ""), unicodedata.normalize("NFKD", sign)):
        kept = spelling.encode(encoding, "ignore").decode(encoding)
        if kept and (spelling == kept or spelling != sign):
            return kept
    return "?"


class _Terminal:
    """The stream that `sys` has under a name just then, which tests and progress bars replace."""

    def __init__(self, name: str):
        self._name = name

    @property
    def _stream(self) -> Any:
        stream = getattr(sys, self._name)
        return getattr(stream, "rich_proxied_file", stream)  # what a running progress bar has replaced

    def write(self, text: str) -> int:
        stream = self._stream
        return cast(int, stream.write(spelled(text, getattr(stream, "encoding", None) or "utf-8")))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def terminal(name: str) -> IO[str]:
    """``stdout`` or ``stderr``, to be written to without regard to its encoding."""
    return cast(IO[str], _Terminal(name))


def never_refuse_a_sign() -> None:
    """Let also what others print on the terminal, such as the pages of help, get through; for a program's start."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")
