"""Which computations the data of a batch ask for beyond interpolation: what need not be done is not compiled.

A batch's families are found once, from its values, when its operator is built, and are part of what compiled code is
specialised to: two batches of the same size and families share it.
"""

from __future__ import annotations

import jax
import numpy as np

from latentda.observations import VARIABLES, ObservationBatch
from latentda.observations.table import UPPER_AIR_VARIABLES

HEIGHT = "located by height"
GEOPOTENTIAL = "geopotential"
DERIVED = "derived from two variables"
SURFACE_WIND = "wind at 10 m"
SURFACE_DEW_POINT = "dew point at 2 m"
COLUMN_WATER = "precipitable water"

_MEMBERS = {
    GEOPOTENTIAL: ("z",),
    DERIVED: ("tv", "td", "ws", "n"),
    SURFACE_WIND: ("u10m", "v10m", "ws10m"),
    SURFACE_DEW_POINT: ("d2m",),
    COLUMN_WATER: ("tcwv",),
}

EVERY_FAMILY = frozenset([HEIGHT, *_MEMBERS])


def families_of(batch: ObservationBatch) -> frozenset[str]:
    """The families in a batch; all of them where its values are not known yet, inside compiled code."""
    if any(isinstance(leaf, jax.core.Tracer) for leaf in (batch.variable, batch.pressure, batch.valid)):
        return EVERY_FAMILY
    valid = np.asarray(batch.valid)
    variable, pressure = np.asarray(batch.variable)[valid], np.asarray(batch.pressure)[valid]
    names = {VARIABLES[index] for index in np.unique(variable)}
    found = {family for family, members in _MEMBERS.items() if names & set(members)}
    by_height = (variable < len(UPPER_AIR_VARIABLES)) & (pressure <= 0.0)
    return frozenset(found | ({HEIGHT} if by_height.any() else set()))
