"""Where a result comes from: the code, the world, the inputs by their content, the settings and the command."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import latentda
from latentda.files import files_digest
from latentda.workflows.assimilated import AssimilationSettings
from latentda.world import WorldFolder

DIGITS = 16
"""Of a digest that is shown; two files agree by chance once in 10^19."""


def provenance(
    world: WorldFolder, inputs: Iterable[str | Path], settings: AssimilationSettings, model: str = ""
) -> dict[str, str]:
    """Attributes of a result, plain texts.

    Args:
        world: its files count by their content.
        inputs: files by their content, folders and URLs by their names.
        settings: of the analysis.
        model: as the user named it.
    """
    return {
        "source": f"latentda {latentda.__version__}",
        "latentda_command": shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        "latentda_world": f"{world.settings.name} sha256:{world.digest[:DIGITS]}",
        "latentda_method": settings.method,
        "latentda_model": model or "the world's",
        "latentda_settings": json.dumps(_plain(asdict(settings)), sort_keys=True),
        "latentda_inputs": "; ".join(map(_told, inputs)),
    }


def _told(source: str | Path) -> str:
    path = Path(source)
    return f"{path.name} sha256:{files_digest([path])[:DIGITS]}" if path.is_file() else str(source)


def _plain(value: Any) -> Any:
    """Settings as JSON has them; what a user gave as a table of errors or checks by its text."""
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    finite = not isinstance(value, float) or abs(value) < float("inf")
    return value if isinstance(value, int | float | str | None) and finite else str(value)
