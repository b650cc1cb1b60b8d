"""One real cycle from file to analysis in a fresh process, stage by stage, compilation included.

All usable data of 1 January 1989 12 UTC, not thinned, and latent 3D-Var from the climatological mean of the date.

Run: python benchmarks/intake.py [FILE]
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path

BEGIN = time.perf_counter()


def main() -> None:
    import jax.numpy as jnp
    import numpy as np

    from latentda.assimilation.first_guess import FirstGuess
    from latentda.experiments.demo import shipped_reports
    from latentda.methods import METHODS
    from latentda.observations import QualityControl, read_observations, used
    from latentda.workflows.preparation import analysis_hours, prepare
    from latentda.world import embedded_world, world_intake

    stages = {"imports": time.perf_counter()}
    world = embedded_world("climatology")
    intake = replace(world_intake(world), huber_limit=3.0)
    method = METHODS["latent_3dvar"].build(world)
    stages["model, network, background errors"] = time.perf_counter()
    read = read_observations(Path(sys.argv[1]) if len(sys.argv) > 1 else shipped_reports())
    stages[f"read {read.num_rows} data"] = time.perf_counter()
    table = prepare(read, QualityControl())
    stages[f"checks, errors: {int(used(table).sum())} usable"] = time.perf_counter()
    hours = analysis_hours(table)
    climate = np.asarray(world.standardizer.climatology.mean(np.int32(hours)))
    table = intake.screen(table, FirstGuess.instant(climate), hours)
    stages[f"first-guess check: {int(used(table).sum())} left"] = time.perf_counter()
    term = intake.term(table, hours)
    stages["batch"] = time.perf_counter()
    anomaly = world.standardizer.to_anomaly(jnp.asarray(climate), np.int32(hours))
    analysis = method.solve(anomaly, (term,), hours)
    stages[f"analysis: {int(analysis.minimum.iterations)} iterations"] = time.perf_counter()
    before = BEGIN
    for name, end in stages.items():
        print(f"{name:45s} {end - before:6.2f} s")
        before = end
    print(f"{'in all':45s} {before - BEGIN:6.2f} s")


if __name__ == "__main__":
    main()
