"""A type checker of arrays alone: dtypes and shapes are checked wherever the package's annotations say them.

An array of NumPy may stand where one of JAX is announced, since JAX takes either. All other annotations are mypy's to
check: tests put stand-ins into the place of models and operators.
"""

from collections.abc import Callable
from functools import reduce
from operator import or_
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

import numpy as np
from beartype import BeartypeConf, beartype
from jax import Array
from jaxtyping import AbstractArray

Checked = TypeVar("Checked", bound=Callable[..., Any])
CONFIGURATION = BeartypeConf(is_pep484_tower=True)


def is_array(hint: Any) -> bool:
    """Whether an annotation is one of jaxtyping's."""
    return isinstance(hint, type) and issubclass(hint, AbstractArray)


def says_a_shape(hint: Any) -> bool:
    """Whether an annotation is one of jaxtyping's, or has one within."""
    return is_array(hint) or any(map(says_a_shape, get_args(hint)))


def with_numpy(hint: Any) -> Any:
    """The annotation with NumPy's arrays beside those of JAX."""
    if is_array(hint):
        return hint.dtype[Array | np.ndarray, hint.dim_str] if hint.array_type is Array else hint
    if not says_a_shape(hint):
        return hint
    parts = [with_numpy(part) for part in get_args(hint)]
    origin = get_origin(hint)
    return reduce(or_, parts) if origin in (Union, UnionType) else origin[tuple(parts)]


def shapes_checked(function: Checked) -> Checked:
    """The function with its arrays checked at every call."""
    hints = {name: with_numpy(hint) for name, hint in function.__annotations__.items() if says_a_shape(hint)}
    if not hints:
        return function
    function.__annotations__ = hints
    return beartype(function, conf=CONFIGURATION)
