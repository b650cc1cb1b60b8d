"""What a cycle of each filter costs, measured in one run.

One seed with N = 40 and every fourth number observed; processor time of the compiled cycles, the least of a few runs
that take turns. The lifted step costs next to nothing here, which favours filters in x: a real model would not.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp

from latentda.assimilation.ensemble import covariance_root
from latentda.experiments.augmented.filters import run_filters
from latentda.experiments.augmented.methods import Assets, Method, in_x_with_lifted_q, lifted_noise, methods
from latentda.experiments.augmented.setup import AugmentedTwin, draw
from latentda.experiments.augmented.system import nature_run

TIMED = ("etkf-z", "etkf-q-x", "etkf-q-x-lifted")
"""Rivals; with them a Q of x of full rank, and ETKF-Q-L."""


@dataclass(frozen=True)
class Cost:
    """Of one method.

    Attributes:
        method: name.
        settings: space and Q in words.
        members: N.
        milliseconds: processor time a cycle.
        ratio: to the cheapest ETKF-Q in x, by the singular values of the members alone.
    """

    method: str
    settings: str
    members: int
    milliseconds: float
    ratio: float


def run_costs(made: Assets, twin: AugmentedTwin, cycles: int = 100, turns: int = 5) -> list[Cost]:
    """Time the filters.

    Args:
        made: what they are made of.
        twin: the set-up.
        cycles: that are timed at once.
        turns: of which the quickest counts.
    """
    rows = methods(made.learned)
    chosen = {name: (rows[name], made) for name in TIMED}
    chosen["etkf-q-x-full"] = (Method("x, lifted Q of full rank", in_x_with_lifted_q), _full_rank(made))
    chosen |= {f"etkf-q-l-{name}": (rows[f"etkf-q-l-{name}"], made) for name in made.learned}
    short, network = replace(twin, cycles=cycles), twin.observed["4th"]
    noise = float(made.noise)

    def run(method: Method, assets: Assets) -> float:
        given = draw(short, made.system, network, noise, (1,), method.members)
        setting = jnp.asarray(method.scan[-1:])
        jax.block_until_ready(given)
        start = time.process_time()
        jax.block_until_ready(run_filters(method.build, assets, setting, given, network, twin.error))
        return 1e3 * (time.process_time() - start) / cycles

    times = {name: [run(*pair) for _ in range(turns + 1)][1:] for name, pair in chosen.items()}
    least = {name: min(found) for name, found in times.items()}
    reference = least["etkf-q-x"]
    return [
        Cost(name, method.settings, method.members, least[name], least[name] / reference)
        for name, (method, _) in chosen.items()
    ]


def _full_rank(made: Assets) -> Assets:
    z = nature_run(made.system, jax.random.key(0), 16, 25, float(made.noise))
    root = covariance_root(lifted_noise(made.system, z))
    return Assets(made.system, made.noise, made.learned, made.roots, root)
