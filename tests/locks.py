"""Whether a lock is held, seen as another process sees it."""

import fcntl
from pathlib import Path


def is_held(file: Path) -> bool:
    if not file.exists():
        return False
    with file.open("a") as opened:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
