"""Writer of IODA files, version 3 of JEDI's layout: a Location a place, a group a purpose.

| group | what is written |
| --- | --- |
| MetaData | latitude, longitude, dateTime, pressure, height, stationElevation, stationIdentification |
| ObsValue, ObsError | y and its error standard deviation, as far as it is known |
| EffectiveError | the same of data in use, missing for others |
| PreQC, ObsType | prepBUFR quality marks, NCEP report types |
| EffectiveQC | 0 of data in use, else UFO's flag of the check that refused them, see `QC_FLAGS` |
| hofx, ombg, oman | of feedback: H(x_b), y - H(x_b), y - H(x_a) |
| BackgroundError, Weight, Verdict | of our own: s_b, the weight of variational quality control, the verdict in words |

Names and units are the convention's (`ioda_names`): geopotential heights in m, all else in SI. Data of one time, place,
height, station and class share a Location. Of refractivity `height` is the geometric one, as the reader expects;
a message class has no place in IODA and is told again by the report type.

Source: JCSDA, "JEDI documentation", chapter "Conventions", and UFO's `QCflags.h` for the flags. JEDI itself has not
been run on such a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5netcdf
import numpy as np
import pyarrow as pa
from numpy import ndarray

from latentda.files import whole
from latentda.observations.gnssro import geometric_height
from latentda.observations.ioda_names import USED, ioda_name
from latentda.observations.table import column, used
from latentda.observations.wide_table import place_numbers

FILL, WHOLE_FILL = np.float32(-3.3687953e38), np.int32(-2_147_483_643)
"""JEDI's missing values of single precision and of whole numbers."""
QC_FLAGS = {
    "missing": 10,
    "quality_mark": 11,
    "range": 12,
    "outside_window": 13,
    "position": 13,
    "not_assimilated": 14,
    "blacklist": 14,
    "withheld": 1,
    "no_equivalent": 15,
    "thinned": 16,
    "superobbed": 16,
    "duplicate": 16,
    "first_guess": 19,
    "hydrostatic": 24,
    "lapse_rate": 24,
    "wind_shear": 24,
}
"""UFO's flags by our verdicts; 1 is passive, 11 rejected before the analysis, which all other verdicts are."""
_REJECTED = 11
_EPOCH = "seconds since 1970-01-01T00:00:00Z"
_PLACE = ("time", "lat", "lon", "elev", "pres", "height", "station", "class")


def write_ioda(table: pa.Table, path: str | Path) -> None:
    """Write an observation table, or feedback, as IODA; a reader sees the old file or the whole new one.

    Raises:
        UserError: the file cannot be written.
    """
    refractivity = pa.array(np.asarray(column(table, "variable") == "n"))
    keyed = table.select([*_PLACE, "variable"]).append_column("geometric", refractivity)
    place, first = place_numbers(keyed, [*_PLACE, "geometric"]) if table.num_rows else (np.zeros(0, int),) * 2
    with whole(path) as partial, h5netcdf.File(partial, "w") as file:
        file.attrs.update({"_ioda_layout": "ObsGroup", "_ioda_layout_version": np.int32(0), "source": "latentda"})
        file.dimensions = {"Location": len(first)}
        _write(file, "Location", np.arange(len(first), dtype=np.int32))
        _metadata(file, keyed.take(pa.array(first)))
        variables = np.asarray(column(table, "variable"), dtype=object)
        for variable in dict.fromkeys(variables.tolist()):
            rows = np.flatnonzero(variables == variable)
            _variable(file, variable, table.take(pa.array(rows)), place[rows], len(first))


def _metadata(file: h5netcdf.File, places: pa.Table) -> None:
    latitude, height = column(places, "lat"), column(places, "height").astype(np.float64)
    height = np.where(column(places, "geometric"), geometric_height(height, latitude.astype(np.float64)), height)
    seconds = column(places, "time").astype("datetime64[s]").astype(np.int64)
    texts = np.asarray(column(places, "station"), dtype=object)
    for name, values, unit in (
        ("latitude", latitude, "degrees_north"),
        ("longitude", column(places, "lon"), "degrees_east"),
        ("dateTime", seconds, _EPOCH),
        ("pressure", column(places, "pres"), "Pa"),
        ("height", height, "m"),
        ("stationElevation", column(places, "elev"), "m"),
        ("stationIdentification", texts, ""),
    ):
        _write(file, f"MetaData/{name}", values, unit)


def _variable(file: h5netcdf.File, variable: str, rows: pa.Table, place: ndarray, count: int) -> None:
    """The groups of one variable; places without it are missing."""
    name, meaning = ioda_name(variable)
    for group, values in _groups(rows).items():
        unitless = group in ("PreQC", "ObsType", "EffectiveQC", "Weight", "Verdict")
        if values.dtype.kind == "f" and not unitless:
            values = values / meaning.scale
        fill = "" if values.dtype == object else WHOLE_FILL if values.dtype.kind == "i" else np.nan
        spread = np.full(count, fill, dtype=values.dtype)
        spread[place] = values
        _write(file, f"{group}/{name}", spread, "" if unitless else meaning.unit)


def _groups(rows: pa.Table) -> Mapping[str, ndarray]:
    """What there is to write of the data of a variable, by group."""
    value, error, kept = (column(rows, name) for name in ("observation", "error", "used"))
    kept = kept.astype(bool)
    verdict = np.asarray(column(rows, "verdict"), dtype=object)
    flags = [0 if use else QC_FLAGS.get(said, _REJECTED) for use, said in zip(used(rows), verdict, strict=True)]
    groups: dict[str, ndarray] = {
        "ObsValue": value,
        "ObsError": error,
        "EffectiveError": np.where(kept, error, np.float32(np.nan)),
        "PreQC": column(rows, "quality").astype(np.int32),
        "ObsType": column(rows, "type").astype(np.int32),
        "EffectiveQC": np.array(flags, dtype=np.int32),
        "Verdict": np.where(kept, USED, np.where(verdict == "", "refused", verdict)).astype(object),
    }
    if "background" in rows.column_names:
        groups |= {"hofx": column(rows, "background"), "ombg": value - column(rows, "background")}
    if "analysis" in rows.column_names:
        groups["oman"] = value - column(rows, "analysis")
    own = {"background_error": "BackgroundError", "weight": "Weight"}
    return groups | {group: column(rows, name) for name, group in own.items() if name in rows.column_names}


def _write(file: h5netcdf.File, name: str, values: ndarray, unit: str = "") -> None:
    options: dict[str, Any] = {"fillvalue": WHOLE_FILL if values.dtype == np.int32 else None}
    if values.dtype.kind == "f":
        values = np.where(np.isfinite(values), values, FILL).astype(np.float32)
        options["fillvalue"] = FILL
    dtype = h5netcdf.core.h5py.string_dtype() if values.dtype == object else values.dtype
    variable = file.create_variable(name, ("Location",), dtype, data=values, **options)
    if unit:
        variable.attrs["units"] = unit
