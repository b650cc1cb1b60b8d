"""Stores of fields in WeatherBench 2 names and layout, to arrays of a layout and back.

Reading accepts either latitude order, ``(longitude, latitude)`` order, levels as integers or floats, in hPa, Pa or
sigma, the usual names, units that can be converted, fields without a time, and variables that nobody asked for.
Times come in order, each once.

Reference: Rasp et al. (2024), WeatherBench 2, doi 10.1029/2023MS004019.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Float
from numpy import ndarray

from latentda.fields.error import FieldsError
from latentda.fields.opening import Location, located, open_raw
from latentda.fields.standard_form import standard_form
from latentda.fields.store_times import in_order_of_time, stamps_of
from latentda.grid import (
    BY_STORED_NAME,
    Channel,
    Layout,
    as_datetime,
    grid_from_coordinates,
    level_name,
    variable,
    vertical_from_units,
)
from latentda.grid.names import VARIABLE_NAMES
from latentda.grid.units import Conversion, conversion
from latentda.user_error import UserError


def open_store(location: Location) -> xr.Dataset:
    """Open a Zarr, NetCDF or GRIB store lazily, in standard names and order.

    Args:
        location: a path, or a URL such as ``gs://bucket/era5.zarr``.

    Raises:
        FieldsError: no such store, or nothing in it that can be read as fields; times that cannot be told apart.
    """
    raw = open_raw(location)
    try:
        return in_order_of_time(standard_form(raw))
    except FieldsError as error:
        raise FieldsError(f"{located(location)}: {error}") from error


def layout_of_store(
    dataset: xr.Dataset,
    variables: Sequence[str] | None = None,
    levels: Sequence[float] | None = None,
) -> Layout:
    """The layout of a store: the wanted (default: all known) variables on the wanted levels.

    Raises:
        FieldsError: a wanted variable or level is missing, or of units that do not suit; the message names it.
    """
    dataset = standard_form(dataset)
    present = [v for v in BY_STORED_NAME.values() if v.stored in dataset.data_vars]
    wanted = [variable(VARIABLE_NAMES.get(name, name)) for name in variables] if variables else present
    missing = [v.stored for v in wanted if v.stored not in dataset.data_vars]
    if missing or not wanted:
        found = ", ".join(map(str, dataset.data_vars)) or "nothing"
        raise FieldsError(f"The store lacks {', '.join(missing) or 'known variables'}; it has {found}.")
    stored_levels = _levels(dataset)
    chosen = _match_levels(stored_levels, levels)
    channels: list[Channel] = []
    for item in wanted:
        if "level" in dataset[item.stored].dims:
            kept = json.loads(dataset[item.stored].attrs.get("levels", "null"))
            names = {level_name(k) for k in kept} if kept is not None else None
            channels += [Channel(item.short, k) for k in chosen if names is None or level_name(k) in names]
        else:
            channels.append(Channel(item.short))
        _conversion(dataset[item.stored], item.short)
    units = str(dataset["level"].attrs["units"]) if "level" in dataset.coords else ""
    longitude = dataset["longitude"].values.astype(float)
    grid = grid_from_coordinates(dataset["latitude"].values.tolist(), longitude.tolist())
    return Layout(grid, vertical_from_units(units, chosen if levels else sorted(stored_levels)), tuple(channels))


def read_states(dataset: xr.Dataset, layout: Layout, times: Any = None) -> Float[ndarray, "time channel lat lon"]:
    """Read the channels of a layout, float32, in the layout's latitude order.

    Args:
        dataset: from :func:`open_store`.
        layout: what to read; its grid must be the store's, up to latitude order.
        times: indices, a slice or dates; all when omitted.

    Raises:
        FieldsError: a variable, level, date or grid that the store does not have, units that do not suit, or NaN.
    """
    dataset = standard_form(dataset)
    flip = _must_flip(dataset, layout)
    chosen = _select_times(dataset, times)
    states = np.empty((chosen.sizes["time"], *layout.shape), np.float32)
    for short in layout.variables:
        channels = layout.indices(short)
        levels = [layout.channels[i].level for i in channels]
        states[:, channels] = _read_variable(chosen, short, levels)[..., :: -1 if flip else 1, :]
    bad = [layout.names[i] for i in np.flatnonzero(~np.isfinite(states).all(axis=(0, 2, 3)))]
    if bad:
        raise FieldsError(f"The store holds NaN or infinity in {', '.join(bad)}.")
    return states


def _levels(dataset: xr.Dataset) -> list[float]:
    return [float(k) for k in dataset["level"].values] if "level" in dataset.coords else []


def _match_levels(stored: list[float], wanted: Sequence[float] | None) -> list[float]:
    if wanted is None:
        return sorted(stored)
    names = {level_name(level) for level in stored}
    missing = [level_name(level) for level in wanted if level_name(level) not in names]
    if missing:
        raise FieldsError(f"The store lacks level {', '.join(missing)}; it has {sorted(stored)}.")
    return sorted(float(level) for level in wanted)


def _must_flip(dataset: xr.Dataset, layout: Layout) -> bool:
    """Whether the store's latitudes run against the layout's.

    Raises:
        FieldsError: the store stands on another grid.
    """
    latitude, longitude = dataset["latitude"].values, dataset["longitude"].values
    flip = latitude.size > 1 and bool(latitude[0] > latitude[-1]) != layout.grid.north_first
    expected = np.asarray(layout.grid.latitude)[:: -1 if flip else 1]
    if (
        (latitude.size, longitude.size) != layout.grid.shape
        or not np.allclose(latitude, expected, atol=0.01)
        or not np.allclose(longitude, layout.grid.longitude, atol=0.01)
    ):
        raise FieldsError(
            f"The store's grid, {latitude.size} x {longitude.size} from {latitude[0]:g} N "
            f"{longitude[0]:g} E, is not the layout's, {expected.size} x "
            f"{len(layout.grid.longitude)} from {expected[0]:g} N "
            f"{layout.grid.longitude[0]:g} E; regrid it first."
        )
    return flip


def _select_times(dataset: xr.Dataset, times: Any) -> xr.Dataset:
    if "time" not in dataset.dims:
        dataset = dataset.expand_dims("time")
    if times is None:
        return dataset
    if isinstance(times, slice):
        return dataset.isel(time=times)
    wanted = np.atleast_1d(times)
    if np.issubdtype(wanted.dtype, np.integer):
        return dataset.isel(time=wanted)
    stamps = stamps_of(dataset)
    position = {stamp: i for i, stamp in reversed([*enumerate(stamps.tolist())])}
    instants = np.asarray([as_datetime(t) for t in wanted]).tolist()
    missing = [instant.isoformat() for instant in instants if instant not in position]
    if missing:
        raise FieldsError(f"The store runs from {stamps[0]} to {stamps[-1]} and lacks {', '.join(missing)}.")
    return dataset.isel(time=[position[instant] for instant in instants])


def _read_variable(
    dataset: xr.Dataset, short: str, levels: Sequence[float | None]
) -> Float[ndarray, "time level lat lon"]:
    """One variable on some levels, at once since a chunk holds them all; ``[None]``: surface."""
    stored = variable(short).stored
    if stored not in dataset.data_vars:
        found = ", ".join(map(str, dataset.data_vars))
        raise FieldsError(f"The store lacks {stored}; it has {found}.")
    array = dataset[stored]
    if "level" in array.dims:
        held = [level_name(level) for level in _levels(dataset)]
    else:
        held, array = ["the surface"], array.expand_dims("level")
    wanted = ["the surface" if level is None else level_name(level) for level in levels]
    missing = [name for name in wanted if name not in held]
    if missing:
        raise FieldsError(f"The store lacks {stored} at {', '.join(missing)}; it has {held}.")
    if "time" not in array.dims:
        array = array.expand_dims(time=dataset["time"])
    extra = set(array.dims) - {"time", "level", "latitude", "longitude"}
    if extra:
        raise FieldsError(f"{stored} also runs along {', '.join(map(str, extra))}; select one entry.")
    array = array.isel(level=[held.index(name) for name in wanted])
    return values_in_si(array.transpose("time", "level", "latitude", "longitude"), short)


def values_in_si(array: xr.DataArray, short: str) -> ndarray:
    """The values of an array that is a variable, in the variable's units.

    Raises:
        FieldsError: the array's units are unknown, or of something else.
    """
    return _conversion(array, short)(array.values)


def _conversion(array: xr.DataArray, short: str) -> Conversion:
    """To the units of a variable; values that say no units have them.

    Raises:
        FieldsError: the store's units are unknown, or of something else.
    """
    units = str(array.attrs.get("units", "")).strip()
    try:
        return conversion(units, variable(short).units) if units else Conversion()
    except UserError as error:
        raise FieldsError(f"The store's {array.name} has units that do not suit: {error}") from error
