"""Tables of observations as anemoi-datasets keeps them, in Zarr or as the frames that it makes them of.

The store has a two-dimensional array `data` of single precision, a row an observation. Its columns are named by the
attributes `meta_variables`, which come first, and `variables`:

| column | means |
| --- | --- |
| __date, __time | days since 1970-01-01, and seconds of the day, UTC |
| __latitude, __longitude | degrees north, and east from 0 to 360 |
| others | whatever the recipe has called them |

A frame has `date` (a timestamp), `latitude`, `longitude` and the others. What the others are, and in which units, the
layout does not say: those with the names of our variables are read, for others a column map is needed. A column that
tells the pressure must be among them for data aloft.

Source: ECMWF, anemoi-datasets 0.5, ADR 1, "Data specification" (draft 0.1.0), and what its class `TabularResult`
writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from latentda.observations.column_names import own_columns
from latentda.observations.netcdf_table import frame_of_dataset
from latentda.observations.table import ObservationError

_PLACES = ("__date", "__time", "__latitude", "__longitude")
_DAY_SECONDS = 86_400


def is_zarr(path: Path) -> bool:
    """Whether a path is a Zarr store on disk."""
    return any((path / name).is_file() for name in ("zarr.json", ".zgroup"))


def read_zarr_table(path: Path) -> pa.Table:
    """The frame in a Zarr store: of anemoi-datasets, or of variables along one dimension as in NetCDF.

    Raises:
        ObservationError: the store is damaged, or holds fields.
    """
    import xarray as xr
    import zarr

    try:
        group = zarr.open_group(path, mode="r")
        attributes = dict(group.attrs)
        if "meta_variables" not in attributes:
            with xr.open_zarr(path, chunks=None) as dataset:
                return frame_of_dataset(dataset.load(), path)
        data = np.asarray(group["data"])
    except ObservationError:
        raise
    # Damage shows as whichever error its broken part runs into.
    except Exception as error:
        raise ObservationError(f"{path} cannot be read as Zarr: {' '.join(str(error).split())}") from error
    return _frame(data, attributes, path)


def named_frame(frame: pa.Table) -> pa.Table:
    """A frame whose time is a timestamp in `date`, as anemoi-datasets wants it, with the name of our column."""
    names = frame.column_names
    if names.count("date") != 1 or not pa.types.is_timestamp(frame.schema.field("date").type):
        return frame
    if "time" in own_columns([name for name in names if name != "date"]):
        return frame
    return frame.rename_columns(["time" if name == "date" else name for name in names])


def _frame(data: np.ndarray, attributes: Mapping[str, Any], path: Path) -> pa.Table:
    names = [*attributes["meta_variables"], *attributes.get("variables", ())]
    if data.ndim != 2 or data.shape[1] != len(names) or tuple(names[:4]) != _PLACES:
        raise ObservationError(
            f"{path} is no table of anemoi-datasets: its array data of shape {data.shape} wants the columns "
            f"{', '.join(_PLACES)} and others, and the attributes name {len(names)}"
        )
    whole = np.isfinite(data[:, :2]).all(axis=1)
    days, seconds = (np.where(whole, np.trunc(part), 0.0).astype(np.int64) for part in data[:, :2].T)
    time = np.where(whole, (days * _DAY_SECONDS + seconds).astype("datetime64[s]"), np.datetime64("NaT"))
    columns = {"time": pa.array(time), "latitude": pa.array(data[:, 2]), "longitude": pa.array(data[:, 3])}
    columns |= {name: pa.array(data[:, k], from_pandas=True) for k, name in enumerate(names) if k >= len(_PLACES)}
    return pa.table(columns)
