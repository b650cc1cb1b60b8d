"""Files, written whole or not at all: JSON, arrays with one kind of header, anything else by a path that is renamed.

A reader sees the old file or the whole new one, whenever the writer is killed. Arrays are safetensors, whose metadata
has one key, ``header``: JSON with the ``kind`` of file and whatever its writer wants to say. Reading runs no code.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy import ndarray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from latentda.user_error import UserError

PART = ".part"
"""Ending of a file that is being written; one that stays belongs to a process that was killed."""

HEADER = "header"
"""The key of a file's metadata."""


@contextmanager
def whole(path: str | Path) -> Iterator[Path]:
    """A path to write to instead of ``path``, which it replaces when the block ends; missing folders are made.

    A link stays one, and what it points to is replaced.

    Raises:
        UserError: no room, no right to write, or a name that cannot be written to; nothing is left of the file.
    """
    target = Path(os.path.realpath(path))
    partial = target.with_name(f".{target.name}.{os.getpid()}{PART}")
    with written(path):
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield partial
            partial.replace(target)
        finally:
            _remove(partial)


@contextmanager
def written(path: str | Path) -> Iterator[None]:
    """Say in one sentence why ``path`` could not be written in the block, where the user can mend it.

    Raises:
        UserError: no room, no right to write, or a name that cannot be written to.
    """
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        reason = unusable(error)
        if reason is None:
            raise
        raise UserError(f"{path} cannot be written: {reason}.") from error


def unusable(error: BaseException) -> str | None:
    """Why a file could not be written or read, where the user can mend it; None for any other error."""
    if isinstance(error, OSError) and error.errno is not None:
        return _REASONS.get(error.errno)
    if isinstance(error, OSError | SafetensorError | RuntimeError):
        # Libraries in other languages say the number in words only: "(os error 28)", "errno = 28".
        text = str(error)
        return next((why for number, why in _REASONS.items() if _said(number, text)), None)
    return None


_REASONS = {
    errno.ENOSPC: "no space is left on the device",
    errno.EDQUOT: "the quota of the disk is used up",
    errno.EFBIG: "the file would be larger than is allowed",
    errno.EACCES: "permission is denied",
    errno.EPERM: "permission is denied",
    errno.EROFS: "the file system is read-only",
    errno.ENOENT: "there is no such file or folder",
    errno.ENOTDIR: "a part of the path is no folder",
    errno.EISDIR: "there is a folder of that name",
    errno.EEXIST: "a part of the path is a file",
    errno.ENAMETOOLONG: "the name is too long",
    errno.ELOOP: "its links go in a circle",
}


def _said(number: int, text: str) -> bool:
    return f"(os error {number})" in text or f"errno = {number}," in text or os.strerror(number) in text


def _remove(partial: Path) -> None:
    """Delete what a failed writer has left; a store of a folder too."""
    if partial.is_dir() and not partial.is_symlink():
        shutil.rmtree(partial, ignore_errors=True)
    else:
        with suppress(OSError):  # what cannot be deleted could not be written either
            partial.unlink(missing_ok=True)


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

    Raises:
        UserError: the file cannot be written.
    """
    contiguous = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    described = json.dumps({**(header or {}), "kind": kind})
    with whole(path) as partial:
        partial.touch()
        mode = partial.stat().st_mode
        save_file(contiguous, str(partial), {HEADER: described})
        partial.chmod(mode)  # the Rust writer makes files that only their owner can read


def read_arrays(path: str | Path, kind: str) -> tuple[dict[str, ndarray], dict[str, Any]]:
    """The arrays and the header of a file of a kind.

    Raises:
        UserError: the file is missing, damaged or of another kind.
    """
    with _opened(path, kind) as (file, header):
        return {name: file.get_tensor(name) for name in file.keys()}, header  # noqa: SIM118


def read_header(path: str | Path, kind: str) -> dict[str, Any]:
    """The header alone.

    Raises:
        UserError: the file is missing, damaged or of another kind.
    """
    with _opened(path, kind) as (_, header):
        return header


@contextmanager
def _opened(path: str | Path, kind: str) -> Iterator[tuple[Any, dict[str, Any]]]:
    path = Path(path)
    if not path.is_file():
        raise UserError(f"{path} holds no {kind}: there is no such file.")
    try:
        with safe_open(str(path), "numpy") as file:
            header = json.loads((file.metadata() or {})[HEADER])
            if header["kind"] != kind:
                raise UserError(f"{path} holds no {kind}; it is a file of kind '{header['kind']}'.")
            yield file, header
    except UserError:
        raise
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        reason = unusable(error)
        if reason is not None:
            raise UserError(f"{path} cannot be read: {reason}.") from error
        why = "it has no header of this package" if isinstance(error, KeyError) else " ".join(str(error).split())
        raise UserError(f"{path} holds no {kind}, or it is damaged: {why}.") from error


@contextmanager
def fitting(path: str | Path, kind: str) -> Iterator[None]:
    """Around the use of a file's arrays and header: says that the file is wrong where they do not fit its kind.

    Raises:
        UserError: an array or an entry of the header is missing, or has another form.
    """
    try:
        yield
    except UserError:
        raise
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        what = f"it lacks {error}" if isinstance(error, KeyError) else " ".join(str(error).split())
        raise UserError(f"{path} holds no {kind} of the form that is read here: {what}.") from error


def files_digest(files: Iterable[str | Path]) -> str:
    """A digest of files' content, in their order."""
    digest = hashlib.sha256()
    for path in files:
        with Path(path).open("rb") as file:
            while piece := file.read(1 << 20):
                digest.update(piece)
    return digest.hexdigest()
