"""Pairs of states valid at one time, on disk: what background errors are estimated from."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from safetensors import safe_open
from safetensors.numpy import save_file


def write_pairs(pairs: Iterable[tuple[ndarray, ndarray]], path: Path) -> Path:
    """Write pairs (short, long) as float16 standardised anomalies, whole or not at all."""
    stacked = np.stack([np.stack(pair).astype(np.float16) for pair in pairs])
    partial = path.with_name(path.name + ".part")
    save_file({"pairs": stacked}, str(partial))
    partial.replace(path)
    return path


def read_pairs(path: Path) -> Float[ndarray, "pair 2 channel lat lon"]:
    """Read what :func:`write_pairs` wrote.

    Raises:
        ValueError: the file is missing or something else.
    """
    try:
        with safe_open(str(path), "numpy") as file:
            return file.get_tensor("pairs")
    except Exception as error:
        raise ValueError(f"{path} holds no pairs of forecasts: {error}") from error
