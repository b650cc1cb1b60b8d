"""One process at a time works in a folder, or writes one file or store; the others wait, and say so.

The lock is the operating system's, so it ends with its process, however that ends. Who starts a killed computation
again waits until what is left of it is gone.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from latentda.files import written

LOCK = "running.lock"
"""The file that carries the lock of a folder, in it, while somebody works there."""


@contextmanager
def only_process(folder: str | Path) -> Iterator[None]:
    """Be the only process that works in a folder, which is made if it does not exist.

    Raises:
        UserError: nothing may be written to the folder.
    """
    with _held(Path(folder) / LOCK, Path(folder)):
        yield


@contextmanager
def only_writer(path: str | Path) -> Iterator[None]:
    """Be the only process that writes a file or a store; its folder is made if it does not exist.

    Raises:
        UserError: nothing may be written to the folder.
    """
    path = Path(path)
    with _held(path.with_name(f".{path.name}.lock"), path):
        yield


@contextmanager
def _held(file: Path, what: Path) -> Iterator[None]:
    lock = FileLock(file)
    with written(what):
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(blocking=False)
        except Timeout:
            logging.getLogger("latentda").warning("latentda: another process works on %s; waiting until it ends.", what)
            lock.acquire()
    try:
        yield
    finally:
        # While it is held nobody else has it, and who waits for it looks whether it is still there.
        with suppress(OSError):
            file.unlink()
        lock.release()
