"""Names of a room that are looked up when first asked for, because their modules take long to import (PEP 562)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any


def lazy_names(room: str, modules: Mapping[str, Sequence[str]]) -> Callable[[str], Any]:
    """The ``__getattr__`` of a room.

    Args:
        room: its ``__name__``.
        modules: names by the module of the room that defines them. None may be that of a module of the room, which
            would take its place whenever somebody imports that module.
    """
    home = {name: module for module, names in modules.items() for name in names}

    def look_up(name: str) -> Any:
        if name not in home:
            raise AttributeError(f"module {room!r} has no attribute {name!r}")
        found = getattr(import_module(f"{room}.{home[name]}"), name)
        setattr(sys.modules[room], name, found)
        return found

    return look_up
