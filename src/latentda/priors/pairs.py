"""Pairs of states valid at one time, on disk: what background errors are estimated from."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from latentda.files import fitting, read_arrays, write_arrays

KIND = "pairs of states"


def write_pairs(pairs: Iterable[tuple[ndarray, ndarray]], path: Path, about: dict[str, Any] | None = None) -> Path:
    """Write pairs (short, long) as float16 standardised anomalies, whole or not at all."""
    stacked = np.stack([np.stack(pair).astype(np.float16) for pair in pairs])
    write_arrays(path, KIND, {"pairs": stacked}, {"about": about or {}})
    return path


def read_pairs(path: Path) -> Float[ndarray, "pair 2 channel lat lon"]:
    """Read what :func:`write_pairs` wrote.

    Raises:
        UserError: the file is missing, damaged or something else.
    """
    arrays, _ = read_arrays(path, KIND)
    with fitting(path, KIND):
        return arrays["pairs"]
