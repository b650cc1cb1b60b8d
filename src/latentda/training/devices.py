"""Data parallelism: every device holds all weights and an equal share of each batch.

The batch axis is split over a mesh of all devices that JAX sees; the compiler then adds the gradients up across
devices, so that the result is that of one device up to the order of summation.
"""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from latentda.user_error import UserError


def on_every_device() -> NamedSharding:
    """Where weights lie: a copy on each device."""
    return NamedSharding(_mesh(), PartitionSpec())


def share_batch(batch: Any) -> Any:
    """Put a batch, arrays with a leading sample axis, on the devices in equal parts."""
    return jax.device_put(batch, NamedSharding(_mesh(), PartitionSpec("sample")))


def require_equal_shares(batch_size: int, states_a_sample: int = 1) -> None:
    """Check that a batch has as many whole samples for each device.

    Raises:
        UserError: it has not; the message says which sizes do.
    """
    unit = states_a_sample * jax.device_count()
    if batch_size % unit or batch_size < 1:
        sort = {1: "states", 2: "pairs of states"}.get(states_a_sample, "single states and pairs")
        raise UserError(
            f"A batch of {batch_size} states cannot be shared equally, in {sort}, by {jax.device_count()} device(s); "
            f"choose a batch_size that is a multiple of {unit}."
        )


def _mesh() -> Mesh:
    return Mesh(np.asarray(jax.devices()), ("sample",))
