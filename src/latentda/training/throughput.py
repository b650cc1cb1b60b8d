"""Throughput of a training, and how much of the machine it uses.

The yardstick is not a data sheet but what the machine does at that moment: the rate of one large float32 matrix
product. The share is (floating-point operations of a step x steps / wall-clock time) / that rate, waiting for data
included.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from time import perf_counter
from typing import Any

import jax
import jax.numpy as jnp

_LONG_ENOUGH = 0.05
"""Seconds that a product must take for its time to mean something."""

_LARGEST = 16384
"""Side of the largest matrices tried: 1 GiB each."""


@dataclass(frozen=True)
class Throughput:
    """How fast a training ran.

    Attributes:
        states_per_second: over all devices, by wall clock, compilation apart.
        flops_per_second: floating-point operations of the steps, likewise.
        matmul_flops_per_second: of a large float32 matrix product on all devices, measured before training.
        devices: how many, of which kind.
    """

    states_per_second: float
    flops_per_second: float
    matmul_flops_per_second: float
    devices: str

    @property
    def share(self) -> float:
        """Of the machine's rate that the training reached."""
        return self.flops_per_second / self.matmul_flops_per_second

    def __str__(self) -> str:
        return (
            f"{self.states_per_second:.2f} states/s, {self.flops_per_second / 1e9:.1f} GFLOP/s: {self.share:.0%} "
            f"of the {self.matmul_flops_per_second / 1e9:.1f} GFLOP/s of float32 matrix products on {self.devices}"
        )

    def to_dict(self) -> dict[str, Any]:
        """For the JSON beside the weights."""
        return {
            "states_per_second": round(self.states_per_second, 3),
            "gflops_per_second": round(self.flops_per_second / 1e9, 2),
            "matmul_gflops_per_second": round(self.matmul_flops_per_second / 1e9, 2),
            "share_of_matmul_rate": round(self.share, 4),
            "devices": self.devices,
        }


@cache
def matmul_rate() -> float:
    """Floating-point operations a second of float32 matrix products, all devices together, measured once."""
    product = jax.jit(lambda matrix: matrix @ matrix)
    side = 1024
    while True:
        matrix = jnp.full((side, side), 1e-3, jnp.float32)
        product(matrix).block_until_ready()
        seconds = min(_time(product, matrix) for _ in range(3))
        if seconds > _LONG_ENOUGH or side >= _LARGEST:
            return 2.0 * side**3 / seconds * jax.device_count()
        side *= 2


def device_names() -> str:
    """Such as ``1 x cpu`` or ``8 x NVIDIA H100``."""
    return f"{jax.device_count()} x {jax.devices()[0].device_kind}"


def _time(product: Any, matrix: jax.Array) -> float:
    start = perf_counter()
    product(matrix).block_until_ready()
    return perf_counter() - start
