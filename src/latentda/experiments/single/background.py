"""The state that single observations meet: the climatology of a date, or a state of a store."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from latentda.fields import open_store
from latentda.grid import Time
from latentda.workflows.background import USUAL_DATE, climatological_state, require_plausible
from latentda.workflows.background import read_background as read_state
from latentda.world import WorldFolder

CLIMATOLOGY = "climatology"
"""The background's name that stands for the mean state of the date."""


@dataclass(frozen=True, eq=False)
class Background:
    """The state that the observation meets.

    Attributes:
        name: where it comes from, in words.
        hours: valid time, hours since 1970.
        state: physical units.
    """

    name: str
    hours: int
    state: Float[ndarray, "channel lat lon"]


def read_background(source: str | Path, world: WorldFolder, date: Time | None = None) -> Background:
    """A background by name.

    Args:
        source: ``"climatology"`` or a store of states of the world's layout.
        world: holds the climatology.
        date: valid time; by default the store's last, or 1 January 2000 for the climatology and for a store that says
            no time.

    Raises:
        FieldsError: the store lacks a field, a date or the grid of the world.
        UserError: a date off the hour, or a state that is none of the date.
    """
    if str(source) == CLIMATOLOGY:
        mean = climatological_state(world.standardizer, date)
        return Background(CLIMATOLOGY, mean.hours, mean.values)
    state = read_state(source, world.layout, date or _last(source))
    require_plausible(state, world.standardizer)
    return Background(Path(source).name, state.hours, state.values)


def _last(source: str | Path) -> Time:
    dataset = open_store(source)
    return np.ravel(dataset["time"].values)[-1] if "time" in dataset.coords else USUAL_DATE
