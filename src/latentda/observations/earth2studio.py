"""Observation frames of earth2studio: theirs into our tables, our tables into theirs.

A frame is a pandas data frame of Arrow types. Long, it has a row a datum with `variable` and `observation`; wide, a
column a variable. Columns of both that are not ours, or mean something else there:

| theirs | means | ours |
| --- | --- | --- |
| elev | height of the datum (m), of refractivity the geometric one | height, aloft where there is no pressure |
| station_elev | height of the station | elev |
| pres | pressure (Pa) that locates the datum | pres |
| quality | prepBUFR mark; of radio occultation the flags 0 33 039 | quality |
| variable pres | pressure at the station | sp |
| variable gps_refractivity | refractivity | n |
| t, q, u, v of types 180-199, 280-299 | as NCEP's prepBUFR has stations | t2m, q2m, u10m, v10m |

Whether `t` is the virtual temperature, as the latest event of a prepBUFR file often has it, their frames do not tell:
it is taken for the sensible one. Bending angles and radiances have no place in our table and are left out.

Source: NVIDIA, earth2studio 0.19, `E2STUDIO_SCHEMA` and `NCEP_CONVENTIONAL_PUBLIC_SCHEMA`; release notes of 0.20, by
which all columns are Arrow's and texts dictionaries. What else its wide frames hold is kept as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Bool
from numpy import ndarray

from latentda.observations.cells import read_numbers, read_texts
from latentda.observations.gnssro import BAD_MARK, NOT_NOMINAL, geometric_height, geopotential_height
from latentda.observations.table import UPPER_AIR_VARIABLES, VARIABLES, column, select, used
from latentda.observations.wide_table import wide_table

if TYPE_CHECKING:
    import pandas as pd

_NEAR_SURFACE = {"t": "t2m", "q": "q2m", "u": "u10m", "v": "v10m", "td": "d2m", "ws": "ws10m"}
_ALOFT = {near: aloft for aloft, near in _NEAR_SURFACE.items()} | {"sp": "pres"}
_NAMES = {"pres": "sp", "gps_refractivity": "n"}
_PLACES = ("time", "pres", "elev", "type", "class", "lat", "lon", "station", "station_elev", "quality", "source")


def is_earth2studio(names: Sequence[str]) -> bool:
    """Whether columns are those of an earth2studio frame."""
    return {"time", "lat", "lon", "station_elev"} <= set(names)


def own_frame(frame: pa.Table) -> pa.Table:
    """An earth2studio frame, long or wide, with the names and meanings of our columns."""
    frame = frame if "observation" in frame.column_names else _long(frame)
    numbers = {name: _numbers(frame, name) for name in ("type", "lat", "pres", "elev", "station_elev", "quality")}
    names = np.asarray(read_texts(frame["variable"]).to_numpy(zero_copy_only=False), dtype=object)
    variable = _variables(names, numbers["type"])
    refractivity = variable == "n"
    level = numbers["elev"]
    level = np.where(refractivity, geopotential_height(level, numbers["lat"]), level)
    aloft = np.isin(variable.astype(str), UPPER_AIR_VARIABLES) & np.isnan(numbers["pres"])
    flags = np.nan_to_num(numbers["quality"]).astype(np.int64)
    mark = np.where(refractivity, np.where(flags & NOT_NOMINAL, BAD_MARK, np.nan), numbers["quality"])
    station = numbers["station_elev"]
    return _with(
        frame,
        variable=pa.array(variable, pa.string()),
        elev=_nullable(np.where(np.isnan(station) & ~aloft, numbers["elev"], station)),
        height=_nullable(np.where(aloft, level, np.nan)),
        quality=_nullable(mark),
        pres=_nullable(numbers["pres"]),
    )


def to_earth2studio(
    table: pa.Table, layout: Literal["long", "wide"] = "long", *, prepbufr_names: bool = False
) -> pd.DataFrame:
    """The used data of an observation table as an earth2studio frame.

    Args:
        table: the data; those that are not used are left out, since such a frame has no place for a verdict.
        layout: a row a datum, with our `error` as a further column; or a column a variable.
        prepbufr_names: whether stations' variables are called as in earth2studio's prepBUFR sources (t, q, u, v, pres),
            told from those aloft by `type`, and not t2m, q2m, u10m, v10m, sp. Of long frames only.
    """
    import pandas as pd

    kept = select(table, used(table))
    name = np.asarray(column(kept, "variable"), dtype=object)
    height, latitude = column(kept, "height").astype(np.float64), column(kept, "lat").astype(np.float64)
    level = np.where(name == "n", geometric_height(height, latitude), height)
    shown = {"n": "gps_refractivity"} | (_ALOFT if prepbufr_names and layout == "long" else {})
    frame = _with(
        kept,
        station_elev=kept["elev"],
        elev=pa.array(level.astype(np.float32), from_pandas=True),
        quality=pc.cast(kept["quality"], pa.uint16()),
        variable=pa.array([shown.get(one, one) for one in name], pa.string()),
    )
    frame = frame.select([*_PLACES, "observation", "variable", *(["error"] if layout == "long" else [])])
    if layout == "wide":
        frame = wide_table(frame)
    texts = [one.name for one in frame.schema if pa.types.is_string(one.type)]
    frame = _with(frame, **{text: pc.dictionary_encode(frame[text]) for text in texts})
    mapper: Callable[[pa.DataType], object] = pd.ArrowDtype
    return frame.to_pandas(types_mapper=mapper)


def _long(frame: pa.Table) -> pa.Table:
    """A row a datum of a wide frame: of pressures only stations', since of all else they are the place."""
    surface = _of_stations(_numbers(frame, "type"))
    parts = []
    for name in [one for one in frame.column_names if one in (*VARIABLES, *_NAMES)]:
        values = _numbers(frame, name)
        there = ~np.isnan(values) & (surface if name == "pres" else True)
        rows = select(frame, there)
        rows = rows.drop_columns([one for one in rows.column_names if one in (*VARIABLES, *_NAMES) and one != "pres"])
        rows = rows.append_column("observation", pa.array(values[there]))
        parts.append(rows.append_column("variable", pa.array([name] * rows.num_rows, pa.string())))
    empty = frame.schema.empty_table().append_column("observation", pa.array([], pa.float64()))
    return pa.concat_tables(parts) if parts else empty.append_column("variable", pa.array([], pa.string()))


def _variables(names: ndarray, kind: ndarray) -> ndarray:
    """Our names of their variables."""
    near = _of_stations(kind)
    found = [_NEAR_SURFACE.get(name, name) if at else name for name, at in zip(names, near, strict=True)]
    return np.array([_NAMES.get(name, name) for name in found], dtype=object)


def _of_stations(kind: ndarray) -> Bool[ndarray, " row"]:
    """Which NCEP report types are of the ground."""
    return ((kind >= 180) & (kind < 200)) | ((kind >= 280) & (kind < 300))


def _numbers(frame: pa.Table, name: str) -> ndarray:
    if name not in frame.column_names:
        return np.full(frame.num_rows, np.nan)
    return read_numbers(frame[name]).values


def _nullable(values: ndarray) -> pa.Array:
    return pa.array(values, from_pandas=True)


def _with(frame: pa.Table, **columns: pa.Array) -> pa.Table:
    """A frame with columns replaced or added; pressures say that they are in Pa."""
    for name, values in columns.items():
        one = pa.field(name, values.type, metadata={"units": "Pa"} if name == "pres" else None)
        at = frame.schema.get_field_index(name)
        frame = frame.append_column(one, values) if at < 0 else frame.set_column(at, one, values)
    return frame
