"""The observation table: one long Arrow table, a row a datum.

Every reader returns this table, every check and every batch takes it. The leading columns follow the observation schema
of earth2studio (time, lat, lon, elev, pres, observation, variable, type, class, source, station, quality); `error`,
`obs_id`, `used` and `verdict` are ours. Units are SI throughout:

| variable | meaning | unit |
| --- | --- | --- |
| t, q, u, v | sensible temperature, specific humidity, wind | K, kg/kg, m/s |
| tv, td, ws | virtual temperature, dew point, wind speed | K, K, m/s |
| z | geopotential | m2/s2 |
| n | refractivity, 10^6 (index of refraction - 1) | 1 |
| sp | pressure at the station's height `elev` | Pa |
| t2m, q2m, d2m | temperature, specific humidity and dew point near the surface | K, kg/kg, K |
| u10m, v10m, ws10m | wind and wind speed near the surface | m/s |
| tcwv | precipitable water of the column | kg/m2 |
| msl | pressure reduced to mean sea level | Pa |

The upper-air variables (down to n) are located by `pres`, or where that is null by `height`, their own height above sea
level. A datum is in the analysis when `used` is true; otherwise `verdict` names the check that refused it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from latentda.files import whole
from latentda.observations.judgement import Fault, judged
from latentda.user_error import UserError

UPPER_AIR_VARIABLES = ("t", "q", "u", "v", "z", "tv", "td", "ws", "n")
SURFACE_VARIABLES = ("sp", "t2m", "q2m", "u10m", "v10m", "d2m", "ws10m", "tcwv", "msl")
VARIABLES = UPPER_AIR_VARIABLES + SURFACE_VARIABLES
"""All variables a table may hold; a batch stores an index into this tuple."""

SCHEMA = pa.schema(
    [
        pa.field("time", pa.timestamp("ns"), nullable=False),  # UTC
        pa.field("lat", pa.float32(), nullable=False),  # degrees north
        pa.field("lon", pa.float32(), nullable=False),  # degrees east, 0 <= lon < 360
        pa.field("elev", pa.float32()),  # height of the station, m
        pa.field("pres", pa.float32()),  # Pa; null where the datum has no pressure of its own
        pa.field("height", pa.float32()),  # geopotential height of a datum without pressure, m
        pa.field("observation", pa.float32(), nullable=False),  # SI
        pa.field("variable", pa.string(), nullable=False),
        pa.field("type", pa.uint16(), nullable=False),  # NCEP report type, for example 120
        pa.field("class", pa.string(), nullable=False),  # NCEP message type, for example ADPUPA
        pa.field("source", pa.string(), nullable=False),
        pa.field("station", pa.string(), nullable=False),
        pa.field("quality", pa.uint8(), nullable=False),  # prepBUFR mark: 0-3 good, 4-15 not
        pa.field("error", pa.float32()),  # observation error standard deviation, SI
        pa.field("obs_id", pa.int64(), nullable=False),  # row number in file order
        pa.field("used", pa.bool_(), nullable=False),
        pa.field("verdict", pa.string(), nullable=False),  # "" or the check that refused the row
    ]
)

_REQUIRED = ("time", "lat", "lon", "observation", "variable")
MOST_BAD = 0.9
"""If more of a column is bad, the column is wrong, not its rows."""
DEFAULTS: dict[str, Any] = {
    **dict.fromkeys(("elev", "pres", "height", "error")),
    **dict.fromkeys(("class", "source", "station", "verdict"), ""),
    **{"type": 0, "quality": 2, "used": True},
}
"""Values of the columns that a table need not bring."""


class ObservationError(UserError):
    """Observations that cannot be read or used; the message is one sentence for the user."""


def table_from_columns(columns: Mapping[str, Any], most_bad: float = MOST_BAD) -> pa.Table:
    """Build an observation table from columns, filling in what is missing.

    A row that cannot be (`judgement`: no place on the globe, no number, an error that is not positive) is not used and
    has a verdict.

    Args:
        columns: arrays by column name, all of one length; `time`, `lat`, `lon`, `observation` and `variable` are
            required. NaN in `elev`, `pres`, `height` and `error` means null. Longitudes from -180 to 360 are turned
            to 0 to 360. Columns the schema does not name are kept at the end.
        most_bad: the part of the rows that may be bad in a column: 1 for a piece of a file, 0 where a bad row can only
            be a fault of the program.

    Raises:
        ObservationError: a required column is missing, lengths differ, a time is missing, a variable is unknown, or
            more of a column than `most_bad` is outside its range.
    """
    table, faults = judged_table(columns)
    if wrong := [fault for fault in faults if fault.rows.mean() > most_bad]:
        raise ObservationError(f"{wrong[0].wanted}, not {wrong[0].values[wrong[0].rows][0]}")
    return table


def judged_table(columns: Mapping[str, Any]) -> tuple[pa.Table, list[Fault]]:
    """`table_from_columns` of any number of bad rows, and what is wrong with them, those that were not used too.

    Raises:
        ObservationError: as there, but for values outside their ranges.
    """
    if missing := [name for name in _REQUIRED if name not in columns]:
        raise ObservationError(f"an observation table needs the column(s) {', '.join(missing)}")
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        raise ObservationError(f"the columns of an observation table differ in length: {lengths}")
    sound, faults = _judged(columns)
    table = _table(sound, lengths["time"])
    for fault in faults:
        table = refuse(table, fault.rows, fault.verdict)
    return table, faults


def _judged(columns: Mapping[str, Any]) -> tuple[dict[str, Any], list[Fault]]:
    """`judged`, where a column that holds no numbers is the user's error."""
    names = columns["variable"]
    names = names if isinstance(names, pa.Array | pa.ChunkedArray) else pa.array(np.asarray(names, dtype=object))
    try:
        return judged(columns, np.asarray(pc.is_in(names.cast(pa.string()), pa.array(SURFACE_VARIABLES)), dtype=bool))
    except (ValueError, TypeError, pa.ArrowException) as error:
        raise ObservationError(f"a column of an observation table that must hold numbers does not: {error}") from error


