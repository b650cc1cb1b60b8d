"""The state that single observations meet: the climatology of a date, or a state of a store."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from latentda.fields import open_store, read_states
from latentda.grid import Time, datetime_of_hours, hours_since_1970
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
        date: valid time; by default the store's last, or 1 January 2000 for the climatology.

    Raises:
        FieldsError: the store lacks a field, a date or the grid of the world.
        UserError: a date off the hour.
    """
    if str(source) == CLIMATOLOGY:
        hours = int(hours_since_1970(date or "2000-01-01"))
        return Background(CLIMATOLOGY, hours, np.asarray(world.standardizer.climatology.mean(np.int32(hours))))
    dataset = open_store(source)
    if date is None and "time" in dataset.coords:
        date = np.ravel(dataset["time"].values)[-1]
    hours = int(hours_since_1970(str(date)[:16])) if date is not None else int(hours_since_1970("2000-01-01"))
    times = [datetime_of_hours(hours)] if "time" in dataset.dims else None
    return Background(Path(source).name, hours, read_states(dataset, world.layout, times)[0])
