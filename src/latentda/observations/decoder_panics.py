"""The decoder of NCEP's tables is a Rust library: where damaged bytes make it panic, it writes a trace by itself.

It writes it to the process's standard error, past Python, before the exception arrives that becomes a sentence. So
during a call what arrives there is held back: it is dropped if the call ends in a panic, and handed on if it does not.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_STANDARD_ERROR = 2
_ONE_AT_A_TIME = threading.Lock()


def is_panic(error: BaseException) -> bool:
    """Whether an exception is a panic of the decoder, which is no Exception and whose class has no public name."""
    return type(error).__name__ == "PanicException"


@contextmanager
def traces_held_back() -> Iterator[None]:
    """Keep the trace of a panic off the terminal; the panic itself goes on as an exception."""
    # A second thread meanwhile would take the first one's file for the terminal.
    if not _ONE_AT_A_TIME.acquire(blocking=False):
        yield
        return
    try:
        try:
            terminal = os.dup(_STANDARD_ERROR)
        except OSError:  # there is none
            yield
            return
        with tempfile.TemporaryFile() as words, os.fdopen(terminal, "wb") as real:
            panicked = False
            _send_standard_error_to(words.fileno())
            try:
                yield
            except BaseException as error:
                panicked = is_panic(error) or (error.__cause__ is not None and is_panic(error.__cause__))
                raise
            finally:
                _send_standard_error_to(real.fileno())
                words.seek(0)
                if not panicked:
                    shutil.copyfileobj(words, real)
    finally:
        _ONE_AT_A_TIME.release()


def _send_standard_error_to(descriptor: int) -> None:
    if sys.stderr is not None:
        sys.stderr.flush()
    os.dup2(descriptor, _STANDARD_ERROR)
