"""Checkpoints: everything a training needs to go on as if it had never been stopped, in one file.

The file also holds the settings of the training, and a training with other settings does not go on from it: the
learning rate of a step depends on the number of steps, the batch on its size and seed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from latentda.files import fitting, read_arrays, write_arrays
from latentda.user_error import UserError

KIND = "checkpoint of a training"


@dataclass(frozen=True, eq=False)
class Progress:
    """Where a training stands.

    Attributes:
        arrays: a pytree of weights and optimiser state.
        step: steps done.
        losses: of the steps done.
        seconds: of wall clock that they took.
    """

    arrays: Any
    step: int
    losses: np.ndarray
    seconds: float


def save_progress(progress: Progress, settings: Mapping[str, Any], path: Path) -> None:
    """Write a checkpoint, whole or not at all."""
    arrays = {f"{i:05d}": np.array(leaf) for i, leaf in enumerate(jax.tree.leaves(progress.arrays))}
    arrays["losses"] = progress.losses[: progress.step]
    header = {"step": progress.step, "seconds": progress.seconds, "settings": _flat(settings)}
    write_arrays(path, KIND, arrays, header)


def restore_progress(like: Any, settings: Mapping[str, Any], path: Path) -> Progress:
    """Read a checkpoint.

    Args:
        like: a pytree of the arrays to restore.
        settings: those of the training that wants to go on.
        path: of the checkpoint.

    Raises:
        UserError: the file is damaged, or belongs to another network or to other settings.
    """
    leaves, tree = jax.tree.flatten(like)
    arrays, header = read_arrays(path, KIND)
    with fitting(path, KIND):
        step, seconds, losses = int(header["step"]), float(header["seconds"]), arrays.pop("losses")
        stored = [arrays[name] for name in sorted(arrays)]
        _require_same(header["settings"], _flat(settings), path)
    if [s.shape for s in stored] != [np.shape(leaf) for leaf in leaves]:
        raise UserError(f"{path} is the checkpoint of another network; remove it or rename the new one.")
    restored = [jnp.asarray(s, jnp.asarray(leaf).dtype) for s, leaf in zip(stored, leaves, strict=True)]
    return Progress(jax.tree.unflatten(tree, restored), step, losses, seconds)


def _require_same(stored: Mapping[str, Any], wanted: Mapping[str, Any], path: Path) -> None:
    names = sorted({*stored, *wanted})
    changed = [f"{n} {stored.get(n)}, now {wanted.get(n)}" for n in names if stored.get(n) != wanted.get(n)]
    if changed:
        raise UserError(
            f"{path} is the checkpoint of a training with other settings ({'; '.join(changed)}); "
            "remove it or restore the settings."
        )


def _flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """``{"training.steps": 100}`` from ``{"training": {"steps": 100}}``."""
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat
