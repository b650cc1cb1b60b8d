"""What columns of stations and soundings probably are, by usual names and by the size of their values.

Only a proposal is made of these (`column_proposal`): no file is read by a guess.
"""

from __future__ import annotations

from jaxtyping import Float
from numpy import ndarray

SPEED_AND_DIRECTION = ("speed", "direction")
_NAMES = {
    ("t", "t2m"): ("temperature", "temp", "air_temperature", "tmp", "tdb", "t_air", "ta", "2m_temperature"),
    ("td", "d2m"): ("dewpoint", "dew_point", "dewp", "dewpoint_temperature", "dew_point_temperature", "tdew"),
    ("q", "q2m"): ("specific_humidity", "spfh", "qv", "mixing_ratio"),
    ("u", "u10m"): ("u_wind", "uwnd", "eastward_wind", "wind_u", "u_component_of_wind"),
    ("v", "v10m"): ("v_wind", "vwnd", "northward_wind", "wind_v", "v_component_of_wind"),
    ("z", "z"): ("geopotential_height", "gph", "geopot_height", "geopotential"),
    ("msl", "msl"): ("mslp", "slp", "prmsl", "sea_level_pressure", "pmsl", "qff"),
    ("sp", "sp"): ("station_pressure", "surface_pressure", "ps", "psfc", "stp", "p_station"),
    ("speed", "speed"): ("wind_speed", "wspd", "ff", "windspeed", "spd", "ws", "speed"),
    ("direction", "direction"): ("wind_direction", "wdir", "dd", "winddir", "wind_dir", "direction", "drct"),
}
_BY_NAME = {name: pair for pair, names in _NAMES.items() for name in names}
_PRESSURES, _TEMPERATURES = ("pres", "sp", "msl"), ("t", "tv", "td", "t2m", "d2m")


def guessed_variable(stem: str, aloft: bool) -> str:
    """The variable that a column's name usually stands for, `speed` or `direction` of the wind, or "".

    Args:
        stem: a folded name without its unit.
        aloft: whether the file tells a pressure or height of its data.
    """
    pair = _BY_NAME.get(stem)
    return "" if pair is None else pair[0 if aloft else 1]


def guessed_unit(key: str, name: str, told: str, values: Float[ndarray, " row"]) -> str:
    """The unit of a column, guessed by its values where none is told; "" where SI will do."""
    if key == "z" and name.casefold() != "geopotential" and told in ("", "m"):
        return "gpm"
    if told or values.size == 0:
        return told
    if key in _PRESSURES:
        return "hPa" if values.max() <= 1100.0 else "Pa"
    if key in _TEMPERATURES:
        return "degC" if values.max() < 100.0 else "K"
    if key in ("q", "q2m"):
        return "g/kg" if values.max() > 0.1 else "kg/kg"
    return ""
