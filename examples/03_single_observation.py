"""What one temperature changes: the increments of 3D-Var and of latent 3D-Var around a seasonal mean."""

import jax.numpy as jnp
import numpy as np

from latentda.assimilation.intake import Intake
from latentda.methods import METHODS
from latentda.observations import assign_errors, table_from_columns
from latentda.world import embedded_world

world = embedded_world()
layout = world.layout
hours = np.int32(24 * 365 * 30)
background = np.asarray(world.standardizer.climatology.mean(hours))
intake = Intake(layout, np.zeros(layout.grid.shape))
place = {"time": [np.datetime64("1999-12-25T00:00")], "lat": [46.1], "lon": [14.5], "pres": [5e4], "variable": ["t"]}
table = table_from_columns({**place, "observation": [0.0]})
value = intake.equivalents(table, background) + 1.0
term = intake.term(assign_errors(table_from_columns({**place, "observation": value})), int(hours))

for name in ("3dvar", "latent_3dvar"):
    analysis = METHODS[name].build(world).solve(jnp.zeros(layout.shape), (term,), int(hours))
    increment = np.asarray(analysis.increment) * np.asarray(world.standardizer.scale)[:, None, None]
    print(f"{METHODS[name].title}: +1 K at 500 hPa over 46.1N 14.5E ({analysis.result.advice})")
    for channel in ("t@0.51", "u@0.34", "v@0.34", "sp"):
        field = increment[layout.index(channel)]
        units = layout.channels[layout.index(channel)].variable.units
        print(f"   {channel:8s} {field.min():9.3f} to {field.max():9.3f} {units}")
