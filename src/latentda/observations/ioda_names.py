"""Names of IODA's variables, and what they are in the observation table."""

from __future__ import annotations

from dataclasses import dataclass

from latentda.physics.constants import GRAVITY


@dataclass(frozen=True)
class IodaName:
    """What the names of a quantity mean: variables aloft and at the surface, a unit, and the factor from it to SI."""

    variable: str
    surface: str
    unit: str
    scale: float = 1.0


_T, _Q, _U, _V = (
    IodaName("t", "t2m", "K"),
    IodaName("q", "q2m", "kg kg-1"),
    IodaName("u", "u10m", "m s-1"),
    IodaName("v", "v10m", "m s-1"),
)
_TD, _WS, _SP = IodaName("td", "d2m", "K"), IodaName("ws", "ws10m", "m s-1"), IodaName("sp", "sp", "Pa")
_TCWV, _TV, _N = IodaName("tcwv", "tcwv", "kg m-2"), IodaName("tv", "tv", "K"), IodaName("n", "n", "1")
_Z = IodaName("z", "z", "m", GRAVITY)
NAMES = {
    "airTemperature": _T,
    "air_temperature": _T,
    "virtualTemperature": _TV,
    "virtual_temperature": _TV,
    "dewpointTemperature": _TD,
    "dewPointTemperature": _TD,
    "dew_point_temperature": _TD,
    "specificHumidity": _Q,
    "specific_humidity": _Q,
    "windEastward": _U,
    "eastward_wind": _U,
    "windNorthward": _V,
    "northward_wind": _V,
    "windSpeed": _WS,
    "wind_speed": _WS,
    "geopotentialHeight": _Z,
    "geopotential_height": _Z,
    "atmosphericRefractivity": _N,
    "atmospheric_refractivity": _N,
    "refractivity": _N,
    "stationPressure": _SP,
    "surface_pressure": _SP,
    "airTemperatureAt2M": IodaName("t2m", "t2m", "K"),
    "specificHumidityAt2M": IodaName("q2m", "q2m", "kg kg-1"),
    "dewpointTemperatureAt2M": IodaName("d2m", "d2m", "K"),
    "windEastwardAt10M": IodaName("u10m", "u10m", "m s-1"),
    "windNorthwardAt10M": IodaName("v10m", "v10m", "m s-1"),
    "windSpeedAt10M": IodaName("ws10m", "ws10m", "m s-1"),
    "totalColumnWaterVapor": _TCWV,
    "precipitableWater": _TCWV,
    "pressureReducedToMeanSeaLevel": IodaName("msl", "msl", "Pa"),
}
"""What the convention's names mean, and the older ones."""
PLACES = {
    "lat": (("latitude",), "degrees_north"),
    "lon": (("longitude",), "degrees_east"),
    "pres": (("pressure", "airPressure", "air_pressure"), "Pa"),
    "height": (("height", "geopotentialHeight"), "m"),
    "elev": (("stationElevation", "station_elevation", "elevation"), "m"),
}
"""Columns of the table, their names in MetaData, and units."""

USED = "used"
"""In the group Verdict, of data that no check has refused."""


def ioda_name(variable: str) -> tuple[str, IodaName]:
    """The convention's name of a variable of the table, and its meaning."""
    return next((name, meaning) for name, meaning in NAMES.items() if meaning.variable == variable)
