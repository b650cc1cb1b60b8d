"""Settings from YAML files: read, checked against their types, and refused in one sentence that names the entry."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from latentda.user_error import UserError


def read_yaml(path: str | Path, what: str, mended: Callable[[str], str] | None = None) -> Any:
    """The content of a YAML file, which is UTF-8 in every locale; None of an empty one.

    Args:
        path: the file.
        what: it should be, for the sentence.
        mended: a line as it was meant, for a file that is no YAML as it stands.

    Raises:
        UserError: the file is missing or no YAML; the message has the line.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
        try:
            return yaml.safe_load(text)
        except yaml.YAMLError:
            if mended is None or (other := "\n".join(map(mended, text.splitlines()))) == text.rstrip("\n"):
                raise
            return yaml.safe_load(other)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UserError(f"{path} cannot be read as {what}: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    """What is wrong, with the line and its text where it is told."""
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return " ".join(str(error).split())
    shown = (mark.get_snippet(indent=0, max_length=100) or "").splitlines()[:1]
    problem = " ".join(str(getattr(error, "problem", None) or error).split())
    return f"line {mark.line + 1}, column {mark.column + 1}: {problem}{''.join(f', at: {line}' for line in shown)}"


def validated(kind: Any, content: Any, refusal: str) -> Any:
    """The content as an object of a type.

    Args:
        kind: the type.
        content: plain values.
        refusal: what the sentence begins with.

    Raises:
        UserError: the content is something else.
    """
    try:
        return TypeAdapter(kind).validate_python(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the whole"
        raise UserError(f"{refusal}: {place}: {first['msg'].removesuffix('.')}.") from error
