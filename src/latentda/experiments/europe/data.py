"""ERA-Interim over Europe: a store in WeatherBench 2 names from the daily file, its layout, its climatology.

The file holds ``z500``, ``t850`` and ``msl`` at 12 UTC as variables of their own; a store wants geopotential and
temperature on levels. Sampled once a day, the states say nothing of the daily cycle, so the climatology has none.

Source: Dee et al. (2011), doi 10.1002/qj.828 (ERA-Interim).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr

from latentda.experiments.twin.truth import Truth
from latentda.fields import (
    FieldsError,
    StoreSampler,
    fit_standardizer,
    open_store,
    read_states,
    to_dataset,
    values_in_si,
    write_standardizer,
)
from latentda.files import whole
from latentda.grid import Channel, Layout, PressureLevels, Time, grid_from_coordinates

CHANNELS = {"z500": Channel("z", 500.0), "t850": Channel("t", 850.0), "msl": Channel("msl")}
"""Names in the file, and the channels that they are."""

TIMES_A_CHUNK = 32
"""Long chunks let nearly every state of a store start a training sequence."""


def convert(data: Path, out: Path) -> Path:
    """Write the store, whole or not at all; one that is there is kept.

    Raises:
        FieldsError: the file is missing, or lacks one of the variables, or has it in units that do not suit.
    """
    if out.exists():
        return out
    if not data.exists():
        raise FieldsError(f"There is no file at {data}.")
    with open_store(data) as raw:
        # Pressure has our name in an opened store; the two others are variables of ours on one level.
        named = {name: c.variable.stored if c.level is None else name for name, c in CHANNELS.items()}
        missing = [name for name, found in named.items() if found not in raw.data_vars]
        if missing:
            raise FieldsError(f"{data} lacks {', '.join(missing)}; it has {', '.join(map(str, raw.data_vars))}.")
        layout = _layout(raw)
        fields = [values_in_si(raw[named[name]], channel.short) for name, channel in CHANNELS.items()]
        states = np.stack(fields, axis=1).astype(np.float32)
        stored = to_dataset(states, layout, raw["time"].values, {"title": "ERA-Interim over Europe, 12 UTC"})
    encoding = {
        str(name): {"chunks": (min(TIMES_A_CHUNK, array.shape[0]), *array.shape[1:])}
        for name, array in stored.data_vars.items()
    }
    with whole(out) as partial:
        stored.to_zarr(partial, mode="w", consolidated=False, zarr_format=3, encoding=encoding)
    return out


def make_climatology(store: Path, layout: Layout, start: Time, end: Time, out: Path) -> Path:
    """Fit annual harmonics and scales to a period, and write them unless they are there."""
    if not out.exists():
        sampler = StoreSampler(store, layout, start, end)
        write_standardizer(fit_standardizer(lambda: sampler.pieces(), layout, diurnal=0), out)
    return out


def truth_of(store: Path, layout: Layout, start: Time, end: Time) -> Truth:
    """The states of a period, in memory."""
    dataset, positions, hours = StoreSampler(store, layout, start, end).open()
    return Truth(hours, read_states(dataset, layout, positions))


def store_layout(store: Path) -> Layout:
    """The layout of a store that :func:`convert` wrote."""
    return _layout(open_store(store))


def _layout(dataset: xr.Dataset) -> Layout:
    grid = grid_from_coordinates(dataset["latitude"].values.tolist(), dataset["longitude"].values.tolist())
    return Layout(grid, PressureLevels((500.0, 850.0)), tuple(CHANNELS.values()))
