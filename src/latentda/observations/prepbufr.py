"""Reader of NCEP prepBUFR files, the quality-marked conventional observations of the NCEP analyses.

Source of the conventions: D. Keyser, "PREPBUFR processing at NCEP" (NCEP/EMC) and the
`read_prepbufr` of GSI.

* The latest event of each stack is the value. Pressure comes in hPa, q in mg/kg, temperature in
  degrees Celsius, height in metres, wind in m/s; the table is SI, height becomes geopotential
  (times 9.80665 m/s2).
* Temperature is sensible. Where an event has NCEP's virtual temperature code, T_v is undone: by
  the event beneath it when it is the latest, otherwise with the humidity of the level; with
  neither, the row has verdict `virtual_temperature` and is not used.
* Mass reports (types 1xx) give p, T, q and z; wind reports (2xx) give u and v; both come from 3xx
  and higher.
* Surface reports (180-199, 280-299) give `sp`, `t2m`, `q2m`, `u10m`, `v10m`. The surface level of
  a sounding gives `sp` beside its upper-air data. Aircraft and surface heights are no measurements
  of geopotential and give no `z`.
* A level's own place and time is used where the file has it (balloon drift).
* `quality` is the datum's own NCEP mark; a missing mark becomes 2, "not checked". Humidity errors,
  in the file percentages of saturation, are left null.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from latentda.grid import GRAVITY
from latentda.observations.bufr_decoder import decode, message_headers
from latentda.observations.compressed import decompressed
from latentda.observations.message_classes import message_class_of
from latentda.observations.prepbufr_levels import Levels, find_levels, to_float
from latentda.observations.table import (
    ObservationError,
    as_time64,
    empty_table,
    refuse,
    table_from_columns,
)
from latentda.observations.thermodynamics import sensible_temperature

VIRTUAL_TEMPERATURE_CODE = 8.0
_SURFACE_CATEGORY = 0.0


@dataclass(frozen=True)
class _Quantity:
    """Where a quantity sits in a level and how it becomes SI: si = scale * value + offset."""

    variable: str
    surface_variable: str
    group: str
    letter: str
    scale: float = 1.0
    offset: float = 0.0
    mark: str = ""
    error: str = ""


_QUANTITIES = (
    _Quantity("", "sp", "pressure", "P", scale=100.0, mark="PQM", error="POE"),
    _Quantity("t", "t2m", "temperature", "T", offset=273.15, mark="TQM", error="TOE"),
    _Quantity("q", "q2m", "humidity", "Q", scale=1e-6, mark="QQM"),
    _Quantity("u", "u10m", "wind", "U", mark="WQM", error="WOE"),
    _Quantity("v", "v10m", "wind", "V", mark="WQM", error="WOE"),
    _Quantity("z", "", "height", "Z", scale=GRAVITY, mark="ZQM"),
)


def read_prepbufr(path: str | Path, cycle_time: datetime | None = None, *, keep_first_guess: bool = False) -> pa.Table:
    """Read a prepBUFR file: plain or gzipped, with or without Fortran record marks.

    Args:
        path: the file.
        cycle_time: UTC time the report times are relative to; by default that of the message
            headers.
        keep_first_guess: append the column `first_guess` (SI, null where the file has none): the
            background of the producing centre at each datum; virtual temperature is made sensible
            with the first guess of humidity.

    Raises:
        ObservationError: the file is empty, not prepBUFR, damaged or cut off.
    """
    with decompressed(path) as file:
        header_time = _checked_cycle_time(file, Path(path))
        batches = decode(file, Path(path))
    cycle = as_time64(cycle_time or header_time)
    try:
        parts = [part for batch in batches if (part := _batch_columns(batch, cycle)) is not None]
    except (KeyError, pa.ArrowException) as error:  # a damaged embedded table renames or retypes
        raise ObservationError(f"{path} does not describe prepBUFR reports: {error}") from error
    if not parts:
        return empty_table()
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    virtual = columns.pop("virtual")
    first_guess = columns.pop("first_guess")
    table = refuse(table_from_columns(columns), virtual, "virtual_temperature")
    if keep_first_guess:
        table = table.append_column("first_guess", pa.array(first_guess, from_pandas=True).cast(pa.float32()))
    return table


def _checked_cycle_time(file: Path, named: Path) -> datetime:
    messages = message_headers(file, named)
    if not messages or not any(message_class_of(m.data_category) for m in messages):
        raise ObservationError(f"{named} is BUFR but holds no NCEP prepBUFR reports")
    last = messages[-1]
    with file.open("rb") as stream:
        stream.seek(last.offset + last.size_bytes)
        if b"BUFR" in stream.read():
            raise ObservationError(f"{named} is cut off inside its last BUFR message")
    first = messages[0]
    try:
        return datetime(first.year, first.month, first.day, first.hour, first.minute)
    except ValueError as error:
        raise ObservationError(f"{named} has no valid date in its first message") from error


def _batch_columns(batch: pa.RecordBatch, cycle: np.datetime64) -> dict[str, np.ndarray] | None:
    levels = find_levels(batch)
    if levels is None or batch.num_rows == 0:
        return None
    kind = np.nan_to_num(to_float(batch.column("TYP")))[levels.report].astype(np.uint16)
    category = int(to_float(batch.column("_data_category"))[0])
    message_class = message_class_of(category) or ""
    level_columns = {
        **_places(batch, levels, cycle),
        "pres": levels.leaf("pressure", "POB") * 100.0,
        "type": kind,
    }
    data = _data(levels, kind, message_class)
    here = np.isfinite(level_columns["lat"]) & np.isfinite(level_columns["lon"])
    here &= ~np.isnat(level_columns["time"])
    data = {name: values[here[data["level"]]] for name, values in data.items()}
    level = data.pop("level")
    columns = {name: values[level] for name, values in level_columns.items()}
    columns["pres"] = np.where(data["variable"] == "sp", np.nan, columns["pres"])
    columns["pres"][columns["pres"] <= 0.0] = np.nan
    rows = len(level)
    constants = {"class": message_class, "source": "prepbufr"}
    return columns | data | {k: np.full(rows, v, dtype=object) for k, v in constants.items()}


def _places(batch: pa.RecordBatch, levels: Levels, cycle: np.datetime64) -> dict[str, np.ndarray]:
    """Place, time and name by level; a level's own drift goes before the report's place."""

    def best(report_name: str, drift_name: str) -> np.ndarray:
        drift = levels.leaf("drift", drift_name)
        fixed = to_float(batch.column(report_name))[levels.report]
        return np.where(np.isnan(drift), fixed, drift)

    seconds = np.round(best("DHR", "HRDR") * 3600.0)
    offset = np.where(np.isnan(seconds), np.iinfo(np.int64).min, seconds).astype("timedelta64[s]")
    latitude = best("YOB", "YDR")
    names = pc.fill_null(pc.utf8_trim_whitespace(batch.column("SID")), "")
    station = np.asarray(names.to_numpy(zero_copy_only=False), dtype=object)
    return {
        "time": cycle + offset.astype("timedelta64[ns]"),
        "lat": np.where(np.abs(latitude) <= 90.0, latitude, np.nan),
        "lon": np.mod(best("XOB", "XDR"), 360.0),
        "elev": to_float(batch.column("ELV"))[levels.report],
        "station": station[levels.report],
    }


def _data(levels: Levels, kind: np.ndarray, message_class: str) -> dict[str, np.ndarray]:
    """All data of a batch by column, in file order; `level` says where each belongs."""
    surface = ((kind >= 180) & (kind <= 199)) | ((kind >= 280) & (kind <= 299))
    parts = []
    for order, quantity in enumerate(_QUANTITIES):
        value, virtual = _values(levels, quantity)
        held = np.isfinite(value) & _allowed(quantity, kind, surface, levels, message_class)
        level = np.flatnonzero(held)
        names = np.where(surface, quantity.surface_variable, quantity.variable or "sp")
        marks = levels.leaf(quantity.group, quantity.mark)
        scale = quantity.scale
        parts.append(
            {
                "level": level,
                "order": np.full(len(level), order),
                "variable": names[level].astype(object),
                "observation": value[level],
                "quality": np.where(np.isnan(marks), 2, marks)[level].astype(np.uint8),
                "error": _positive(levels.leaf(quantity.group, quantity.error) * scale)[level],
                "first_guess": _first_guess(levels, quantity)[level],
                "virtual": virtual[level],
            }
        )
    data = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    ranking = np.lexsort((data.pop("order"), data["level"]))
    return {name: values[ranking] for name, values in data.items()}


def _allowed(
    quantity: _Quantity, kind: np.ndarray, surface: np.ndarray, levels: Levels, message_class: str
) -> np.ndarray:
    """Which levels may give a quantity: mass and wind reports repeat each other's pressure."""
    mass, wind = kind < 200, (kind >= 200) & (kind < 300)
    ground = levels.category == _SURFACE_CATEGORY
    if quantity.group == "wind":
        return ~mass
    if quantity.group == "height":
        return mass & ~surface & ~ground & (message_class == "ADPUPA")
    if quantity.group == "pressure":
        return mass & (surface | (ground & (message_class == "ADPUPA")))
    return ~wind


