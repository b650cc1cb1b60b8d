"""What a minimiser has learnt of the Hessian, kept for the next cycle over the end of a process.

A file a cycle, named by its time, and those of the last two cycles only: a run that was killed between this file and
its own record goes on from the cycle before.
"""

from __future__ import annotations

from pathlib import Path

import jax.numpy as jnp

from latentda.assimilation import Preconditioner
from latentda.files import fitting, read_arrays, write_arrays

KIND = "what a minimiser has learnt"

KEPT = 2
"""Cycles."""


def keep_learnt(preconditioner: Preconditioner, folder: Path, hours: int) -> None:
    """Write what the cycle at ``hours`` has learnt, whole or not at all, and forget older cycles."""
    write_arrays(folder / f"learnt_{hours}.safetensors", KIND, preconditioner._asdict())
    for old in sorted(folder.glob("learnt_*.safetensors"), key=_hours)[:-KEPT]:
        old.unlink()


def read_learnt(folder: Path, hours: int) -> Preconditioner | None:
    """What the cycle at ``hours`` has learnt, if it has been kept."""
    path = folder / f"learnt_{hours}.safetensors"
    if not path.exists():
        return None
    arrays, _ = read_arrays(path, KIND)
    with fitting(path, KIND):
        return Preconditioner(**{name: jnp.asarray(rows) for name, rows in arrays.items()})


def _hours(path: Path) -> int:
    return int(path.stem.removeprefix("learnt_"))
