"""What a cycle of each filter costs, measured in one run.

One seed with N = 40 and every fourth number observed; processor time of the compiled cycles, the least of a few runs
that take turns. The lifted step costs next to nothing here, which favours filters in x: a real model would not.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp

from latentda.assimilation.ensemble import covariance_root
from latentda.experiments.augmented.filters import run_filters
from latentda.experiments.augmented.methods import Assets, Method, in_x_with_lifted_q, lifted_noise, methods
from latentda.experiments.augmented.setup import AugmentedTwin, draw
from latentda.experiments.augmented.system import nature_run

REFERENCE = "etkf-q-x"
"""The cheapest ETKF-Q in x, whose Q is a multiple of the identity."""


@dataclass(frozen=True)
class Cost:
    """Of one method.

    Attributes:
        method: name.
        settings: space and Q in words.
        members: N.
        milliseconds: processor time a cycle.
        ratio: to the first of those timed.
    """

    method: str
    settings: str
    members: int
    milliseconds: float
    ratio: float


def timed(made: Assets) -> dict[str, tuple[Method, Assets]]:
    """What is timed: rivals, a Q of x of full rank, and ETKF-Q-L.

    Args:
        made: what the filters are made of.
    """
    rows = methods(made.learned)
    found = {name: (rows[name], made) for name in (REFERENCE, "etkf-z", "etkf-q-x-lifted")}
    found["etkf-q-x-full"] = (Method("x, lifted Q of full rank", in_x_with_lifted_q), _full_rank(made))
    return found | {f"etkf-q-l-{name}": (rows[f"etkf-q-l-{name}"], made) for name in made.learned}


def run_costs(
    chosen: Mapping[str, tuple[Method, Assets]], twin: AugmentedTwin, cycles: int = 100, turns: int = 5
) -> list[Cost]:
    """Time filters.

    Args:
        chosen: such as :func:`timed`; the first is what the others are compared with.
        twin: the set-up.
        cycles: that are timed at once.
        turns: of which the quickest counts.
    """
    short, network = replace(twin, cycles=cycles), twin.observed["4th"]

    def run(method: Method, made: Assets) -> float:
        given = draw(short, network, float(made.noise), (1,), method.members)
        setting = jnp.asarray(method.scan[-1:])
        jax.block_until_ready(given)
        start = time.process_time()
        jax.block_until_ready(run_filters(method.build, made, setting, given, network, twin.error))
        return 1e3 * (time.process_time() - start) / cycles

    for pair in chosen.values():
        run(*pair)  # compiled apart from the times
    times = [[run(*pair) for pair in chosen.values()] for _ in range(turns)]
    least = [min(found) for found in zip(*times, strict=True)]
    return [
        Cost(name, method.settings, method.members, milliseconds, milliseconds / least[0])
        for (name, (method, _)), milliseconds in zip(chosen.items(), least, strict=True)
    ]


def _full_rank(made: Assets) -> Assets:
    z = nature_run(made.system, jax.random.key(0), 16, 25, float(made.noise))
    root = covariance_root(lifted_noise(made.system, z))
    return Assets(made.system, made.noise, made.learned, made.roots, root)
