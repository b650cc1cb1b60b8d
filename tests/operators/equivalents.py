"""The model's equivalents of data in small atmospheres that are the same in every column."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np

from latentda.grid import PressureLevels, SigmaLevels, build_layout, gaussian_grid
from latentda.operators import PointObservations
from latentda.physics.constants import GRAVITY
from tests.worlds import batch_of

GRID = gaussian_grid(4, 8)

evaluate = eqx.filter_jit(lambda operator, state: (operator(state), operator.reachable(state)))


def layout_on(kind, levels, names="uvtq", surface=("sp",)):
    """A layout on sigma or pressure (hPa) levels."""
    vertical = {"sigma": SigmaLevels, "hPa": PressureLevels}[kind](tuple(levels))
    return build_layout(GRID, vertical, dict.fromkeys(names, levels), surface)


def pressures(layout, name, surface_pressure):
    """Pressure (Pa) of a variable's levels."""
    factor = surface_pressure if layout.vertical.units == "sigma" else 100.0
    return factor * np.asarray(layout.levels_of(name))


def column_state(layout, surface_pressure=1e5, **profiles):
    """A state without horizontal structure; a profile is a function of pressure (Pa) or a number, and 0 by default."""
    state = np.zeros(layout.shape)
    for name, profile in {"sp": surface_pressure, **profiles}.items():
        if name not in layout.variables:
            continue
        p = pressures(layout, name, surface_pressure)
        values = profile(p) if callable(profile) else np.full(p.shape, float(profile))
        state[layout.indices(name)] = values[:, None, None]
    return jnp.asarray(state)


def operator_of(layout, variable, *, surface_height=0.0, roughness=None, size=None, **columns):
    """H of some data, which lie at the equator and Greenwich unless told otherwise."""
    geopotential = np.full(layout.grid.shape, GRAVITY * surface_height)
    settings = {} if roughness is None else {"roughness": roughness}
    return PointObservations(batch_of(variable, size, **columns), layout, geopotential, **settings)


def equivalents(layout, state, variable, **settings):
    """H(x) and whether it has a meaning, in the order of the data given."""
    operator = operator_of(layout, variable, **settings)
    value, reachable = evaluate(operator, state)
    valid = np.asarray(operator.batch.valid)
    rows = np.asarray(operator.batch.row)[valid]
    back = np.argsort(rows)
    return np.asarray(value)[valid][back], np.asarray(reachable)[valid][back]
