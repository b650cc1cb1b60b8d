"""Progress of long steps: whoever loops long wraps the loop; whoever calls decides how it is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

Track = Callable[[Iterable[Any], str, int], Iterable[Any]]
"""``track(iterable, description, total)`` yields the same items and shows how far they are."""


def silent(iterable: Iterable[Any], description: str, total: int) -> Iterable[Any]:
    """Show nothing."""
    del description, total
    return iterable
