"""The nature run that all seeds, methods and experiments beneath one folder share: written once, longer when needed.

``nature/nature.zarr`` holds the true states every 12 h, and ``nature_6h/nature.zarr``, beside it, those of experiments
that need them every 6 h; ``start.safetensors`` there is the state at its very begin.
"""

from __future__ import annotations

import os
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from latentda.experiments.twin.truth import Truth, simulated_model, start_state
from latentda.fields import open_store, read_states
from latentda.files import files_digest, fitting, read_arrays, write_arrays
from latentda.forecast.embedded.simulation import simulate
from latentda.grid import Layout, datetime_of_hours, hours_since_1970
from latentda.progress import Track, silent
from latentda.runs.claim import claim
from latentda.runs.lock import only_process
from latentda.user_error import UserError
from latentda.world import WorldFolder

EVERY_HOURS = 12
"""Interval of the true states that most experiments need."""

START, START_KIND = "start.safetensors", "start of a nature run"


@dataclass(frozen=True)
class Nature:
    """A nature run as its users need it.

    Attributes:
        store: of the true states.
        begin_hours: time of the start state, hours since 1970.
        digest: of the restart file it began from.
    """

    store: Path
    begin_hours: int
    digest: str

    @property
    def first_backgrounds(self) -> Path:
        """Folder of the forecasts from it that are first backgrounds."""
        return self.store.parent / "first_backgrounds"

    def truth(self, layout: Layout, first_hours: int, last_hours: int) -> Truth:
        """The true states of a period, both ends included, in memory.

        They are read at once and while nobody lengthens the run: a store that is being appended to cannot be read.

        Raises:
            UserError: the nature run does not reach that far.
        """
        folder = self.store.parent
        with only_process(folder) if os.access(folder, os.W_OK) else nullcontext():  # else nobody lengthens it either
            dataset = open_store(self.store)
            stored = np.asarray([hours_since_1970(time) for time in dataset["time"].values], int)
            inside = np.flatnonzero((stored >= first_hours) & (stored <= last_hours))
            if stored[-1] < last_hours:
                raise UserError(f"{self.store} ends before {datetime_of_hours(last_hours)}; make it longer.")
            states = read_states(dataset, layout, inside)
        hours = stored[inside]
        if first_hours == self.begin_hours:
            states = np.concatenate([_read_start(folder)[None], states])
            hours = np.concatenate([[self.begin_hours], hours])
        return Truth(hours, states)


def prepare_nature(
    world: WorldFolder,
    days: int,
    folder: Path,
    *,
    start: Path | None = None,
    every_hours: int = EVERY_HOURS,
    track: Track = silent,
) -> Nature:
    """The nature run of a world, made or lengthened to at least ``days``.

    Another process that is making it is waited for.

    Args:
        world: whose model simulates it: the embedded one.
        days: whole pieces of a simulation.
        folder: of the run; with another interval than :data:`EVERY_HOURS` that is part of its name, so that experiments
            with either lie beneath one root.
        start: the restart file it begins from; by default the world's start.
        every_hours: interval of the stored states.
        track: shows progress.

    Raises:
        UserError: the world has another model, or the folder holds a nature run from another start.
    """
    if every_hours != EVERY_HOURS:
        folder = folder.with_name(f"{folder.name}_{every_hours}h")
    model, start = simulated_model(world), start or world.start
    first, begin = start_state(world, start)
    digest = files_digest([start])
    store = folder / "nature.zarr"
    with only_process(folder):
        claim(folder, {"start": digest, "every_hours": every_hours})
        write_arrays(folder / START, START_KIND, {"state": first})
        simulate(model, days, store, every_hours=every_hours, initial=start, track=track)
    return Nature(store, begin, digest)


def _read_start(folder: Path) -> Float[ndarray, "channel lat lon"]:
    arrays, _ = read_arrays(folder / START, START_KIND)
    with fitting(folder / START, START_KIND):
        return arrays["state"]
