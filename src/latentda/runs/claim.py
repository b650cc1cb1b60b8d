"""A folder belongs to one computation: a note in it says which.

One that was killed takes its folder up again with the same set-up; another set-up, other files that it depends on, or
a folder with something else in it are refused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from latentda.files import PART, write_json
from latentda.runs.lock import LOCK
from latentda.user_error import UserError

NOTE = "setup.json"
LOG = "error.log"
"""Where the traceback of a computation that failed is kept."""


def claimed(folder: Path) -> dict[str, Any]:
    """What a folder was claimed for; empty where nobody did.

    Raises:
        UserError: the note is damaged.
    """
    note = folder / NOTE
    if not note.exists():
        return {}
    try:
        found = json.loads(note.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(f"{note} is damaged; remove the folder, or choose another. ({error})") from error
    return found if isinstance(found, dict) else {}


def claim(folder: Path, setup: Mapping[str, Any], *, what: str = "experiment") -> None:
    """Take a folder for results that depend on nothing but what ``setup`` says, or take it up again.

    Args:
        folder: made if it does not exist.
        setup: plain values.
        what: the word for errors.

    Raises:
        UserError: the folder holds results of another set-up, or other files.
    """
    wanted = json.loads(json.dumps(dict(setup)))
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{folder} is a file; a folder for the {what} was wanted.")
    stored = claimed(folder)
    others = [p.name for p in folder.iterdir()] if folder.exists() else []
    others = [name for name in others if name not in (LOCK, LOG) and not name.endswith((PART, ".lock"))]
    if others and stored != wanted:
        differing = [k for k in {**wanted, **stored} if stored.get(k) != wanted.get(k)] if stored else []
        reason = f" (it differs in {', '.join(differing)})" if differing else ""
        raise UserError(
            f"{folder} holds another {what} or other files{reason}; choose another folder with --out, or remove it."
        )
    if stored != wanted:
        write_json(folder / NOTE, wanted)
