"""Stores of fields in WeatherBench 2 names and layout, to arrays of a layout and back.

Reading accepts either latitude order, ``(longitude, latitude)`` order, levels as integers or floats,
short or stored variable names, and variables that nobody asked for. Writing makes Zarr v3 (or NetCDF)
with dimensions ``(time, level, latitude, longitude)``; levels a variable lacks are NaN.

Reference: Rasp et al. (2024), WeatherBench 2, doi 10.1029/2023MS004019.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Float
from numpy import ndarray

from latentda.grid import (
    BY_STORED_NAME,
    VARIABLES,
    Channel,
    Layout,
    Time,
    as_datetime,
    grid_from_coordinates,
    level_name,
    variable,
    vertical_from_units,
)

_ALIASES = {"lat": "latitude", "lon": "longitude", "isobaricInhPa": "level", "plev": "level"}
_ALIASES |= {"pressure_level": "level", "sigma": "level", "valid_time": "time"}

KEPT_BITS = {"u": 10, "v": 10, "q": 10, "t": 14, "z": 16, "sp": 16}
"""Mantissa bits kept of float32 values in a compact store; the rest is zeroed before compression."""


class FieldsError(ValueError):
    """A store that cannot be used, said in one sentence."""


def open_store(path: str | Path) -> xr.Dataset:
    """Open a Zarr, NetCDF or GRIB store lazily, with dimensions and variables in standard names.

    Raises:
        FieldsError: no such store, or nothing in it that can be read as fields.
    """
    path = Path(path)
    if not path.exists():
        raise FieldsError(f"There is no store at {path}.")
    try:
        dataset = _open(path)
    except Exception as error:
        raise FieldsError(f"{path} is no Zarr, NetCDF or GRIB store that can be read: {error}") from error
    names = {old: new for old, new in _ALIASES.items() if old in dataset.variables or old in dataset.dims}
    dataset = dataset.rename({old: new for old, new in names.items() if new not in dataset.variables})
    stored = {v.short: v.stored for v in VARIABLES.values() if v.short in dataset.data_vars}
    dataset = dataset.rename(stored)
    if not {"latitude", "longitude"} <= set(dataset.dims):
        raise FieldsError(f"{path} has no latitude and longitude dimensions; it has {list(dataset.dims)}.")
    return dataset


def layout_of_store(
    dataset: xr.Dataset,
    variables: Sequence[str] | None = None,
    levels: Sequence[float] | None = None,
) -> Layout:
    """The layout of a store: the wanted (default: all known) variables on the wanted levels.

    Raises:
        FieldsError: a wanted variable or level is missing; the message names it.
    """
    present = [v for v in BY_STORED_NAME.values() if v.stored in dataset.data_vars]
    wanted = [variable(name) for name in variables] if variables else present
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
            channels += [
                Channel(item.short, k) for k in chosen if names is None or level_name(k) in names
            ]
        else:
            channels.append(Channel(item.short))
    units = str(dataset["level"].attrs.get("units", "hPa")) if "level" in dataset.coords else ""
    units = {"millibars": "hPa", "mb": "hPa", "1": "sigma"}.get(units, units)
    longitude = dataset["longitude"].values.astype(float)
    grid = grid_from_coordinates(dataset["latitude"].values.tolist(), longitude.tolist())
    return Layout(grid, vertical_from_units(units, sorted(stored_levels)), tuple(channels))


def read_states(
    dataset: xr.Dataset, layout: Layout, times: Any = None
) -> Float[ndarray, "time channel lat lon"]:
    """Read the channels of a layout, float32, in the layout's latitude order.

    Args:
        dataset: from :func:`open_store`.
        layout: what to read; its grid must be the store's, up to latitude order.
        times: indices, a slice or dates; all when omitted.

    Raises:
        FieldsError: a variable, level, date or grid that the store does not have, or NaN in it.
    """
    latitude = dataset["latitude"].values
    flip = bool((latitude[0] > latitude[-1]) != layout.grid.north_first) and latitude.size > 1
    expected = np.asarray(layout.grid.latitude)[:: -1 if flip else 1]
    same_shape = (dataset.sizes["latitude"], dataset.sizes["longitude"]) == layout.grid.shape
    if not same_shape or not np.allclose(latitude, expected, atol=0.01):
        raise FieldsError(
            f"The store's grid {dataset.sizes['latitude']} x {dataset.sizes['longitude']} is not the "
            f"layout's {layout.grid.shape[0]} x {layout.grid.shape[1]} one; regrid it first."
        )
    chosen = _select_times(dataset, times)
    columns = [_read_channel(chosen, channel)[:, :: -1 if flip else 1] for channel in layout.channels]
    states = np.stack(columns, axis=1).astype(np.float32)
    bad = [n for n, ok in zip(layout.names, np.isfinite(states).all((0, 2, 3)), strict=True) if not ok]
    if bad:
        raise FieldsError(f"The store holds NaN or infinity in {', '.join(bad)}.")
    return states


def to_dataset(
    states: Float[ndarray, "time channel lat lon"],
    layout: Layout,
    times: Sequence[Any] | ndarray,
    attributes: dict[str, Any] | None = None,
) -> xr.Dataset:
    """States as a WeatherBench 2 dataset."""
    if states.shape[1:] != layout.shape or states.shape[0] != len(times):
        raise FieldsError(f"States of shape {(len(times), *layout.shape)} were wanted; got {states.shape}.")
    dataset = xr.Dataset(attrs=attributes or {})
    dataset["time"] = ("time", np.asarray([as_datetime(t) for t in times]).astype("datetime64[ns]"))
    dataset["latitude"] = ("latitude", np.asarray(layout.grid.latitude), {"units": "degrees_north"})
    dataset["longitude"] = ("longitude", np.asarray(layout.grid.longitude), {"units": "degrees_east"})
    if layout.vertical.levels:
        levels = np.asarray(layout.vertical.levels)
        dataset["level"] = ("level", levels, {"units": layout.vertical.units})
    for short in layout.variables:
        dataset[variable(short).stored] = _stored_array(states, layout, short)
    return dataset


class StateWriter:
    """Append states to a Zarr store, a few times at once; what is complete is never half-written.

    Opening an existing store with ``keep`` cuts it back to that many times, so that a run which was
    killed goes on from its last checkpoint.
    """

    def __init__(self, path: str | Path, layout: Layout, *, keep: int = 0, compact: bool = True):
        self.path = Path(path)
        self.layout = layout
        self.compact = compact
        self.written = keep
        if keep:
            _cut(self.path, keep)

    def append(self, states: ndarray, times: ndarray, attributes: dict | None = None) -> None:
        """Write the next states, physical units.

        Raises:
            FieldsError: a value that is not finite: the run that made it has blown up.
        """
        if not np.isfinite(states).all():
            raise FieldsError(f"A state at {times[0]} or soon after holds NaN; the run was stopped there.")
        dataset = to_dataset(states, self.layout, times, attributes)
        if self.compact:
            for short in self.layout.variables:
                array = dataset[variable(short).stored]
                array.values = round_mantissa(array.values, KEPT_BITS.get(short, 12))
        if self.written:
            dataset.to_zarr(self.path, append_dim="time", consolidated=False)
        else:
            dataset.to_zarr(
                self.path, mode="w", consolidated=False, zarr_format=3, encoding=_encoding(dataset)
            )
        self.written += len(times)


def write_netcdf(dataset: xr.Dataset, path: str | Path) -> None:
    """Write a dataset as NetCDF, whole or not at all."""
    path = Path(path)
    partial = path.with_suffix(path.suffix + ".part")
    dataset.to_netcdf(partial)
    partial.replace(path)


def round_mantissa(values: ndarray, bits: int) -> ndarray:
    """Round float32 values to ``bits`` explicit mantissa bits (relative error 2^-(bits+1))."""
    shift = 23 - bits
    raw = np.ascontiguousarray(values, np.float32).view(np.uint32)
    half = np.uint32((1 << (shift - 1)) - 1) + ((raw >> np.uint32(shift)) & np.uint32(1))
    mask = np.uint32(0xFFFFFFFF ^ ((1 << shift) - 1))
    return ((raw + half) & mask).view(np.float32)


def _open(path: Path) -> xr.Dataset:
    if path.suffix in {".grib", ".grb", ".grib2", ".grb2"}:
        return xr.open_dataset(path, engine="cfgrib", decode_timedelta=False)
    if path.is_dir():
        return xr.open_zarr(path, chunks=None, consolidated=False, decode_timedelta=False)
    return xr.open_dataset(path, decode_timedelta=False)


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


def _select_times(dataset: xr.Dataset, times: Any) -> xr.Dataset:
    if "time" not in dataset.dims:
        return dataset.expand_dims("time")
    if times is None:
        return dataset
    if isinstance(times, slice) or np.issubdtype(np.asarray(times).dtype, np.integer):
        return dataset.isel(time=times)
    try:
        wanted = np.asarray([as_datetime(t) for t in np.atleast_1d(times)]).astype("datetime64[ns]")
        return dataset.sel(time=wanted)
    except KeyError as error:
        have = dataset["time"].values
        raise FieldsError(f"The store runs {have[0]} to {have[-1]} and lacks {error}.") from error


def _read_channel(dataset: xr.Dataset, channel: Channel) -> ndarray:
    stored = channel.variable.stored
    if stored not in dataset.data_vars:
        raise FieldsError(f"The store lacks {stored}; it has {', '.join(map(str, dataset.data_vars))}.")
    array = dataset[stored]
    if channel.level is not None:
        levels = [level_name(level) for level in _levels(dataset)]
        if level_name(channel.level) not in levels:
            raise FieldsError(f"The store lacks {stored} at {channel.level:g}; it has {levels}.")
        array = array.isel(level=levels.index(level_name(channel.level)))
    return array.transpose("time", "latitude", "longitude").values


def _stored_array(states: ndarray, layout: Layout, short: str) -> xr.DataArray:
    item = variable(short)
    attributes: dict[str, Any] = {"units": item.units, "long_name": item.title}
    indices = layout.indices(short)
    if not item.has_levels:
        return xr.DataArray(
            states[:, indices[0]].astype(np.float32), dims=("time", "latitude", "longitude"), attrs=attributes
        )
    names = [level_name(level) for level in layout.vertical.levels]
    values = np.full((states.shape[0], len(names), *layout.grid.shape), np.nan, np.float32)
    held = layout.levels_of(short)
    values[:, [names.index(level_name(level)) for level in held]] = states[:, indices]
    if len(held) < len(names):
        attributes["levels"] = json.dumps(list(held))
    return xr.DataArray(values, dims=("time", "level", "latitude", "longitude"), attrs=attributes)


def _encoding(dataset: xr.Dataset) -> dict[str, dict[str, Any]]:
    from zarr.codecs import BloscCodec

    codec = BloscCodec(cname="zstd", clevel=5, shuffle="bitshuffle")
    encoding: dict[str, dict[str, Any]] = {
        name: {"compressors": [codec], "chunks": (min(8, array.shape[0]), *array.shape[1:])}
        for name, array in dataset.data_vars.items()
    }
    encoding["time"] = {"units": "hours since 1970-01-01", "dtype": "int64", "chunks": (4096,)}
    return encoding


def _cut(path: Path, keep: int) -> None:
    import zarr

    group = zarr.open_group(str(path), mode="r+")
    for name, array in group.arrays():
        if name == "time" or "time" in (array.metadata.dimension_names or ()):  # type: ignore[union-attr]
            if array.shape[0] < keep:
                raise FieldsError(f"{path} holds {array.shape[0]} times but {keep} were expected.")
            array.resize((keep, *array.shape[1:]))
