"""Opening of files and of stores behind URLs, as they are: Zarr, NetCDF, GRIB."""

from __future__ import annotations

import re
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import xarray as xr

from latentda.fields.error import FieldsError
from latentda.fields.grib import open_grib

Location = str | Path
"""Where a store is: a path, or a URL such as ``gs://bucket/era5.zarr`` of a file system that fsspec knows."""

_GRIB = (".grib", ".grb", ".grib2", ".grb2", ".grib1", ".grb1")
_NETCDF = (".nc", ".nc4", ".netcdf", ".h5", ".hdf5", ".cdf")


def located(location: Location) -> Location:
    """A path, or a URL as text; a URL that went through :class:`~pathlib.Path` gets its second slash back."""
    text = str(location)
    if re.match(r"[a-z][a-z0-9+.-]+:(:|/)", text, re.IGNORECASE) is None:
        return Path(location)
    text = re.sub(r"^([a-z][a-z0-9+.-]+):/(?!/)", lambda m: f"{m[1]}://{'/' * (m[1] == 'file')}", text)
    if isinstance(location, Path):
        text = re.sub(r"(?<=[a-z0-9]):/(?!/)", "://", text, flags=re.IGNORECASE)
    return text


def open_raw(location: Location, *, forecasts: bool = False) -> xr.Dataset:
    """Open a store lazily, with the names that it has.

    Args:
        location: where it is.
        forecasts: see :func:`~latentda.fields.grib.open_grib`.

    Raises:
        FieldsError: there is none, it is of no kind that can be read, or a package is missing that would read it.
    """
    found = located(location)
    if isinstance(found, Path) and not found.exists():
        raise FieldsError(f"There is no store at {found}.")
    try:
        return _open_file(found, forecasts) if isinstance(found, Path) else _open_url(found)
    except FieldsError:
        raise
    except FileNotFoundError as error:
        raise FieldsError(f"There is no store at {found}.") from error
    except Exception as error:
        raise FieldsError(f"{found} is no Zarr, NetCDF or GRIB store that can be read: {error}") from error


def _open_file(path: Path, forecasts: bool) -> xr.Dataset:
    if path.suffix.lower() in _GRIB or (path.is_file() and _begins_as_grib(path)):
        return open_grib(path, forecasts=forecasts)
    if path.is_dir():
        return xr.open_zarr(path, chunks=None, consolidated=False, decode_timedelta=False)
    return xr.open_dataset(path, decode_timedelta=False)


def _begins_as_grib(path: Path) -> bool:
    """Whether a file is GRIB, whatever its name: operational ones end like ``.f006``."""
    with path.open("rb") as file:
        return file.read(4) == b"GRIB"


def _open_url(url: str) -> xr.Dataset:
    if find_spec("fsspec") is None:
        raise FieldsError(f"{url} needs the package fsspec: pip install fsspec.")
    ending = Path(url.split("?")[0]).suffix.lower()
    if ending in _GRIB:
        raise FieldsError(f"{url} is GRIB, which is read from a disk only; copy the file and give its path.")
    system, place = _file_system(url)
    if not system.exists(place) and not url.startswith("http"):
        raise FieldsError(f"There is no store at {url}.")
    if ending in _NETCDF:
        return xr.open_dataset(system.open(place), engine="h5netcdf", decode_timedelta=False)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Failed to open Zarr store with consolidated", RuntimeWarning)
        return xr.open_zarr(url, chunks=None, decode_timedelta=False)


def _file_system(url: str) -> tuple[Any, str]:
    """The file system of a URL and the place in it.

    Raises:
        FieldsError: nothing that is installed can read such a URL.
    """
    import fsspec

    try:
        return fsspec.core.url_to_fs(url)
    except (ImportError, ValueError) as error:
        said = str(error).removesuffix(".")
        raise FieldsError(f"{url} cannot be read with what is installed: {said}.") from error
