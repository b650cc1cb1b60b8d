"""What is learnt of the augmented Lorenz-96: a code of its 400 numbers and a step of the code, by name.

| name | code | step |
| --- | --- | --- |
| quadratic | a linear map and pointwise networks | a Runge-Kutta step of a learnt quadratic tendency |
| product | the same | 4 ReZero blocks with a product |
| published | dense layers 400-300-200-150-40 | 5 dense ReZero blocks 40 -> 40 |

The first two know more of the problem than the published networks do: that x is made of linear functions one by one,
and that advection is a product; the first knows also that time goes by a differential equation. The step of h in z is

    g(z) = z + h/6 (k_1 + 2 k_2 + 2 k_3 + k_4) with the tendency f(z) = B ( (A z + a) * (C z + c) ) + b per step,

a bilinear residual network (Fablet et al. 2018, doi 10.23919/EUSIPCO.2018.8553492). The published networks are those of
Peyron et al. (2021), arXiv:2104.00430.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from latentda.forecast.lorenz import runge_kutta_step
from latentda.networks import Dense, DenseCode, PointwiseCode, Product, ReZero, StandardizedCode, VectorCode
from latentda.networks.weights import read_network, write_network

KIND = "networks of the augmented Lorenz-96"
"""Of file."""


class RungeKuttaStep(eqx.Module):
    """G of the first row.

    Attributes:
        tendency: f.
    """

    tendency: Product

    def __call__(self, z: Float[Array, " latent"]) -> Float[Array, " latent"]:
        """The latent state a step later."""
        return runge_kutta_step(self.tendency, z, 1.0)


class Learned(eqx.Module):
    """A latent space.

    Attributes:
        code: E and D, standardised.
        step: g.
    """

    code: StandardizedCode
    step: Callable[[Array], Array]


@dataclass(frozen=True)
class Networks:
    """How the networks of a name are made, before training.

    Attributes:
        code: one of :data:`CODES`.
        step: of latent numbers and a key.
        rate: factor on the learning rate of the code; dense layers diverge where pointwise ones learn best.
    """

    code: str
    step: Callable[[int, PRNGKeyArray], Callable[[Array], Array]]
    rate: float = 1.0

    def new(self, points: int, latent: int, key: PRNGKeyArray) -> Learned:
        """Networks that have learnt nothing."""
        first, second = jax.random.split(key)
        code = StandardizedCode(CODES[self.code](points, latent, first), jnp.zeros(latent), jnp.eye(latent))
        return Learned(code, self.step(latent, second))


def _pointwise(points: int, latent: int, key: PRNGKeyArray) -> VectorCode:
    return PointwiseCode(points, latent, 24, key)


def _dense(points: int, latent: int, key: PRNGKeyArray) -> VectorCode:
    return DenseCode((points, 3 * points // 4, points // 2, 3 * points // 8, latent), key)


def _quadratic(latent: int, key: PRNGKeyArray) -> RungeKuttaStep:
    tendency = Product(latent, 2 * latent, key)
    # From persistence on, as a ReZero network.
    return RungeKuttaStep(eqx.tree_at(lambda f: f.B.weight, tendency, 0.0 * tendency.B.weight))


def _product(latent: int, key: PRNGKeyArray) -> ReZero:
    return ReZero(Product, 4, latent, 4 * latent, key)


def _published(latent: int, key: PRNGKeyArray) -> ReZero:
    return ReZero(Dense, 5, latent, latent, key)


CODES: dict[str, Callable[[int, int, PRNGKeyArray], VectorCode]] = {"pointwise": _pointwise, "dense": _dense}
"""Codes by kind, of points, latent numbers and a key."""

NETWORKS = {
    "quadratic": Networks("pointwise", _quadratic),
    "product": Networks("pointwise", _product),
    "published": Networks("dense", _published, 0.1),
}
"""By name."""


def write_learned(learned: Learned, name: str, points: int, folder: Path, about: dict[str, Any]) -> None:
    """Write ``NAME.safetensors``.

    Args:
        learned: the networks.
        name: one of :data:`NETWORKS`.
        points: numbers of x.
        folder: where to.
        about: what is said of them.
    """
    described = {"name": name, "points": points, "latent": len(learned.code.mean)}
    write_network(learned, folder / name, KIND, described, about, None)


def read_learned(name: str, folder: Path) -> Learned:
    """Read ``NAME.safetensors``.

    Raises:
        UserError: the file is missing, damaged, or does not fit its description.
    """
    return read_network(folder / name, KIND, _skeleton)


def _skeleton(described: dict[str, Any]) -> Learned:
    return NETWORKS[described["name"]].new(described["points"], described["latent"], jax.random.key(0))
