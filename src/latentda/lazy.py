"""Names of a room that are looked up when first asked for, because their modules take long to import (PEP 562)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def lazy_names(room: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """The ``__getattr__`` of a room.

    Args:
        room: its ``__name__``.
        homes: where in the room each name is defined: ``module``, or ``module:name`` where it has another name there.
            No name may be that of a module of the room, which would take its place when that module is imported.
    """

    def look_up(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {room!r} has no attribute {name!r}")
        module, _, other_name = homes[name].partition(":")
        found = getattr(import_module(f"{room}.{module}"), other_name or name)
        setattr(sys.modules[room], name, found)
        return found

    return look_up
