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
* Surface reports (180-199, 280-299) give `sp`, `t2m`, `q2m`, `u10m`, `v10m`, and `msl` (PMO) where the
  station told it, but not where an indicator (PMIN) is set, which no file at hand has. Where a report
  told nothing else (type 183), NCEP has made a pressure of the station from it, marked as not to be used.
* The surface level of a sounding gives `sp` beside its upper-air data. Aircraft and surface heights are
  no measurements of geopotential and give no `z`.
* A level's own place and time is used where the file has it (balloon drift).
* `quality` is the datum's own NCEP mark; a missing mark becomes 2, "not checked". Humidity errors,
  in the file percentages of saturation, are left null.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from latentda.observations.bufr_decoder import SoundFile, decode, sound_messages
from latentda.observations.compressed import decompressed
from latentda.observations.left_out import LeftOut, warn_of_other_kinds
from latentda.observations.message_classes import message_class_of
from latentda.observations.prepbufr_levels import Levels, find_levels, to_float
from latentda.observations.prepbufr_tables import check_tables, require_tables
from latentda.observations.reports import on_the_globe
from latentda.observations.table import ObservationError, as_time64, concatenate, refuse, table_from_columns
from latentda.physics.constants import GRAVITY
from latentda.physics.thermodynamics import sensible_temperature

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
    leaf: str = ""

    @property
    def value(self) -> str:
        """Name of the leaf that holds the observation."""
        return self.leaf or f"{self.letter}OB"


_QUANTITIES = (
    _Quantity("sp", "sp", "pressure", "P", scale=100.0, mark="PQM", error="POE"),
    _Quantity("t", "t2m", "temperature", "T", offset=273.15, mark="TQM", error="TOE"),
    _Quantity("q", "q2m", "humidity", "Q", scale=1e-6, mark="QQM"),
    _Quantity("u", "u10m", "wind", "U", mark="WQM", error="WOE"),
    _Quantity("v", "v10m", "wind", "V", mark="WQM", error="WOE"),
    _Quantity("z", "z", "height", "Z", scale=GRAVITY, mark="ZQM"),
    _Quantity("msl", "msl", "sea_level", "PM", scale=100.0, mark="PMQ", leaf="PMO"),
)
_PRESSURES = [order for order, q in enumerate(_QUANTITIES) if q.variable in ("sp", "msl")]
"""Quantities that are pressures themselves, which no pressure locates."""
# Names by the order of the quantities, aloft and then at the surface.
_VARIABLES = [q.variable for q in _QUANTITIES] + [q.surface_variable for q in _QUANTITIES]


def read_prepbufr(path: str | Path, cycle_time: datetime | None = None, *, keep_first_guess: bool = False) -> pa.Table:
    """Read a prepBUFR file: plain or gzipped, with or without Fortran record marks.

    A damaged message is left out with a `DamageWarning`; see `bufr_decoder`.

    Args:
        path: the file.
        cycle_time: UTC time the report times are relative to; by default that of the message
            headers.
        keep_first_guess: append the column `first_guess` (SI, null where the file has none): the
            background of the producing centre at each datum; virtual temperature is made sensible
            with the first guess of humidity.

    Raises:
        ObservationError: the file is empty, not prepBUFR, cut off, or too much of it is damaged.
    """
    return concatenate(prepbufr_pieces(path, cycle_time, keep_first_guess=keep_first_guess))


def prepbufr_pieces(
    path: str | Path, cycle_time: datetime | None = None, *, keep_first_guess: bool = False
) -> Iterator[pa.Table]:
    """`read_prepbufr`, a message type or a part of one at a time, so that memory stays bounded."""
    path = Path(path)
    with decompressed(path) as packed, sound_messages(packed, path) as file:
        yield from decoded_prepbufr(file, cycle_time, keep_first_guess=keep_first_guess)


