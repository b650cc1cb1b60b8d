"""WMO BUFR messages through ecCodes, in a process of their own.

ecCodes trusts the bytes it is given: damaged messages can make it crash the process, run for hours or ask for all
memory. So another process decodes (`wmo_program`). When it dies, it is noted at which message, and another one starts
after that.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from latentda.observations import wmo_program

_BATCH_BYTES = 500_000  # of encoded messages


def installed() -> bool:
    """Whether ecCodes can be imported."""
    return importlib.util.find_spec("eccodes") is not None


def reports(file: Path, places: Sequence[tuple[int, int]]) -> Iterator[pa.RecordBatch]:
    """The reports of the messages at `places` (offset, length) of a file, in the form of `wmo_program.SCHEMA`.

    Raises:
        ImportError: ecCodes is there but does not work.
    """
    begin = 0
    while begin < len(places):
        # A child that dies takes the batch in hand with it; message by message tells which one killed it.
        for batch_bytes in (_BATCH_BYTES, 0):
            for batch in _from_child(file, places, begin, batch_bytes):
                begin = int(batch.column("message")[-1].as_py()) + 1
                yield batch
            if begin == len(places):
                return
        yield pa.RecordBatch.from_pylist([{"message": begin}], wmo_program.SCHEMA)
        begin += 1


def _from_child(
    file: Path, places: Sequence[tuple[int, int]], begin: int, batch_bytes: int
) -> Iterator[pa.RecordBatch]:
    """Batches of another process from message `begin` on, until the end or its death."""
    # -P keeps this folder's modules from standing in for others of the same name.
    command = [sys.executable, "-P", wmo_program.__file__, str(file), str(begin), str(batch_bytes)]
    text = b"\n".join(b"%d %d" % place for place in places)
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=quiet) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        try:
            child.stdin.write(text)
            child.stdin.close()
            with pa.ipc.open_stream(child.stdout) as stream:
                yield from stream
        except (BrokenPipeError, pa.ArrowInvalid, OSError):
            pass  # the child died; what it wrote whole has been handed on
        finally:
            child.kill()
    if child.returncode == wmo_program.NO_LIBRARY:
        raise ImportError("ecCodes cannot be loaded")
