"""Settings from YAML files: read, checked against their types, and refused in one sentence that names the entry."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError


def read_yaml(path: str | Path, what: str) -> Any:
    """The content of a YAML file; None of an empty one.

    Args:
        path: the file.
        what: it should be, for the sentence.

    Raises:
        ValueError: the file is missing or no YAML.
    """
    try:
        return yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ValueError(f"{path} cannot be read as {what}: {' '.join(str(error).split())}") from error


def validated(kind: Any, content: Any, refusal: str) -> Any:
    """The content as an object of a type.

    Args:
        kind: the type.
        content: plain values.
        refusal: what the sentence begins with.

    Raises:
        ValueError: the content is something else.
    """
    try:
        return TypeAdapter(kind).validate_python(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the whole"
        raise ValueError(f"{refusal}: {place}: {first['msg'].removesuffix('.')}.") from error