def decoded_prepbufr(
    file: SoundFile, cycle_time: datetime | None = None, *, keep_first_guess: bool = False
) -> Iterator[pa.Table]:
    """`prepbufr_pieces` of a file whose messages have been looked through."""
    require_tables(file)
    header_time = _checked_cycle_time(file)
    check_tables(file)
    cycle = as_time64(cycle_time or header_time)
    left_out, other = LeftOut(file.named), Counter[str]()
    for batch in decode(file):
        try:
            piece = _piece(batch, cycle, keep_first_guess, left_out)
        except (KeyError, pa.ArrowException) as error:  # a damaged embedded table renames or retypes
            raise ObservationError(f"{file.named} does not describe prepBUFR reports: {error}") from error
        if piece is None:
            category = _category(batch)
            other[message_class_of(category) or f"data category {category}"] += batch.num_rows
        else:
            yield piece
    left_out.warn()
    warn_of_other_kinds(file.named, other)


def _checked_cycle_time(file: SoundFile) -> datetime:
    messages = [m for m in file.headers if message_class_of(m.data_category)]
    if not messages:
        raise ObservationError(f"{file.named} is BUFR but holds no NCEP prepBUFR reports")
    # One header may be damaged; all messages of a cycle have the same time.
    times = Counter((m.year, m.month, m.day, m.hour, m.minute) for m in messages)
    try:
        return datetime(*times.most_common(1)[0][0])
    except ValueError as error:
        raise ObservationError(f"{file.named} has no valid date in its messages") from error


def _category(batch: pa.RecordBatch) -> int:
    return int(to_float(batch.column("_data_category"))[0])


def _piece(batch: pa.RecordBatch, cycle: np.datetime64, keep_first_guess: bool, left_out: LeftOut) -> pa.Table | None:
    """The rows of a batch, or None if its message type has no levels."""
    levels = find_levels(batch)
    message_class = message_class_of(_category(batch))
    if levels is None or message_class is None:
        return None
    kind = np.nan_to_num(to_float(batch.column("TYP")))[levels.report].astype(np.uint16)
    places = _places(batch, levels, cycle)
    value, virtual = _values(levels, kind, message_class)
    pressure, surface = levels.leaf("pressure", "POB") * 100.0, _surface(kind)
    told, kept = np.isfinite(value), np.isfinite(value) & places.pop("known")[:, np.newaxis]
    kept[:, 1:] &= (surface | (pressure > 0.0))[:, np.newaxis]
    left_out.count(levels.report, told, kept)
    level, order = np.nonzero(kept)  # by level, then quantity: file order
    names = order + len(_QUANTITIES) * surface[level]
    columns = {name: column.take(pa.array(level)) for name, column in places.items()}
    columns |= {
        "pres": np.where(np.isin(order, _PRESSURES) | ~(pressure[level] > 0.0), np.nan, pressure[level]),
        "type": kind[level],
        "variable": pa.DictionaryArray.from_arrays(pa.array(names), pa.array(_VARIABLES)),
        "observation": value[level, order],
        "quality": _leaves(levels, "mark", level, order, missing=2.0).astype(np.uint8),
        "error": _errors(levels, level, order),
        "class": pa.repeat(message_class, len(level)),
        "source": pa.repeat("prepbufr", len(level)),
    }
    table = table_from_columns(columns)
    if virtual.any():
        table = refuse(table, virtual[level] & (order == 1), "virtual_temperature")
    if keep_first_guess:
        first_guess = pa.array(_first_guess(levels)[level, order], pa.float32(), from_pandas=True)
        table = table.append_column("first_guess", first_guess)
    return table


def _places(batch: pa.RecordBatch, levels: Levels, cycle: np.datetime64) -> dict[str, Any]:
    """Place, time and name by level; a level's own drift goes before the report's place."""

    def best(report_name: str, drift_name: str) -> np.ndarray:
        drift = levels.leaf("drift", drift_name)
        fixed = to_float(batch.column(report_name))[levels.report]
        return np.where(np.isnan(drift), fixed, drift)

    seconds = best("DHR", "HRDR") * 3600.0
    latitude, longitude = on_the_globe(best("YOB", "YDR"), best("XOB", "XDR"))
    known = np.isfinite(seconds + latitude)
    offset = np.round(np.nan_to_num(seconds)).astype("timedelta64[s]").astype("timedelta64[ns]")
    names = pc.fill_null(pc.utf8_trim_whitespace(batch.column("SID")), "")
    report = pa.array(levels.report)
    return {
        "known": known,
        "time": pa.array(cycle + offset),
        "lat": pa.array(latitude),
        "lon": pa.array(np.mod(longitude, 360.0)),
        "elev": batch.column("ELV").take(report),
        "station": names.take(report),
    }