def _table(columns: Mapping[str, Any], rows: int) -> pa.Table:
    table = pa.table([_column(field, columns, rows) for field in SCHEMA], schema=SCHEMA)
    for name, values in columns.items():
        if name not in SCHEMA.names:
            kept = isinstance(values, pa.Array | pa.ChunkedArray)
            table = table.append_column(name, values if kept else pa.array(values))
    _validate(table)
    return table


def empty_table() -> pa.Table:
    """An observation table without rows."""
    return SCHEMA.empty_table()


def write_table(table: pa.Table, path: str | Path) -> None:
    """Write the table to Parquet; a reader sees the old file or the whole new one, never a part.

    Raises:
        UserError: the file cannot be written.
    """
    with whole(path) as partial:
        pq.write_table(table, partial, compression="zstd")


def concatenate(tables: Iterable[pa.Table]) -> pa.Table:
    """One table from many, in the order given; `obs_id` is numbered anew."""
    table = pa.concat_tables([SCHEMA.empty_table(), *tables], promote_options="default")
    return renumber(table.combine_chunks())


def renumber(table: pa.Table) -> pa.Table:
    """The table with `obs_id` counting its rows from zero."""
    numbers = pa.array(np.arange(table.num_rows), pa.int64())
    return table.set_column(table.schema.get_field_index("obs_id"), SCHEMA.field("obs_id"), numbers)


def select(table: pa.Table, mask: Any) -> pa.Table:
    """The rows where `mask` (bool, a value a row) is true; `obs_id` stays as it was."""
    return table.filter(pa.array(np.asarray(mask, dtype=bool)))


def column(table: pa.Table, name: str) -> np.ndarray:
    """A column as a NumPy array; nulls of a float column become NaN."""
    array = table[name].combine_chunks()
    if pa.types.is_string(array.type):
        return np.asarray(array.to_numpy(zero_copy_only=False), dtype=object)
    return array.to_numpy(zero_copy_only=False)


def as_time64(time: datetime | np.datetime64) -> np.datetime64:
    """A UTC time as datetime64[ns]; a zone-aware datetime is converted to UTC first."""
    if isinstance(time, datetime):
        if time.tzinfo is not None:
            time = time.astimezone(UTC).replace(tzinfo=None)
        return np.datetime64(time, "ns")
    return time.astype("datetime64[ns]")


def used(table: pa.Table) -> np.ndarray:
    """The `used` column as a boolean array."""
    return column(table, "used").astype(bool)


def refuse(table: pa.Table, mask: Any, verdict: str) -> pa.Table:
    """Set `used` false and `verdict` for the rows in `mask` that were still used; leave others."""
    refused = pa.array(np.asarray(mask, dtype=bool) & used(table))
    table = table.set_column(
        table.schema.get_field_index("verdict"),
        SCHEMA.field("verdict"),
        pc.if_else(refused, verdict, table["verdict"]),
    )
    return table.set_column(
        table.schema.get_field_index("used"),
        SCHEMA.field("used"),
        pc.if_else(refused, False, table["used"]),
    )


def summary(table: pa.Table) -> pa.Table:
    """Counts by class and variable: columns `class`, `variable`, `total`, `used`."""
    counted = table.select(["class", "variable", "used"]).append_column("count", pc.cast(table["used"], pa.int64()))
    groups = counted.group_by(["class", "variable"]).aggregate([("used", "count"), ("count", "sum")])
    named = groups.rename_columns(["class", "variable", "total", "used"])
    return named.sort_by([("class", "ascending"), ("variable", "ascending")])


def _column(field: pa.Field, columns: Mapping[str, Any], rows: int) -> pa.Array:
    name = field.name
    if name == "obs_id" and name not in columns:
        return pa.array(np.arange(rows), pa.int64())
    if name not in columns:
        return pa.repeat(pa.scalar(DEFAULTS[name], field.type), rows)
    values = columns[name]
    if not isinstance(values, pa.Array | pa.ChunkedArray):
        values = np.asarray(values)
        if name == "time":
            values = values.astype("datetime64[ns]")
        values = pa.array(values, from_pandas=field.nullable)  # elsewhere NaN is a value that cannot be
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    try:
        return values.cast(field.type, safe=not pa.types.is_floating(field.type))
    except pa.ArrowException as error:
        raise ObservationError(f"the column {name} must be {field.type}: {error}") from error


def _validate(table: pa.Table) -> None:
    for name in SCHEMA.names:
        if not SCHEMA.field(name).nullable and table[name].null_count:
            raise ObservationError(f"the column {name} has missing values")
    unknown = sorted(set(pc.unique(table["variable"]).to_pylist()) - set(VARIABLES))
    if unknown:
        raise ObservationError(f"unknown variable(s) {', '.join(unknown)}; known are {', '.join(VARIABLES)}")
