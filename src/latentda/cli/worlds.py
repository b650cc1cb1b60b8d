"""The world that a command works in: the embedded one, or that of a folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from latentda.world import Errors, WorldFolder

WorldOption = Annotated[
    Path | None, typer.Option("--world", "--assets", help="Folder of a world, with its own network and errors.")
]


def chosen_world(folder: Path | None, errors: Errors = "forecast") -> WorldFolder:
    """The world of a folder; without one the embedded world."""
    from latentda.world import WorldFolder, shipped_folder

    return WorldFolder(folder or shipped_folder(), errors)
