"""Speed of the parts of one cycle, each as a ratio to one 6 h forecast of the embedded world in the same run.

Run: python benchmarks/analysis.py
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from latentda.assimilation.intake import Intake
from latentda.assimilation.variational.minimise import Minimum
from latentda.experiments.demo import shipped_reports
from latentda.experiments.twin.observing import build_network
from latentda.experiments.twin.truth import Truth, TwinObservations
from latentda.forecast import initial_fields, jcm_model
from latentda.grid import hours_since_1970
from latentda.methods import METHODS
from latentda.observations import read_observations
from latentda.world import embedded_world, world_intake


def seconds(call: Callable[[], Any], repeat: int = 5) -> float:
    """The median time of a call after one that compiles."""
    jax.block_until_ready(call())
    taken = []
    for _ in range(repeat):
        begin = time.perf_counter()
        jax.block_until_ready(call())
        taken.append(time.perf_counter() - begin)
    return float(np.median(taken))


def evaluations_to_one_per_cent(minimum: Minimum) -> int:
    """Evaluations of cost and gradient until the cost lies within 1 % of the lowest."""
    cost = np.asarray(minimum.cost)
    return int(np.asarray(minimum.evaluations)[np.argmax(cost <= 1.01 * cost.min())])


def main() -> None:
    world = embedded_world()
    model = jcm_model()
    state, date = initial_fields(model, world.start)
    hours = hours_since_1970(date)
    intake: Intake = world_intake(world, model)
    network = build_network("full-conventional", model.layout, model.surface_geopotential, 0)
    table = TwinObservations(Truth(np.array([hours]), state[None]), network, intake)(int(hours))
    term = intake.term(table, int(hours))
    # The background is a day older, so that the analysis has an error to correct.
    old = np.asarray(model.propagate(state, hours - 24, (24,))[0])
    anomaly = world.standardizer.to_anomaly(jnp.asarray(old), hours)
    unit = seconds(lambda: model.propagate(state, hours, (6,)))
    rows = {"6 h forecast": unit}
    code = world.code
    decode = jax.jit(lambda code, z: code.decode(z))
    latent = jax.jit(lambda code, a: code.encode(a))(code, anomaly)
    rows["decoder"] = seconds(lambda: decode(code, latent))
    for name in ("3dvar", "latent_3dvar"):
        method = METHODS[name].build(world)
        needed = evaluations_to_one_per_cent(method.solve(anomaly, (term,), int(hours)).minimum)
        rows[f"{name} analysis ({table.num_rows} data; {needed} gradients to 1 % of the lowest cost)"] = seconds(
            lambda method=method: method.solve(anomaly, (term,), int(hours)).state, repeat=3
        )
    rows["equivalents of all data"] = seconds(lambda: intake.equivalents(table, state))
    rows["reading one prepBUFR cycle"] = seconds(lambda: read_observations(shipped_reports()).num_rows, repeat=3)
    print(f"| part | time over that of a 6 h forecast ({unit:.2f} s here) |\n| --- | --- |")
    for name, taken in rows.items():
        print(f"| {name} | {taken / unit:.2f} |")


if __name__ == "__main__":
    main()
