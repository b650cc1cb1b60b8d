"""Readers of WMO BUFR through ecCodes: radiosondes (TEMP, PILOT), surface reports (SYNOP, SHIP).

Wind comes as direction (degrees, from) and speed (m/s):

    u = -speed sin(direction),   v = -speed cos(direction)

Humidity comes as dew point and becomes specific humidity (see `thermodynamics`); it needs the
pressure, so a surface report without station pressure gives none. Radiosonde geopotential comes in
m2/s2 in old templates, as height (m) in new ones. Needs the extra `latentda[bufr]`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa

from latentda.grid import GRAVITY
from latentda.observations.compressed import decompressed
from latentda.observations.table import ObservationError, table_from_columns
from latentda.observations.thermodynamics import specific_humidity
from latentda.observations.wmo_messages import Subset, subsets

_HEIGHTS = ("heightOfStation", "heightOfStationGroundAboveMeanSeaLevel", "height")
_NAMES = ("shipOrMobileLandStationIdentifier", "stationOrSiteName")
# The bit of vertical sounding significance that says "surface", in old and new templates.
_SURFACE_BITS = {"verticalSoundingSignificance": 64, "extendedVerticalSoundingSignificance": 131072}

_Columns = dict[str, np.ndarray]


def read_radiosondes(path: str | Path) -> pa.Table:
    """Read radiosonde ascents: t, q, u, v and z by level, `sp` from the surface level.

    Raises:
        ObservationError: ecCodes is not installed, or the file is empty, damaged, or holds no
            ascent.
    """
    raw = _read(path, _ascent, "radiosonde")
    height = raw["height"] * GRAVITY
    geopotential = np.where(np.isnan(raw["geopotential"]), height, raw["geopotential"])
    ground = raw["ground"] > 0
    u, v = _wind(raw["speed"], raw["direction"])
    quantities = {
        "sp": np.where(ground, raw["pressure"], np.nan),
        "t": raw["temperature"],
        "q": specific_humidity(raw["dew_point"], raw["pressure"]),
        "u": u,
        "v": v,
        "z": np.where(ground, np.nan, geopotential),  # there it is the station's height, no measurement
    }
    return _table(raw, quantities, np.full(len(u), 120))


def read_synop(path: str | Path) -> pa.Table:
    """Read surface reports: sp, t2m, q2m, u10m, v10m.

    Raises:
        ObservationError: ecCodes is not installed, or the file is empty, damaged, or holds no
            surface report.
    """
    raw = _read(path, _surface_report, "surface")
    u, v = _wind(raw["speed"], raw["direction"])
    quantities = {
        "sp": np.where(np.isnan(raw["elev"]), np.nan, raw["pressure"]),
        "t2m": raw["temperature"],
        "q2m": specific_humidity(raw["dew_point"], raw["pressure"]),
        "u10m": u,
        "v10m": v,
    }
    return _table(raw, quantities, np.where(raw["at_sea"], 180, 181))


def _read(path: str | Path, levels_of: Callable[[Subset], _Columns | None], wanted: str) -> _Columns:
    """Levels of all reports end to end: elements as they came, time and place on each level."""
    parts = []
    with decompressed(path) as file:
        for subset in subsets(file, Path(path)):
            levels = levels_of(subset)
            head = _head(subset) if levels else None
            if levels is not None and head is not None:
                count = len(levels["pressure"])
                parts.append(levels | {name: np.full(count, head[name]) for name in head})
    if not parts:
        raise ObservationError(f"{path} is BUFR but holds no usable {wanted} report")
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _head(subset: Subset) -> dict[str, object] | None:
    """Time, place and name of a report, or None when it does not say where and when it was."""
    latitude, longitude = subset.number("latitude"), subset.number("longitude")
    year, month, day, hour = (subset.number(key) for key in ("year", "month", "day", "hour"))
    if not np.isfinite([latitude, longitude, year, month, day, hour]).all():
        return None
    minute = np.nan_to_num(subset.number("minute"))
    try:
        date = f"{year:04.0f}-{month:02.0f}-{day:02.0f}T{hour:02.0f}:{minute:02.0f}"
        time = np.datetime64(date, "ns")
    except ValueError:
        return None
    block, number = subset.number("blockNumber"), subset.number("stationNumber")
    on_land = bool(np.isfinite([block, number]).all())
    elevation = subset.number(*_HEIGHTS)
    return {
        "time": time,
        "lat": latitude,
        "lon": longitude,
        "elev": 0.0 if not on_land and np.isnan(elevation) else elevation,
        "station": np.array(f"{block:02.0f}{number:03.0f}" if on_land else subset.text(*_NAMES), object),
        "at_sea": not on_land,
    }


def _ascent(subset: Subset) -> _Columns | None:
    pressure, speed = subset.array("pressure"), subset.array("windSpeed")
    temperature = subset.array("airTemperature")
    # Newer templates append wind-shear levels, which have pressures of their own.
    count = min(pressure.size, temperature.size or speed.size)
    if count == 0:
        return None

    def levels(*names: str) -> np.ndarray:
        values = subset.array(*names)[:count]
        return values if values.size == count else np.full(count, np.nan)

    ground = np.zeros(count)
    for name, bit in _SURFACE_BITS.items():
        ground += np.nan_to_num(levels(name)).astype(np.int64) & bit
    return {
        "pressure": pressure[:count],
        "temperature": levels("airTemperature"),
        "dew_point": levels("dewpointTemperature"),
        "direction": levels("windDirection"),
        "speed": levels("windSpeed"),
        "geopotential": levels("nonCoordinateGeopotential"),
        "height": levels("nonCoordinateGeopotentialHeight", "geopotentialHeight"),
        "ground": ground,
        "north": np.nan_to_num(levels("latitudeDisplacement")),
        "east": np.nan_to_num(levels("longitudeDisplacement")),
        "seconds": np.nan_to_num(levels("timePeriod")),
    }


def _surface_report(subset: Subset) -> _Columns | None:
    elements = {
        "pressure": subset.number("nonCoordinatePressure"),
        "temperature": subset.number("airTemperatureAt2M", "airTemperature"),
        "dew_point": subset.number("dewpointTemperatureAt2M", "dewpointTemperature"),
        "direction": subset.number("windDirectionAt10M", "windDirection"),
        "speed": subset.number("windSpeedAt10M", "windSpeed"),
    }
    if np.isnan(list(elements.values())).all():
        return None
    return {name: np.array([value]) for name, value in elements.items()}


def _wind(speed: np.ndarray, direction: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    angle = np.deg2rad(direction)
    return 0.0 - speed * np.sin(angle), 0.0 - speed * np.cos(angle)


def _table(raw: _Columns, quantities: _Columns, mass_type: np.ndarray) -> pa.Table:
    names = np.array(list(quantities), dtype=object)
    values = np.stack(list(quantities.values()), axis=1)
    level, quantity = np.nonzero(np.isfinite(values))  # by level, then quantity: file order
    variable = names[quantity]
    wind = np.isin(variable, ["u", "v", "u10m", "v10m"])
    message_class = np.where(raw["at_sea"], "SFCSHP", "ADPSFC")
    if "t" in quantities:
        message_class = np.full(len(raw["lat"]), "ADPUPA")
    still = np.zeros(len(raw["lat"]))
    seconds = np.round(raw.get("seconds", still)).astype("timedelta64[s]")
    columns = {
        "time": raw["time"] + seconds.astype("timedelta64[ns]"),
        "lat": np.clip(raw["lat"] + raw.get("north", still), -90.0, 90.0),
        "lon": np.mod(raw["lon"] + raw.get("east", still), 360.0),
        "elev": raw["elev"],
        "pres": raw["pressure"],
        "station": raw["station"],
        "class": message_class.astype(object),
        "type": mass_type,
    }
    columns = {name: column[level] for name, column in columns.items()}
    columns["pres"] = np.where((variable == "sp") | ~(columns["pres"] > 0.0), np.nan, columns["pres"])
    columns["type"] = (columns["type"] + 100 * wind).astype(np.uint16)
    source = np.full(len(level), "wmo_bufr", dtype=object)
    return table_from_columns(
        columns | {"observation": values[level, quantity], "variable": variable, "source": source}
    )
