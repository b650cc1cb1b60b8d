"""Writing of states in WeatherBench 2 names: Zarr v3, piece by piece, or NetCDF, whole.

Dimensions are ``(time, level, latitude, longitude)``; levels that a variable lacks are NaN.

Reference: Rasp et al. (2024), WeatherBench 2, doi 10.1029/2023MS004019.
"""

from __future__ import annotations

import json
import shutil
import time
import warnings
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Float
from numpy import ndarray

from latentda.fields.store import FieldsError
from latentda.files import whole, written
from latentda.grid import Layout, as_datetime, level_name, variable

KEPT_BITS = {"u": 10, "v": 10, "q": 10, "t": 14, "z": 16, "zs": 16, "sp": 16, "msl": 16}
"""Mantissa bits kept of float32 values in a compact store; the rest is zero, which packs well."""

CHUNK = 8
"""States in a chunk: one is read without much else, and there are not too many files."""

TIME_ENCODING = {"units": "hours since 1970-01-01", "dtype": "int64", "chunks": (4096,)}

CF_NAMES = {
    "u": "eastward_wind",
    "v": "northward_wind",
    "t": "air_temperature",
    "q": "specific_humidity",
    "z": "geopotential",
    "sp": "surface_air_pressure",
    "msl": "air_pressure_at_mean_sea_level",
    "t2m": "air_temperature",
    "q2m": "specific_humidity",
    "d2m": "dew_point_temperature",
    "u10m": "eastward_wind",
    "v10m": "northward_wind",
    "ws10m": "wind_speed",
    "tcwv": "atmosphere_mass_content_of_water_vapor",
    "zs": "surface_geopotential",
}
"""Standard names of the CF conventions, version 1.11."""


def to_dataset(
    states: Float[ndarray, "time channel lat lon"],
    layout: Layout,
    times: Sequence[Any] | ndarray,
    attributes: dict[str, Any] | None = None,
) -> xr.Dataset:
    """States as a WeatherBench 2 dataset."""
    if states.shape[1:] != layout.shape or states.shape[0] != len(times):
        raise FieldsError(f"States of shape {(len(times), *layout.shape)} were wanted; got {states.shape}.")
    dataset = xr.Dataset(attrs={"Conventions": "CF-1.11", **(attributes or {})})
    stamps = np.asarray([as_datetime(t) for t in times]).astype("datetime64[ns]")
    dataset["time"] = ("time", stamps, {"standard_name": "time", "axis": "T"})
    for name, values, units, axis in (
        ("latitude", layout.grid.latitude, "degrees_north", "Y"),
        ("longitude", layout.grid.longitude, "degrees_east", "X"),
    ):
        dataset[name] = (name, np.asarray(values), {"units": units, "standard_name": name, "axis": axis})
    if layout.vertical.levels:
        dataset["level"] = ("level", _whole_numbers(layout.vertical.levels), _level_attributes(layout.vertical.units))
    for short in layout.variables:
        dataset[variable(short).stored] = _stored_array(states, layout, short)
    return dataset


class StateWriter:
    """Append states to a Zarr store, a few times at once; what is complete is never half-written.

    Opening an existing store with ``keep`` cuts it back to that many times, so that a run which was
    killed goes on from its last checkpoint; without ``keep`` the first append replaces the store.

    Raises:
        FieldsError: the path holds something else, or a store with fewer times than ``keep``.
    """

    def __init__(self, path: str | Path, layout: Layout, *, keep: int = 0, compact: bool = True):
        self.path = Path(path)
        self.layout = layout
        self.compact = compact
        self.written = keep
        go_on(self.path, keep)

    def append(self, states: ndarray, times: Sequence[Any] | ndarray, attributes: dict | None = None) -> None:
        """Write the next states, physical units.

        Raises:
            FieldsError: a value that is not finite: the run that made it has blown up.
            UserError: no room, or no right to write; what was complete before stays.
        """
        if not np.isfinite(states).all():
            raise FieldsError(f"A state at {times[0]} or soon after holds NaN; the run was stopped there.")
        dataset = to_dataset(states, self.layout, times, attributes)
        if self.compact:
            for short in self.layout.variables:
                array = dataset[variable(short).stored]
                array.values = round_mantissa(array.values, KEPT_BITS.get(short, 12))
        append(dataset, self.path, self.written)
        self.written += len(times)


def go_on(store: Path, keep: int) -> None:
    """Cut a store back to its first times; of none kept, see that what will be replaced is a store."""
    if keep:
        with written(store):
            _cut(store, keep)
    else:
        _refuse_foreign(store)


def append(dataset: xr.Dataset, store: Path, before: int) -> None:
    """Append a dataset along time to a store that has so many times, or write it as a new one where it has none.

    Raises:
        UserError: no room, or no right to write; what was complete before stays.
    """
    with written(store):
        try:
            if before:
                dataset.to_zarr(store, append_dim="time", consolidated=False)
            else:
                dataset.to_zarr(store, mode="w", consolidated=False, zarr_format=3, encoding=_encoding(dataset))
            consolidate(store)
        except Exception:
            with suppress(Exception):  # where nothing can be written, nothing can be taken back
                _cut(store, before) if before else _remove(store)
            raise


