"""Reader of WMO BUFR: radiosondes and pilot balloons, surface reports of land and sea, aircraft.

| data category | templates | class, types | gives |
| --- | --- | --- | --- |
| 0 land, 1 sea | SYNOP, SHIP, BUOY | ADPSFC 181, SFCSHP 180 | sp, msl, t2m, q2m, d2m, u10m, v10m |
| 2 soundings | TEMP, TEMP SHIP, TEMP DROP, PILOT | ADPUPA 120 (PILOT 121) | sp, t, q, u, v, z |
| 4 aircraft | AMDAR, AIREP, profiles | AIRCFT 131 | t, q, u, v |

* Humidity comes as dew point (or mixing ratio r: q = r / (1 + r)) and becomes specific humidity (`thermodynamics`),
  which needs the pressure; a surface report without station pressure gives `d2m` instead.
* Geopotential comes in m2/s2 in old templates, as height (m) in new ones. A level without pressure is located by its
  geopotential height and gives no `z`.
* A report of category 1 whose station has a WMO number is from land (a platform or an island). Stations without number
  are known by call sign, WIGOS identifier or name.
* Station pressure belongs to the barometer's height where that is told, which then is the `elev` of its row.
* A level's own place and time is used where the file has it (balloon drift, aircraft profiles).
* Aircraft tell their flight level or pressure altitude; see `standard_atmosphere_pressure`. A roll angle marked as too
  large (code table 0 02 064, value 1) makes wind wrong: its mark becomes 13.

Source: WMO Manual on Codes, volume I.2, FM 94 BUFR, tables A, B and D. Needs the extra `latentda[bufr]`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from latentda.observations.bufr_decoder import SoundFile, refuse_if_most_is_lost, sound_messages, warn_of_lost
from latentda.observations.compressed import decompressed
from latentda.observations.left_out import LeftOut
from latentda.observations.reports import table_from_reports, wind_components
from latentda.observations.table import ObservationError, concatenate
from latentda.observations.wmo_levels import Levels, Reports, aircraft_levels, sounding_levels, surface_levels
from latentda.observations.wmo_messages import installed, reports
from latentda.physics.constants import GRAVITY
from latentda.physics.thermodynamics import specific_humidity

SURFACE_CATEGORIES, SOUNDING_CATEGORIES, AIRCRAFT_CATEGORIES = (0, 1), (2,), (4,)
WMO_CATEGORIES = SURFACE_CATEGORIES + SOUNDING_CATEGORIES + AIRCRAFT_CATEGORIES
"""Data categories (BUFR table A) this module reads."""

_BAD_ROLL = 13.0
_NEEDS_ECCODES = "reading WMO BUFR needs ecCodes; install it by: pip install latentda[bufr]"


def read_radiosondes(path: str | Path) -> pa.Table:
    """Read ascents and pilot balloons: t, q, u, v and z by level, `sp` from the surface level.

    Raises:
        ObservationError: as `read_wmo_bufr`.
    """
    return read_wmo_bufr(path, SOUNDING_CATEGORIES)


def read_synop(path: str | Path) -> pa.Table:
    """Read surface reports: sp, msl, t2m, q2m or d2m, u10m, v10m.

    Raises:
        ObservationError: as `read_wmo_bufr`.
    """
    return read_wmo_bufr(path, SURFACE_CATEGORIES)


def read_aircraft(path: str | Path) -> pa.Table:
    """Read aircraft reports: t, q, u, v.

    Raises:
        ObservationError: as `read_wmo_bufr`.
    """
    return read_wmo_bufr(path, AIRCRAFT_CATEGORIES)


def read_wmo_bufr(path: str | Path, categories: Collection[int] = WMO_CATEGORIES) -> pa.Table:
    """Read all reports of some data categories.

    A damaged message is left out with a `DamageWarning`; see `bufr_decoder`.

    Raises:
        ObservationError: ecCodes is not installed, or the file is empty, cut off, too much of it is damaged, or it
            holds no usable report of these categories.
    """
    table = concatenate(wmo_pieces(path, categories))
    if table.num_rows == 0:
        wanted = ", ".join(str(category) for category in sorted(categories))
        raise ObservationError(f"{path} is BUFR but holds no usable report of data category {wanted}")
    return table


def wmo_pieces(path: str | Path, categories: Collection[int] = WMO_CATEGORIES) -> Iterator[pa.Table]:
    """`read_wmo_bufr`, some hundred messages at a time."""
    _check_installed()
    path = Path(path)
    with decompressed(path) as packed, sound_messages(packed, path) as file:
        yield from decoded_wmo(file, categories)


def decoded_wmo(file: SoundFile, categories: Collection[int] = WMO_CATEGORIES) -> Iterator[pa.Table]:
    """`wmo_pieces` of a file whose messages have been looked through."""
    _check_installed()
    lost, left_out = file.frames.broken, LeftOut(file.named)
    try:
        for batch in reports(file.path, file.frames.places):
            lost += batch.column("category").null_count
            refuse_if_most_is_lost(lost, file.total, file.named)
            yield from _tables(batch, categories, left_out)
    except ImportError as error:
        raise ObservationError(_NEEDS_ECCODES) from error
    warn_of_lost(lost, file.total, file.named)
    left_out.warn()


def _check_installed() -> None:
    if not installed():
        raise ObservationError(_NEEDS_ECCODES)


def _tables(batch: pa.RecordBatch, categories: Collection[int], left_out: LeftOut) -> Iterator[pa.Table]:
    """The rows of a batch, one table for each kind of report in it."""
    found = Reports.of(batch)
    for of_kind, levels_of, make in _KINDS:
        levels = levels_of(found, np.flatnonzero(np.isin(found.category, [c for c in of_kind if c in categories])))
        if levels is not None:
            yield make(levels, left_out)


def _sounding_table(raw: Levels, left_out: LeftOut) -> pa.Table:
    ground = raw["ground"] > 0
    u, v = wind_components(raw["speed"], raw["direction"])
    quantities = {
        "sp": np.where(ground, raw["pressure"], np.nan),
        "t": raw["temperature"],
        "q": specific_humidity(raw["dew_point"], raw["pressure"]),
        "u": u,
        "v": v,
        # At the ground it is the station's height, without a pressure the level's own: no measurement.
        "z": np.where(ground | np.isnan(raw["pressure"]), np.nan, raw["height"] * GRAVITY),
    }
    return _table(raw, quantities, left_out, "ADPUPA", raw["type"])


def _surface_table(raw: Levels, left_out: LeftOut) -> pa.Table:
    u, v = wind_components(raw["speed"], raw["direction"])
    humidity = specific_humidity(raw["dew_point"], raw["pressure"])
    quantities = {
        "sp": raw["pressure"],
        "msl": raw["at_sea_level"],
        "t2m": raw["temperature"],
        "q2m": humidity,
        "d2m": np.where(np.isnan(humidity), raw["dew_point"], np.nan),
        "u10m": u,
        "v10m": v,
    }
    at_sea = raw["at_sea"].astype(bool)
    message_class = np.where(at_sea, "SFCSHP", "ADPSFC").astype(object)
    return _table(raw, quantities, left_out, message_class, np.where(at_sea, 180, 181))


def _aircraft_table(raw: Levels, left_out: LeftOut) -> pa.Table:
    u, v = wind_components(raw["speed"], raw["direction"])
    humidity = specific_humidity(raw["dew_point"], raw["pressure"])
    mixed = raw["mixing_ratio"] / (1.0 + raw["mixing_ratio"])
    quantities = {"t": raw["temperature"], "q": np.where(np.isnan(humidity), mixed, humidity), "u": u, "v": v}
    mark = np.where(raw["roll"] == 1.0, _BAD_ROLL, np.nan)
    return _table(raw, quantities, left_out, "AIRCFT", np.full(len(u), 131), {"u": mark, "v": mark})


def _table(
    raw: Levels,
    quantities: Levels,
    left_out: LeftOut,
    message_class: str | np.ndarray,
    mass_type: np.ndarray,
    marks: Levels | None = None,
) -> pa.Table:
    places: dict[str, Any] = {name: raw[name] for name in ("time", "lat", "lon", "elev", "station", "report")}
    places |= {"pres": raw["pressure"], "height": raw.get("height", np.full(len(mass_type), np.nan))}
    if "barometer" in raw:
        places["barometer"] = raw["barometer"]
    places |= {"class": message_class, "type": mass_type, "source": "wmo_bufr"}
    return table_from_reports(places, quantities, marks, left_out=left_out)


_LevelsOf = Callable[[Reports, np.ndarray], Levels | None]
_KINDS: tuple[tuple[tuple[int, ...], _LevelsOf, Callable[[Levels, LeftOut], pa.Table]], ...] = (
    (SURFACE_CATEGORIES, surface_levels, _surface_table),
    (SOUNDING_CATEGORIES, sounding_levels, _sounding_table),
    (AIRCRAFT_CATEGORIES, aircraft_levels, _aircraft_table),
)