def _surface(kind: np.ndarray) -> np.ndarray:
    return ((kind >= 180) & (kind <= 199)) | ((kind >= 280) & (kind <= 299))


def _values(levels: Levels, kind: np.ndarray, message_class: str) -> tuple[np.ndarray, np.ndarray]:
    """SI values by level and quantity, NaN where there is none, and which temperatures stayed virtual."""
    value = np.full((len(kind), len(_QUANTITIES)), np.nan)
    virtual = np.zeros(len(kind), dtype=bool)
    for order, quantity in enumerate(_QUANTITIES):
        allowed = _allowed(quantity, kind, levels, message_class)
        if not allowed.any():
            continue
        found = levels.leaf(quantity.group, quantity.value) * quantity.scale + quantity.offset
        if quantity.group == "temperature":
            found, virtual = _sensible(levels, found, quantity.offset)
        if quantity.group == "sea_level":
            allowed &= ~(levels.leaf("sea_level", "PMIN") > 0.0)
        value[:, order] = np.where(allowed, found, np.nan)
    return value, virtual


def _allowed(quantity: _Quantity, kind: np.ndarray, levels: Levels, message_class: str) -> np.ndarray:
    """Which levels may give a quantity: mass and wind reports repeat each other's pressure."""
    mass, wind, surface = kind < 200, (kind >= 200) & (kind < 300), _surface(kind)
    ground = levels.category == _SURFACE_CATEGORY
    if quantity.group == "wind":
        return ~mass
    if quantity.group == "height":
        return mass & ~surface & ~ground & (message_class == "ADPUPA")
    if quantity.group == "sea_level":
        return mass & surface
    if quantity.group == "pressure":
        return mass & (surface | (ground & (message_class == "ADPUPA")))
    return ~wind


def _sensible(levels: Levels, value: np.ndarray, offset: float) -> tuple[np.ndarray, np.ndarray]:
    """Temperatures made sensible, and which of them could not be."""
    virtual = levels.any_event("temperature", "TPC", VIRTUAL_TEMPERATURE_CODE)
    if not virtual.any():
        return value, virtual
    latest = levels.leaf("temperature", "TPC") == VIRTUAL_TEMPERATURE_CODE
    beneath = levels.leaf("temperature", "TOB", event=1) + offset
    humidity = levels.leaf("humidity", "QOB") * 1e-6
    sensible = np.where(latest & np.isfinite(beneath), beneath, sensible_temperature(value, humidity))
    undone = virtual & np.isfinite(sensible)
    return np.where(undone, sensible, value), virtual & ~undone


def _leaves(levels: Levels, attribute: str, level: np.ndarray, order: np.ndarray, missing: float) -> np.ndarray:
    """Marks or errors of data, each of a level and the quantity of an order, as they are in the file."""
    found = np.full(len(level), missing)
    for number, quantity in enumerate(_QUANTITIES):
        name, chosen = getattr(quantity, attribute), np.flatnonzero(order == number)
        if name and chosen.size:
            values = levels.leaf(quantity.group, name)[level[chosen]]
            found[chosen] = np.where(np.isnan(values), missing, values)
    return found


def _errors(levels: Levels, level: np.ndarray, order: np.ndarray) -> np.ndarray:
    scale = np.array([quantity.scale for quantity in _QUANTITIES])
    error = _leaves(levels, "error", level, order, missing=0.0) * scale[order]
    return np.where(error > 0.0, error, np.nan)


def _first_guess(levels: Levels) -> np.ndarray:
    columns = []
    for quantity in _QUANTITIES:
        value = levels.leaf(quantity.group, f"{quantity.letter}FC") * quantity.scale + quantity.offset
        if quantity.group == "temperature":
            humidity = levels.leaf("humidity", "QFC") * 1e-6
            value = np.where(np.isnan(humidity), value, sensible_temperature(value, humidity))
        columns.append(value)
    return np.stack(columns, axis=1)