def consolidate(store: Path) -> None:
    """Keep the metadata of all arrays in one place, so that a store opens at once.

    Zarr v3 reads this everywhere; that its specification does not have it yet is no news to a user.
    """
    import zarr

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Consolidated metadata")
        zarr.consolidate_metadata(str(store))


def _remove(store: Path) -> None:
    """Remove a store whose writer has failed, and whose other threads may still be writing."""
    for _ in range(20):
        shutil.rmtree(store, ignore_errors=True)
        time.sleep(0.01)
        if not store.exists():
            break


def write_netcdf(dataset: xr.Dataset, path: str | Path) -> None:
    """Write a dataset as NetCDF, whole or not at all."""
    # In memory first: HDF5 ends the process, or says nothing of the reason, where its file cannot grow.
    content = dataset.to_netcdf(engine="h5netcdf")
    with whole(path) as partial:
        partial.write_bytes(content)


def _whole_numbers(levels: Sequence[float]) -> ndarray:
    """Levels as WeatherBench 2 has them: integers where they are whole."""
    values = np.asarray(levels)
    whole_ones = values.astype(np.int64)
    return whole_ones if np.array_equal(values, whole_ones) else values


def _level_attributes(units: str) -> dict[str, str]:
    name = "air_pressure" if units == "hPa" else "atmosphere_sigma_coordinate"
    return {"units": units, "standard_name": name, "axis": "Z", "positive": "down"}


def round_mantissa(values: ndarray, bits: int) -> ndarray:
    """Round float32 values to ``bits`` (1 to 22) mantissa bits: relative error 2^-(bits+1)."""
    shift = 23 - bits
    raw = np.ascontiguousarray(values, np.float32).view(np.uint32)
    half = np.uint32((1 << (shift - 1)) - 1) + ((raw >> np.uint32(shift)) & np.uint32(1))
    mask = np.uint32(0xFFFFFFFF ^ ((1 << shift) - 1))
    return ((raw + half) & mask).view(np.float32)


def _stored_array(states: ndarray, layout: Layout, short: str) -> xr.DataArray:
    item = variable(short)
    attributes: dict[str, Any] = {"units": item.units, "long_name": item.title}
    if short in CF_NAMES:
        attributes["standard_name"] = CF_NAMES[short]
    indices = layout.indices(short)
    if layout.channels[indices[0]].level is None:
        return xr.DataArray(
            states[:, indices[0]].astype(np.float32),
            dims=("time", "latitude", "longitude"),
            attrs=attributes,
        )
    names = [level_name(level) for level in layout.vertical.levels]
    values = np.full((states.shape[0], len(names), *layout.grid.shape), np.nan, np.float32)
    held = layout.levels_of(short)
    values[:, [names.index(level_name(level)) for level in held]] = states[:, indices]
    if len(held) < len(names):
        attributes["levels"] = json.dumps(list(held))
    return xr.DataArray(values, dims=("time", "level", "latitude", "longitude"), attrs=attributes)


def _encoding(dataset: xr.Dataset) -> dict[str, dict[str, Any]]:
    """How arrays are cut and packed: whole fields, :data:`CHUNK` leads of one forecast or times in a chunk."""
    from zarr.codecs import BloscCodec

    codec = BloscCodec(cname="zstd", clevel=1, shuffle="bitshuffle")
    leads = "prediction_timedelta"
    longest = {"time": 1, leads: CHUNK} if leads in dataset.dims else {"time": CHUNK}
    encoding: dict[str, dict[str, Any]] = {"time": TIME_ENCODING}
    for name, array in dataset.data_vars.items():
        chunks = tuple(min(size, longest.get(str(dim), size)) for dim, size in array.sizes.items())
        encoding[str(name)] = {"compressors": [codec], "chunks": chunks}
    return encoding


def _refuse_foreign(path: Path) -> None:
    """Raise if the path holds anything but a Zarr store: writing there would delete it."""
    ours = path.is_dir() and ((path / "zarr.json").exists() or not any(path.iterdir()))
    if path.exists() and not ours:
        raise FieldsError(f"{path} exists and is no Zarr store; it is left alone.")


def _cut(path: Path, keep: int) -> None:
    """Cut a store back to its first times.

    Raises:
        FieldsError: there is none, or it has fewer.
    """
    import zarr

    if not path.exists():
        raise FieldsError(f"There is no store at {path} but {keep} times were expected in it.")
    group = zarr.open_group(str(path), mode="r+")
    for name, array in group.arrays():
        if name == "time" or "time" in (array.metadata.dimension_names or ()):  # type: ignore[union-attr]
            if array.shape[0] < keep:
                raise FieldsError(f"{path} holds {array.shape[0]} times but {keep} were expected.")
            array.resize((keep, *array.shape[1:]))
