"""NCEP's and WMO's BUFR decoded in a process of its own, with a bound on memory.

In a message of nested replications, one flipped bit in the number of its reports lets the decoder go on for
gigabytes past the message's end before it complains. So this file is also a program: it imports nothing of the
package and writes each record batch as an Arrow stream of its own to its standard output.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import earth2bufr
import pyarrow as pa

_MEMORY_BYTES = 2 << 30
_SECONDS_A_BATCH = 30
_COMPLAINT = 4


class DecoderDiedError(Exception):
    """The decoding process ended without a word: it crashed, or met its bound of memory or time."""


def bounded_batches(file: Path, category: int, messages_per_batch: int) -> Iterator[pa.RecordBatch]:
    """Batches of `earth2bufr.BufrFile.iter_batches`, strict, of the messages of one data category.

    Raises:
        ValueError: a message cannot be decoded; the text is the decoder's.
        DecoderDiedError: the process died; the batches before have been handed on.
    """
    # -P keeps this folder's modules from standing in for others of the same name.
    command = [sys.executable, "-P", __file__, str(file), str(category), str(messages_per_batch)]
    alone = os.environ | {"EARTH2BUFR_NUM_THREADS": "1"}
    with (
        tempfile.TemporaryFile() as words,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=words, env=alone) as child,
    ):
        assert child.stdout is not None
        try:
            while child.stdout.peek(1):  # type: ignore[attr-defined]
                with pa.ipc.open_stream(child.stdout) as stream:
                    yield from stream
        except (pa.ArrowException, OSError):
            child.kill()  # a stream that breaks off
        finally:
            child.stdout.close()
            child.wait()
        words.seek(0)
        text = words.read().decode("utf-8", "replace").strip()
    if child.returncode == _COMPLAINT:
        raise ValueError(text.splitlines()[-1] if text else "unknown damage")
    if child.returncode != 0:
        raise DecoderDiedError


def _main() -> None:
    if hasattr(signal, "alarm"):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        signal.alarm(_SECONDS_A_BATCH)  # its default action ends the process
    with os.fdopen(1, "wb") as out:
        try:
            opened = earth2bufr.open_bufr(sys.argv[1], strict=True)
            category, messages = int(sys.argv[2]), int(sys.argv[3])
            for batch in opened.iter_batches(messages_per_batch=messages, data_category_filter=[category]):
                with pa.ipc.new_stream(out, batch.schema) as stream:
                    stream.write_batch(batch)
                out.flush()
                if hasattr(signal, "alarm"):
                    signal.alarm(_SECONDS_A_BATCH)
        except ValueError as error:
            print(" ".join(str(error).split()), file=sys.stderr)
            sys.exit(_COMPLAINT)


if __name__ == "__main__":
    _main()
