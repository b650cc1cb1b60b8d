"""The surface that a world's states stand on: its geopotential, one field on the world's grid, in a file of the world.

Reports from the ground are placed on it, and where a state has no heights of its own the hydrostatic equation starts
there. A world that knows none says so by a surface far below everything: nothing at the ground has an equivalent then.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from latentda.fields import FieldsError, Location, open_store, read_states
from latentda.files import fitting, read_arrays, write_arrays
from latentda.grid import Layout, build_layout
from latentda.grid.vertical import NoLevels
from latentda.user_error import UserError

KIND = "orography"
"""Kind of file."""

UNKNOWN = -1e6
"""Surface geopotential (m2 s-2) where none is known."""

HIGHEST = 9000.0 * 9.81
"""No surface of the Earth has a greater geopotential (m2 s-2)."""


def surface_of_store(location: Location, layout: Layout) -> Float[ndarray, "lat lon"]:
    """The surface geopotential (m2 s-2) in a store, of its first time where it has several.

    Args:
        location: the store; a height in metres or a geopotential, under any usual name.
        layout: whose grid.

    Raises:
        FieldsError: no such store, no orography in it, another grid.
        UserError: values that are no heights of the Earth's surface.
    """
    dataset = open_store(location)
    if "geopotential_at_surface" not in dataset:
        found = ", ".join(map(str, dataset.data_vars)) or "nothing"
        raise FieldsError(
            f"{location} holds no orography; a field geopotential_at_surface (m2 s-2) or orography (m) is wanted, and "
            f"it has {found}."
        )
    alone = dataset[["geopotential_at_surface"]]
    own = build_layout(layout.grid, NoLevels(), {}, ["zs"])
    surface = read_states(alone, own, slice(0, 1) if "time" in alone.dims else None)[0, 0]
    if not (surface.min() > -HIGHEST / 10 and surface.max() < HIGHEST):
        raise UserError(
            f"{location}: an orography from {surface.min():.3g} to {surface.max():.3g} m2 s-2 is none of the Earth; "
            "write its units, 'm' or 'm2 s-2'."
        )
    return surface


def write_orography(surface: Float[ndarray, "lat lon"], path: Path) -> Path:
    """Write a surface geopotential (m2 s-2)."""
    write_arrays(path, KIND, {"surface_geopotential": np.asarray(surface, np.float32)})
    return path


def read_orography(path: Path) -> Float[ndarray, "lat lon"]:
    """Read what :func:`write_orography` wrote.

    Raises:
        UserError: the file is missing, damaged or something else.
    """
    arrays, _ = read_arrays(path, KIND)
    with fitting(path, KIND):
        return arrays["surface_geopotential"]
