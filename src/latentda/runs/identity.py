"""What tells one computation from another: a digest of each of the parts that it is made of.

Every array counts with all its digits, every setting, and the name of every class. So parts that are computed anew,
not read from files, tell the same computation from itself on a machine that rounds otherwise: who makes such parts says
what they are made of instead.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from functools import partial
from typing import Any

import jax
import numpy as np


def identity_of(**parts: Any) -> dict[str, str]:
    """A digest of each part, by its name."""
    return {name: digest(part) for name, part in parts.items()}


def digest(value: Any) -> str:
    """A digest of a value: arrays, plain values, and data classes and containers of them."""
    found = hashlib.sha256()
    for piece in _pieces(value):
        found.update(len(piece).to_bytes(8, "little"))
        found.update(piece)
    return found.hexdigest()


def _pieces(value: Any) -> Iterable[bytes]:
    yield f"{type(value).__module__}.{type(value).__qualname__}".encode()
    if value is None or isinstance(value, bool | int | float | complex | str | bytes):
        yield repr(value).encode()
    elif isinstance(value, np.ndarray | np.generic | jax.Array):
        yield from _array(value)
    elif is_dataclass(value):
        for field in fields(value):
            yield field.name.encode()
            yield from _pieces(getattr(value, field.name, None))
    elif isinstance(value, Mapping):
        for key in sorted(value, key=repr):
            yield repr(key).encode()
            yield from _pieces(value[key])
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _pieces(item)
    elif isinstance(value, set | frozenset):
        yield from sorted(digest(item).encode() for item in value)
    elif isinstance(value, partial):
        yield from _pieces((value.func, value.args, value.keywords))
    else:
        yield str(getattr(value, "__qualname__", "")).encode()


def _array(value: Any) -> Iterable[bytes]:
    if isinstance(value, jax.Array) and jax.dtypes.issubdtype(value.dtype, jax.dtypes.prng_key):
        value = jax.random.key_data(value)
    array = np.asarray(value)
    yield f"{array.dtype} {array.shape}".encode()
    yield repr(array.tolist()).encode() if array.dtype == object else array.tobytes()
