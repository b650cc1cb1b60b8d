"""GRIB files: the messages that make a state, of whatever types of levels the file holds.

A variable of the upper air is taken from pressure levels, one of the surface from where it is; anything else, such as
wind 80 m above the ground or temperature at the tropopause, is left alone. Nothing is written beside the file.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import xarray as xr

from latentda.fields.error import FieldsError
from latentda.grid import BY_STORED_NAME
from latentda.grid.names import VARIABLE_NAMES

_PRESSURES = ("isobaricInhPa", "isobaricInPa")
_SURFACE_GEOPOTENTIAL = {"z": "PHIS", "orog": "orog", "gh": "orog"}
"""What fields of these names are at the surface: its geopotential or its height."""


def open_grib(path: Path, *, forecasts: bool = False) -> xr.Dataset:
    """The fields of a GRIB file as one dataset, lazily.

    Args:
        path: the file.
        forecasts: keep the starts and steps of forecasts, instead of filing them under the times at which they are
            valid.

    Raises:
        FieldsError: cfgrib is missing, no message is of a known variable, or variables have unlike times.
    """
    if find_spec("cfgrib") is None:
        raise FieldsError(f"{path} is GRIB, which needs cfgrib: pip install 'latentda[grib]'.")
    from cfgrib.xarray_store import open_variable_datasets

    with _index() as index:
        options = {"indexpath": index, "squeeze": False}
        found = open_variable_datasets(str(path), backend_kwargs=options, decode_timedelta=False)
    arrays = [_renamed(array) for dataset in found for array in dataset.data_vars.values()]
    kept = [array for array in arrays if _belongs(array)]
    if not kept:
        raise FieldsError(f"{path} holds no field of a known variable; it has {_described(arrays)}.")
    return _together(kept, path, forecasts)


@contextmanager
def _index() -> Iterator[str]:
    """Where cfgrib may keep its index while it opens the variables one after another: never beside the data."""
    try:
        folder = TemporaryDirectory(prefix="latentda-index-")
    except OSError:
        yield ""  # none: the file is gone through once a variable
        return
    with folder as name:
        yield f"{name}/{{short_hash}}.idx"


def _renamed(array: xr.DataArray) -> xr.DataArray:
    name = str(array.name)
    if _level_type(array) == "surface":
        return array.rename(_SURFACE_GEOPOTENTIAL.get(name, name))
    return array


def _belongs(array: xr.DataArray) -> bool:
    """Whether a field is a variable of ours where that variable lives."""
    known = BY_STORED_NAME.get(VARIABLE_NAMES.get(str(array.name), str(array.name)))
    return known is not None and (_level_type(array) in _PRESSURES or not known.has_levels)


def _level_type(array: xr.DataArray) -> str:
    return str(array.attrs.get("GRIB_typeOfLevel", ""))


def _described(arrays: Sequence[xr.DataArray]) -> str:
    return ", ".join(sorted({f"{array.name} ({_level_type(array)})" for array in arrays})) or "nothing"


def _together(arrays: Sequence[xr.DataArray], path: Path, forecasts: bool) -> xr.Dataset:
    """One dataset of all fields; where variables have unlike levels, each says which ones it has."""
    alike: dict[str, list[xr.DataArray]] = {}
    for array in sorted(arrays, key=lambda array: array.attrs.get("GRIB_stepType") != "instant"):
        alone = _without_single(array)
        timed = alone.drop_vars("valid_time", errors="ignore") if forecasts else _valid_times(alone)
        alike.setdefault(str(array.name), []).append(_in_hectopascals(timed))
    chosen = {name: _one(found, path) for name, found in alike.items()}
    levels = {name: array["isobaricInhPa"].values for name, array in chosen.items() if "isobaricInhPa" in array.dims}
    every = sorted({float(level) for held in levels.values() for level in held}, reverse=True)
    for name, held in levels.items():
        if not np.array_equal(held, every):
            attributes = {**chosen[name].attrs, "levels": json.dumps(sorted(map(float, held)))}
            chosen[name] = chosen[name].reindex(isobaricInhPa=every).assign_attrs(attributes)
    try:
        return xr.merge(chosen.values(), join="exact", compat="override", combine_attrs="override")
    except ValueError as error:
        raise FieldsError(f"{path} holds variables of unlike times or grids; keep one kind a file: {error}") from error


def _one(arrays: Sequence[xr.DataArray], path: Path) -> xr.DataArray:
    """One array of those of a name: their levels together, or the first of several kinds, which is said."""
    held = [set(array["isobaricInhPa"].values.tolist()) if "isobaricInhPa" in array.dims else set() for array in arrays]
    if all(held) and sum(map(len, held)) == len(set[float]().union(*held)):
        return (
            arrays[0]
            if len(arrays) == 1
            else xr.concat(arrays, "isobaricInhPa", join="exact", combine_attrs="override")
        )
    if len(arrays) > 1:
        kinds = ", ".join(f"{array.attrs.get('GRIB_stepType')} on {_level_type(array)}" for array in arrays)
        warnings.warn(
            f"{path} has {arrays[0].name} more than once ({kinds}); the first is taken.", UserWarning, stacklevel=2
        )
    return arrays[0]


def _in_hectopascals(array: xr.DataArray) -> xr.DataArray:
    if "isobaricInPa" not in array.dims:
        return array
    array = array.rename(isobaricInPa="isobaricInhPa")
    values = np.round(0.01 * array["isobaricInhPa"].values, 6)
    return array.assign_coords(isobaricInhPa=("isobaricInhPa", values, {"units": "hPa"}))


def _without_single(array: xr.DataArray) -> xr.DataArray:
    """Without dimensions of one entry, but for levels and times, and without what only describes a level."""
    single = [d for d in array.dims if array.sizes[d] == 1 and d not in (*_PRESSURES, "time", "latitude", "longitude")]
    array = array.squeeze(single)
    kept = {"time", "step", "valid_time", "latitude", "longitude", *_PRESSURES, *array.dims}
    return array.drop_vars([name for name in array.coords if name not in kept])


def _valid_times(array: xr.DataArray) -> xr.DataArray:
    """Along the times at which states are valid, where they are forecasts."""
    if "valid_time" not in array.coords:
        return array
    valid = array["valid_time"]
    if array.sizes.get("time") == 1 and "step" in array.dims:
        array = array.isel(time=0, drop=True).drop_vars("valid_time")
        return array.rename(step="time").assign_coords(time=np.ravel(valid.values))
    if "time" in array.dims and "step" not in array.dims:
        times = np.reshape(valid.values, array.sizes["time"])
        return array.drop_vars(["valid_time", "step"], errors="ignore").assign_coords(time=times)
    return array
