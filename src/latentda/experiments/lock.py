"""One process at a time works in a folder; the others wait.

The lock is the operating system's (``flock``), so it ends with its process, however that ends. Who starts a killed
computation again waits until what is left of it is gone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOCK = "running.lock"
"""The file in the folder that carries the lock; it stays there, empty."""


@contextmanager
def only_process(folder: Path) -> Iterator[None]:
    """Be the only process that works in a folder, which is made if it does not exist."""
    import fcntl  # Unix only, like the runs that need it

    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
