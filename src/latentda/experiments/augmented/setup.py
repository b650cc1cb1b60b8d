"""The twin experiment on the augmented Lorenz-96 as data: worlds, networks of observations, cycles.

The truth is a run of the system, perfect or with model noise N(0, noise^2 I) in z every step; observed are all or some
of the 400 numbers, with independent errors. A forecast is made by the system's own step (in z, in x, or what a network
has learnt of it), never with the noise. Members start at the truth plus N(0, initial^2 I) in z. An observation interval
is a cycle; scored is the spatial RMS error of the analysis in x, whose numbers have unit variance.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from latentda.experiments.augmented.system import AugmentedLorenz96, benchmark_system, nature_run


@dataclass(frozen=True)
class ObservingNetwork:
    """What is observed and when.

    Attributes:
        stride: every so many of the numbers.
        interval: steps from one analysis to the next.
    """

    stride: int = 1
    interval: int = 1


OBSERVED = {
    "all": ObservingNetwork(),
    "4th": ObservingNetwork(4),
    "4th/2": ObservingNetwork(4, 2),
}
"""Networks by name: all numbers every step, every fourth of them, and that every second step."""

NOISES = {"noise": 0.1, "perfect": 0.0}
"""Standard deviation in z of the truth's model noise a step, by the name of the world."""


@dataclass(frozen=True, eq=False)
class AugmentedTwin:
    """The set-up.

    Attributes:
        system: lift and step.
        cycles: analyses.
        spinup_cycles: first of them that are not scored.
        error: standard deviation of the observations.
        initial: of the members about the truth, in z.
        observed: networks of observations by name.
        noises: worlds by name.
    """

    system: AugmentedLorenz96 = field(default_factory=benchmark_system)
    cycles: int = 600
    spinup_cycles: int = 100
    error: float = 0.3
    initial: float = 1.0
    observed: dict[str, ObservingNetwork] = field(default_factory=lambda: dict(OBSERVED))
    noises: dict[str, float] = field(default_factory=lambda: dict(NOISES))


class Given(NamedTuple):
    """What every filter is given, seeds side by side.

    Attributes:
        members: first members in z.
        truth: x at the ends of all intervals.
        observed: observations of it.
        keys: for what is drawn.
    """

    members: Float[Array, "seed member variable"]
    truth: Float[Array, "seed cycle point"]
    observed: Float[Array, "seed cycle datum"]
    keys: PRNGKeyArray


def draw(
    twin: AugmentedTwin,
    network: ObservingNetwork,
    noise: float,
    seeds: tuple[int, ...],
    members: int,
) -> Given:
    """Truth, observations and first members; larger ensembles begin with the members of smaller ones.

    Args:
        twin: the set-up.
        network: of the observations.
        noise: of the truth.
        seeds: one experiment each.
        members: N.
    """
    keys = jax.vmap(jax.random.key)(jnp.asarray(seeds))
    return _draw(twin.system, keys, jnp.asarray(noise), network, twin.cycles, members, twin.error, twin.initial)


@eqx.filter_jit
def _draw(
    system: AugmentedLorenz96,
    keys: PRNGKeyArray,
    noise: Array,
    network: ObservingNetwork,
    cycles: int,
    members: int,
    error: float,
    initial: float,
) -> Given:
    def one(key: PRNGKeyArray) -> Given:
        nature, start, errors, draws = jax.random.split(key, 4)
        z = nature_run(system, nature, 1, cycles * network.interval + 1, noise)[0]
        each = jax.vmap(lambda k: jax.random.normal(k, z[0].shape))(jax.random.split(start, members))
        x = jax.vmap(system.lift)(z[network.interval :: network.interval])
        exact = x[:, :: network.stride]
        observed = exact + error * jax.random.normal(errors, exact.shape)
        return Given(z[0] + initial * each, x, observed, jax.random.split(draws, cycles))

    return jax.vmap(one)(keys)
