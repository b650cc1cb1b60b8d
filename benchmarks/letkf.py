"""Speed of the local filter on the embedded world: its analysis over one 6 h forecast of one state in the same run.

Run: python benchmarks/letkf.py
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from latentda.assimilation.ensemble import GridLETKF, Localization
from latentda.experiments.speedy.setup import LOCALIZATION, network
from latentda.experiments.twin.observing import build_network
from latentda.experiments.twin.truth import Truth, TwinObservations
from latentda.forecast import initial_fields, jcm_model
from latentda.grid import hours_since_1970
from latentda.methods import METHODS, Options
from latentda.world import embedded_world, world_intake


def least(call: Callable[[], Any], repeat: int = 3) -> float:
    """The shortest time of a call after one that compiles (s)."""
    jax.block_until_ready(call())
    taken = []
    for _ in range(repeat):
        begin = time.perf_counter()
        jax.block_until_ready(call())
        taken.append(time.perf_counter() - begin)
    return min(taken)


def main() -> None:
    """Print the table."""
    model, world = jcm_model(), embedded_world()
    state, when = initial_fields(model, world.start)
    hours = int(hours_since_1970(when))
    unit = least(lambda: model.propagate(state, hours, (6,)))
    print(f"6 h forecast of one state: {unit:.3f} s")
    intake, orography = world_intake(world, model), world.orography(model)
    truth = Truth(np.array([hours]), state[None])
    conventional = build_network("full-conventional", model.layout, orography, 0)(hours)
    cases = (
        ("reg2, 20 members", network("speedy-letkf-reg2", model.layout, orography), 20, LOCALIZATION, 1),
        ("full conventional, 40 members", conventional, 40, Localization.of_sigma(500.0, 0.1), 1),
        ("the same, weights at every 2nd column", conventional, 40, Localization.of_sigma(500.0, 0.1), 2),
        ("full conventional, 40 members, 700 km and 0.4", conventional, 40, Localization.of_sigma(700.0, 0.4), 2),
    )
    for name, places, members, radii, every in cases:
        table = TwinObservations(truth, places, intake)(hours)
        term = intake.term(table, hours, placed=True)
        own = Localization(radii.horizontal_km, radii.vertical_lnp, every)
        background = METHODS["letkf"].build(world, Options(members=members)).init(state).members[0]
        departures = jax.jit(lambda x, term=term: jax.lax.map(term.departure, x))(background)
        update = GridLETKF.of_terms([term], model.layout, own)
        taken = least(lambda x=background, d=departures, f=update: f(x, d))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(f"{name}: {int(term.valid.sum())} data, {taken:.2f} s, {taken / unit:.1f}; peak so far {peak:.2f} GiB")


if __name__ == "__main__":
    main()
