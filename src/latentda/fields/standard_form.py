"""Datasets as others write them, in one form: standard names, levels in hPa or sigma, every meridian once and eastward.

Nothing is read but coordinates: fields stay on disk, and their units are converted where they are read.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable

import numpy as np
import xarray as xr
from numpy import ndarray

from latentda.fields.error import FieldsError
from latentda.grid import VARIABLES
from latentda.grid.names import DIMENSIONS, FORECAST_DIMENSIONS, HEIGHT_NAMES, STANDARD_NAMES, VARIABLE_NAMES
from latentda.grid.units import conversion
from latentda.user_error import UserError

DEEPEST_HPA = 1100.0
"""No level of the atmosphere lies under so much pressure, so greater numbers are no hPa."""


def standard_form(dataset: xr.Dataset) -> xr.Dataset:
    """A dataset with our names, levels in hPa or sigma, and a circle of longitudes that is not closed twice.

    Raises:
        FieldsError: no latitudes and longitudes, or levels that are neither pressures nor sigmas.
    """
    level = name_of("level", dataset)
    dataset = _at_valid_times(_with_our_names(dataset))
    dataset = _with_levels(_with_level_dimension(dataset), level or "level")
    if not {"latitude", "longitude"} <= set(dataset.dims) & set(dataset.coords):
        raise FieldsError(f"The store lacks latitude and longitude coordinates; it has {[*dataset.dims]}.")
    return _eastward(dataset)


def _with_our_names(dataset: xr.Dataset) -> xr.Dataset:
    names = {found: ours for ours in DIMENSIONS if (found := name_of(ours, dataset)) and found != ours}
    # A scalar `time` beside a dimension `valid_time` is the start of a forecast.
    dataset = dataset.drop_vars([ours for ours in names.values() if ours in dataset.coords])
    taken = {*dataset.variables, *dataset.dims}
    for old, new in VARIABLE_NAMES.items():
        if old in dataset.data_vars and new not in taken and new not in names.values():
            names[old] = new
    dataset = dataset.rename(names)
    heights = [str(names[name]) for name in HEIGHT_NAMES & names.keys()]
    metres = {name: _in_geopotential_metres(dataset[name]) for name in heights}
    return dataset.assign(metres) if metres else dataset


def _at_valid_times(dataset: xr.Dataset) -> xr.Dataset:
    """Forecasts filed under their starts, as cfgrib writes them, under the times at which they are valid."""
    if "valid_time" not in dataset.coords or dataset["valid_time"].dims != ("time",):
        return dataset
    valid = dataset["valid_time"]
    return dataset.drop_vars("valid_time").assign_coords(time=("time", valid.values, valid.attrs))


def _in_geopotential_metres(height: xr.DataArray) -> xr.DataArray:
    """A height is called one by its name, so that its metres are geopotential metres."""
    units = str(height.attrs.get("units", "m")).strip()
    return (
        height.assign_attrs(units="gpm") if units.casefold() in ("m", "metre", "meter", "metres", "meters") else height
    )


def name_of(ours: str, dataset: xr.Dataset) -> str | None:
    """What a dataset calls one of our dimensions: by its name, or by what its coordinate says of itself."""
    known = (ours, *{**DIMENSIONS, **FORECAST_DIMENSIONS}[ours])
    along = [name for name in known if name in dataset.dims]
    said = [str(dim) for dim in dataset.dims if dim in dataset.coords and _says(dataset[dim], ours)]
    scalar = [name for name in known if name in dataset.coords and not dataset[name].ndim]
    return next(iter([*along, *said, *scalar]), None)


def _says(coordinate: xr.DataArray, ours: str) -> bool:
    units = str(coordinate.attrs.get("units", ""))
    poleward = {"latitude": ("degrees_north", "degree_north"), "longitude": ("degrees_east", "degree_east")}
    return coordinate.attrs.get("standard_name") in STANDARD_NAMES[ours] or units in poleward.get(ours, ())


def _with_level_dimension(dataset: xr.Dataset) -> xr.Dataset:
    """A store of one level keeps it as a scalar; give its upper-air variables the dimension."""
    if "level" not in dataset.coords or dataset["level"].ndim:
        return dataset
    upper = [v.stored for v in VARIABLES.values() if v.has_levels and v.stored in dataset.data_vars]
    surface = dataset.drop_vars(["level", *upper])
    return surface.assign({name: dataset[name].expand_dims("level") for name in upper})


def _with_levels(dataset: xr.Dataset, name: str) -> xr.Dataset:
    """Levels in hPa or sigma, with these units."""
    if "level" not in dataset.dims:
        return dataset
    if "level" not in dataset.coords or not np.issubdtype(dataset["level"].dtype, np.number):
        raise FieldsError(
            f"The store's levels, the dimension {name}, have no numbers; write pressures or sigmas there."
        )
    attributes = dataset["level"].attrs
    if any("hybrid" in str(attributes.get(key, "")).lower() for key in ("standard_name", "long_name")):
        raise FieldsError(f"The store's levels {name} are hybrid ones; interpolate to pressure or sigma levels first.")
    values = dataset["level"].values.astype(float)
    given = str(attributes.get("units", "")).strip()
    units = given or _guessed_units(values, name)
    if units in ("hPa", "sigma"):
        converted, ours = values, units
    else:
        converted, ours = _converted_levels(values, units, name)
    if given == ours:
        return dataset
    return dataset.assign_coords(level=("level", converted, {**attributes, "units": ours}))


def _converted_levels(values: ndarray, units: str, name: str) -> tuple[ndarray, str]:
    for ours, wanted in (("hPa", "hPa"), ("sigma", "1")):
        try:
            given = "1" if units in ("sigma_level", "level") else units
            # Rounded, since 0.01 has no end in binary: 57500 Pa are 575 hPa.
            return np.round(conversion(given, wanted)(values), 6), ours
        except UserError:
            continue
    raise FieldsError(
        f"The store's levels {name}, {_listed(values)}, are in '{units}'; pressures or sigmas (units '1') are wanted."
    )


def _guessed_units(values: ndarray, name: str) -> str:
    """Units of levels that say none: hPa as in WeatherBench 2, Pa where the numbers are too great for that."""
    if name == "sigma":
        return "sigma"
    if name.endswith("InPa"):
        return "Pa"
    numbers = np.array_equal(np.sort(values), np.arange(1, len(values) + 1)) and len(values) > 1
    if values.max() <= 1.0 or numbers:
        raise FieldsError(
            f"The store's levels {name}, {_listed(values)}, have no units and look like no pressures; write the "
            f"attribute units, 'hPa' or 'Pa', or '1' for sigmas between 0 and 1."
        )
    if values.max() <= DEEPEST_HPA:
        return "hPa"
    warnings.warn(
        f"The store's levels {name}, {_listed(values)}, have no units and are taken for Pa; write the attribute "
        f"units ('Pa' or 'hPa') to say what they are.",
        UserWarning,
        stacklevel=2,
    )
    return "Pa"


def _listed(values: Iterable[float]) -> str:
    texts = [f"{value:g}" for value in values]
    return ", ".join(texts if len(texts) < 6 else [*texts[:3], "...", texts[-1]])


def _eastward(dataset: xr.Dataset) -> xr.Dataset:
    """Longitudes that increase, each meridian once; the fields are only cut or turned round, never interpolated."""
    longitude = dataset["longitude"].values.astype(float)
    if longitude.size < 2 or not np.isfinite(longitude).all():
        return dataset
    if (np.diff(longitude) < 0).all():
        dataset, longitude = dataset.isel(longitude=slice(None, None, -1)), longitude[::-1]
    east = _unwound(longitude)
    steps = np.diff(east)
    same = 0.01 * float(np.median(steps))
    if steps.min() < -same:
        return dataset  # in no order: the grid says so
    once = np.concatenate([[True], steps > same]) & (east < east[0] + 360.0 - same)
    if not once.all():
        dataset, longitude, east = dataset.isel(longitude=np.flatnonzero(once)), longitude[once], east[once]
    if np.array_equal(east, longitude):
        return dataset
    if east[-1] >= 360.0:
        east = east - 360.0
    return dataset.assign_coords(longitude=("longitude", east, dataset["longitude"].attrs))


def _unwound(longitude: ndarray) -> ndarray:
    """The same meridians, without the jump from 359 to 0 or from 180 to -180."""
    jumps = np.diff(longitude) < 0
    if jumps.sum() != 1 or longitude[-1] > longitude[0] + 1e-6:
        return longitude
    return longitude + 360.0 * np.concatenate([[0], np.cumsum(jumps)])
