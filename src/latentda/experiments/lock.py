"""One process at a time works in a folder; see :mod:`latentda.lock`."""

from latentda.lock import LOCK, only_process

__all__ = ["LOCK", "only_process"]
