"""A folder belongs to one set-up: a note in it says which.

A computation that was killed takes its folder up again with the same set-up; another set-up, other assets or
other files are refused.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from latentda.experiments.assets import Assets
from latentda.experiments.lock import LOCK

NOTE = "setup.json"


def files_digest(files: Iterable[Path]) -> str:
    """A digest of files' content, in their order."""
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def claimed(folder: Path) -> dict[str, Any]:
    """What a folder was claimed for; empty where nobody did."""
    note = folder / NOTE
    return json.loads(note.read_text()) if note.exists() else {}


def claim_folder(folder: Path, setup: Mapping[str, Any], assets: Assets) -> None:
    """Take a folder for an experiment, or take it up again; it depends on all binary files of the assets.

    Raises:
        ValueError: the folder holds results of another set-up or of other assets, or other files.
    """
    claim(folder, {**setup, "assets": files_digest(sorted(assets.folder.rglob("*.safetensors")))})


def claim(folder: Path, setup: Mapping[str, Any]) -> None:
    """The same for results that depend on nothing but what ``setup`` says.

    Raises:
        ValueError: the folder holds results of another set-up, or other files.
    """
    wanted = json.loads(json.dumps(dict(setup)))
    note = folder / NOTE
    stored = json.loads(note.read_text()) if note.exists() else None
    others = [p for p in folder.iterdir() if p.name not in (LOCK, NOTE + ".part")] if folder.exists() else []
    if others and stored != wanted:
        differing = [k for k in wanted if stored.get(k) != wanted[k]] if isinstance(stored, dict) else []
        reason = f" (it differs in {', '.join(differing)})" if differing else ""
        raise ValueError(
            f"{folder} holds another experiment or other files{reason}; choose another folder with --out, or remove it."
        )
    folder.mkdir(parents=True, exist_ok=True)
    partial = note.with_name(note.name + ".part")
    partial.write_text(json.dumps(wanted, indent=2) + "\n")
    partial.replace(note)
