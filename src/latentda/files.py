"""Files, written whole or not at all: JSON, arrays with one kind of header, anything else by a path that is renamed.

A reader sees the old file or the whole new one, whenever the writer is killed. Arrays are safetensors, whose metadata
has one key, ``header``: JSON with the ``kind`` of file and whatever its writer wants to say. Reading runs no code.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy import ndarray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from latentda.user_error import UserError

PART = ".part"
"""Ending of a file that is being written; one that stays belongs to a process that was killed."""


@contextmanager
def whole(path: str | Path) -> Iterator[Path]:
    """A path to write to instead of ``path``, which it replaces when the block ends; missing folders are made.

    Raises:
        UserError: no room, no right to write, or a name that cannot be written to; nothing is left of the file.
    """
    path = Path(path)
    partial = path.with_name(f".{path.name}.{os.getpid()}{PART}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        partial.replace(path)
    except (OSError, SafetensorError) as error:
        reason = _reason(error)
        if reason is None:
            raise
        raise UserError(f"{path} cannot be written: {reason}.") from error
    finally:
        if partial.is_file():
            partial.unlink()


def _reason(error: OSError | SafetensorError) -> str | None:
    """Why writing failed, where the user can mend it."""
    words = {
        errno.ENOSPC: "no space is left on the device",
        errno.EDQUOT: "the quota of the disk is used up",
        errno.EACCES: "permission is denied",
        errno.EPERM: "permission is denied",
        errno.EROFS: "the file system is read-only",
        errno.ENOTDIR: "a part of the path is no folder",
        errno.EISDIR: "there is a folder of that name",
        errno.EEXIST: "a part of the path is a file",
        errno.ENAMETOOLONG: "the name is too long",
    }
    number = error.errno if isinstance(error, OSError) else None
    if number is None:  # the Rust writer says the number in words only: "... (os error 28)"
        number = next((code for code in words if f"(os error {code})" in str(error)), None)
    return words.get(number) if number is not None else None


def write_text(path: str | Path, text: str) -> Path:
    """Write a text, UTF-8."""
    with whole(path) as partial:
        partial.write_text(text, encoding="utf-8")
    return Path(path)


def write_json(path: str | Path, content: Any) -> Path:
    """Write plain values as JSON; NaN and infinity are refused, since JSON has none.

    Raises:
        ValueError: a value is not finite.
    """
    return write_text(path, json.dumps(content, indent=2, allow_nan=False) + "\n")


def write_arrays(
    path: str | Path, kind: str, arrays: Mapping[str, Any], header: Mapping[str, Any] | None = None
) -> None:
    """Write named arrays.

    Args:
        path: the file.
        kind: what it holds, asked for again by :func:`read_arrays`.
        arrays: by name.
        header: plain values beside them.
    """
    contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    described = json.dumps({**(header or {}), "kind": kind})
    with whole(path) as partial:
        save_file(contiguous, str(partial), {"header": described})


def read_arrays(path: str | Path, kind: str) -> tuple[dict[str, ndarray], dict[str, Any]]:
    """The arrays and the header of a file of a kind.

    Raises:
        UserError: the file is missing, damaged or of another kind.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"There is no file {path}; a file of kind '{kind}' was wanted.")
    try:
        with safe_open(str(path), "numpy") as file:
            header = json.loads((file.metadata() or {})["header"])
            found = header["kind"]
            arrays = {name: file.get_tensor(name) for name in file.keys()} if found == kind else {}  # noqa: SIM118
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise UserError(f"{path} is damaged, or no file of kind '{kind}': {error}") from error
    if found != kind:
        raise UserError(f"{path} is of kind '{found}'; '{kind}' was wanted.")
    return arrays, header


def files_digest(files: Iterable[str | Path]) -> str:
    """A digest of files' content, in their order."""
    digest = hashlib.sha256()
    for path in files:
        with Path(path).open("rb") as file:
            while piece := file.read(1 << 20):
                digest.update(piece)
    return digest.hexdigest()
