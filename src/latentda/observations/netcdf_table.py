"""Tables of observations in NetCDF or xarray: variables along one dimension, or along stations and levels.

Every entry of the variables that run along the most dimensions is a row; what runs along fewer of them (a station's
name, its latitude) is repeated. Units are those of the attribute `units`, times are decoded as CF conventions have it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import pyarrow as pa

from latentda.observations.column_names import own_columns
from latentda.observations.table import ObservationError

if TYPE_CHECKING:
    import xarray as xr

_HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"
_LARGEST = 200_000_000
"""Rows of a table, beyond which the variables are taken to be fields."""


def is_ioda(file: Path) -> bool:
    """Whether HDF5 has the groups of IODA; also where it is too damaged to tell, for IODA's reader to say."""
    try:
        with h5py.File(file, "r") as content:
            return "MetaData" in content
    # HDF5 reports damage by whichever error its broken part runs into.
    except Exception:
        return True


def read_netcdf_table(file: Path, named: Path) -> pa.Table:
    """The frame in a NetCDF file.

    Args:
        file: to read.
        named: the user's path, to speak of in errors.

    Raises:
        ObservationError: the file is damaged, or holds fields.
    """
    import xarray as xr

    with file.open("rb") as stream:
        engine: Any = "h5netcdf" if stream.read(8) == _HDF5_MAGIC else "scipy"
    try:
        with xr.open_dataset(file, engine=engine) as dataset:
            return frame_of_dataset(dataset.load(), named)
    except ObservationError:
        raise
    # Damage shows as whichever error its broken part runs into.
    except Exception as error:
        text = " ".join(str(error).split())
        raise ObservationError(f"{named} cannot be read as NetCDF: {text}") from error


def frame_of_dataset(dataset: xr.Dataset, named: Path) -> pa.Table:
    """A dataset's variables as columns, with their units as metadata of the fields.

    Raises:
        ObservationError: the dataset holds fields on a grid, or nothing.
    """
    dataset = dataset.drop_vars([name for name in dataset.data_vars if not isinstance(name, str)])
    names = [str(name) for name in dataset.variables]
    own = own_columns(names)
    if own.get("lat") in dataset.dims and own.get("lon") in dataset.dims:
        raise ObservationError(f"{named} holds fields on a grid, not a table of observations")
    longest = max((dataset[name].dims for name in names), key=len, default=())
    size = 1
    for dim in longest:
        size *= dataset.sizes[dim]
    if not longest or size > _LARGEST:
        along = ", ".join(map(str, longest)) or "nothing"
        raise ObservationError(f"{named} holds no table of observations: its variables run along {along}")
    kept = [name for name in names if set(dataset[name].dims) <= set(longest)]
    frame = dataset[kept].to_dataframe(dim_order=list(longest)).reset_index()
    columns = [name for name in frame.columns if name in kept]
    table = pa.Table.from_pandas(_decoded(frame[columns]), preserve_index=False)
    units = {name: str(dataset[name].attrs.get("units", "")) for name in columns}
    fields = [field.with_metadata({"units": units[field.name]} if units[field.name] else {}) for field in table.schema]
    return table.cast(pa.schema(fields))


def _decoded(frame: Any) -> Any:
    """Texts in bytes as texts."""
    for name in frame.columns:
        values = frame[name]
        if values.dtype == object and len(values) and isinstance(values.iloc[0], bytes):
            frame = frame.assign(**{name: values.str.decode("utf-8", "replace").str.strip("\x00 ")})
    return frame
