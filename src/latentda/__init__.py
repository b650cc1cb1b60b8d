"""latentda: data assimilation of the global atmosphere in a learned latent space.

``World`` is a folder of a world, ``assimilate`` makes an analysis in it; both are loaded when first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from latentda.user_error import UserError

__version__ = "0.1.0"

_DOORS = {
    "World": ("latentda.world", "WorldFolder"),
    "assimilate": ("latentda.workflows.assimilate", "assimilate"),
    "create_world": ("latentda.workflows.create_world", "create_world"),
}

__all__ = ["UserError", "World", "__version__", "assimilate", "create_world"]


def __getattr__(name: str) -> Any:
    if name not in _DOORS:
        raise AttributeError(f"module 'latentda' has no attribute {name!r}")
    module, attribute = _DOORS[name]
    return getattr(import_module(module), attribute)