def _values(levels: Levels, quantity: _Quantity) -> tuple[np.ndarray, np.ndarray]:
    """SI values by level, and whether a temperature stayed virtual."""
    value = levels.leaf(quantity.group, f"{quantity.letter}OB") * quantity.scale + quantity.offset
    virtual = np.zeros(len(value), dtype=bool)
    if quantity.group != "temperature":
        return value, virtual
    virtual = levels.any_event("temperature", "TPC", VIRTUAL_TEMPERATURE_CODE)
    latest = levels.leaf("temperature", "TPC") == VIRTUAL_TEMPERATURE_CODE
    beneath = levels.leaf("temperature", "TOB", event=1) + quantity.offset
    humidity = levels.leaf("humidity", "QOB") * 1e-6
    sensible = np.where(latest & np.isfinite(beneath), beneath, sensible_temperature(value, humidity))
    undone = virtual & np.isfinite(sensible)
    return np.where(undone, sensible, value), virtual & ~undone


def _first_guess(levels: Levels, quantity: _Quantity) -> np.ndarray:
    value = levels.leaf(quantity.group, f"{quantity.letter}FC") * quantity.scale + quantity.offset
    if quantity.group != "temperature":
        return value
    humidity = levels.leaf("humidity", "QFC") * 1e-6
    return np.where(np.isnan(humidity), value, sensible_temperature(value, humidity))


def _positive(values: np.ndarray) -> np.ndarray:
    return np.where(values > 0.0, values, np.nan)
