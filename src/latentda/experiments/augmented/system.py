"""The augmented Lorenz-96 system: 40 chaotic variables seen through 400 numbers.

    x_i = (W z)_i^3 / s_i,     z = W^T (s x)^(1/3),     x(t + h) = lift( M( lower(x(t)) ) )

z is a state of Lorenz-96, M its step of 0.05 time units; W ``(400, 40)`` has orthonormal columns, drawn uniformly, and
s gives every x_i unit variance over a long run. The lower map is exact where x is on the manifold that z spans, and
elsewhere the projection of its cube roots. The idea of such a system is Peyron et al.'s (2021, arXiv:2104.00430); their
map is not published, this one is ours.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, PRNGKeyArray

from latentda.forecast import Lorenz96
from latentda.forecast.lorenz import runge_kutta_step
from latentda.networks.weights import read_network, write_network

DATA = Path(__file__).parent / "data"
"""What comes with the package."""

KIND = "augmented Lorenz-96"
"""Of file."""


class AugmentedLorenz96(eqx.Module):
    """The system; build it by :func:`augmented_lorenz96`.

    Attributes:
        W: orthonormal columns.
        scale: s.
        model: M.
    """

    W: Float[Array, "point variable"]
    scale: Float[Array, " point"]
    model: Lorenz96 = eqx.field(static=True)

    def lift(self, z: Float[Array, " variable"]) -> Float[Array, " point"]:
        """x of z."""
        return (self.W @ z) ** 3 / self.scale

    def lower(self, x: Float[Array, " point"]) -> Float[Array, " variable"]:
        """z of x."""
        return self.W.T @ jnp.cbrt(self.scale * x)

    def inner_step(self, z: Float[Array, " variable"]) -> Float[Array, " variable"]:
        """M(z)."""
        return runge_kutta_step(self.model.tendency, z, self.model.time_step)

    def step(self, x: Float[Array, " point"]) -> Float[Array, " point"]:
        """x(t + h)."""
        return self.lift(self.inner_step(self.lower(x)))


def augmented_lorenz96(key: PRNGKeyArray, points: int = 400, variables: int = 40) -> AugmentedLorenz96:
    """Draw W, and find s from a run of Lorenz-96.

    Args:
        key: of W and of the run.
        points: numbers of x.
        variables: of z.
    """
    first, second = jax.random.split(key)
    W, _ = jnp.linalg.qr(jax.random.normal(first, (points, variables)))
    system = AugmentedLorenz96(W, jnp.ones(points), Lorenz96(variables))
    z = nature_run(system, second, 100, 1000).reshape(-1, variables)
    return eqx.tree_at(lambda s: s.scale, system, jnp.std((z @ W.T) ** 3, axis=0))


def benchmark_system() -> AugmentedLorenz96:
    """The system of the benchmark, from its file: a chaotic run has other s on other machines."""
    return read_network(DATA / "system", KIND, lambda of: AugmentedLorenz96(*_zeros(*of["shape"])))


def write_system(system: AugmentedLorenz96, folder: Path) -> None:
    """Write ``system.safetensors``."""
    write_network(system, folder / "system", KIND, {"shape": system.W.shape}, None, None)


def _zeros(points: int, variables: int) -> tuple[Array, Array, Lorenz96]:
    return jnp.zeros((points, variables)), jnp.zeros(points), Lorenz96(variables)


@partial(jax.jit, static_argnames=("runs", "steps", "spinup"))
def nature_run(
    system: AugmentedLorenz96, key: PRNGKeyArray, runs: int, steps: int, noise: ArrayLike = 0.0, spinup: int = 400
) -> Float[Array, "run step variable"]:
    """States z of independent runs on the attractor, h apart.

    Args:
        system: whose M it is.
        key: of first states and noise.
        runs: how many.
        steps: states of each.
        noise: standard deviation of the independent N(0, noise^2) that every variable gets every step.
        spinup: steps from a random first state that are dropped.
    """

    def one(key: PRNGKeyArray) -> Array:
        first, noises = jax.random.split(key)

        def advance(z: Array, now: PRNGKeyArray) -> tuple[Array, Array]:
            z = system.inner_step(z) + noise * jax.random.normal(now, z.shape)
            return z, z

        start = 2.0 + 3.0 * jax.random.normal(first, (system.W.shape[1],))
        return jax.lax.scan(advance, start, jax.random.split(noises, spinup + steps))[1][spinup:]

    return jax.vmap(one)(jax.random.split(key, runs))
