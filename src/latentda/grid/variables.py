"""The variables of the atmosphere: short names, stored names, units.

Short names follow the ECMWF convention that earth2studio uses too; stored names are those of
WeatherBench 2, so that a user's reanalysis needs no renaming.
"""

from __future__ import annotations

from dataclasses import dataclass

from latentda.user_error import NotThereError


@dataclass(frozen=True)
class Variable:
    """A physical quantity.

    Attributes:
        short: short name in channels and observation tables.
        stored: name in a WeatherBench 2 store.
        units: SI units of stored values.
        title: the words for axes and tables.
        has_levels: whether it lives on levels (False: a surface field).
    """

    short: str
    stored: str
    units: str
    title: str
    has_levels: bool


_ALL = (
    Variable("u", "u_component_of_wind", "m s-1", "zonal wind", True),
    Variable("v", "v_component_of_wind", "m s-1", "meridional wind", True),
    Variable("t", "temperature", "K", "temperature", True),
    Variable("q", "specific_humidity", "kg kg-1", "specific humidity", True),
    Variable("z", "geopotential", "m2 s-2", "geopotential", True),
    Variable("sp", "surface_pressure", "Pa", "surface pressure", False),
    Variable("msl", "mean_sea_level_pressure", "Pa", "mean sea-level pressure", False),
    Variable("t2m", "2m_temperature", "K", "2 m temperature", False),
    Variable("q2m", "2m_specific_humidity", "kg kg-1", "2 m specific humidity", False),
    Variable("u10m", "10m_u_component_of_wind", "m s-1", "10 m zonal wind", False),
    Variable("v10m", "10m_v_component_of_wind", "m s-1", "10 m meridional wind", False),
    Variable("tv", "virtual_temperature", "K", "virtual temperature", True),
    Variable("td", "dewpoint_temperature", "K", "dew point", True),
    Variable("ws", "wind_speed", "m s-1", "wind speed", True),
    Variable("n", "refractivity", "1", "refractivity", True),
    Variable("d2m", "2m_dewpoint_temperature", "K", "2 m dew point", False),
    Variable("ws10m", "10m_wind_speed", "m s-1", "10 m wind speed", False),
    Variable("tcwv", "total_column_water_vapour", "kg m-2", "precipitable water", False),
    Variable("zs", "geopotential_at_surface", "m2 s-2", "surface geopotential", False),
    Variable("x", "x", "1", "Lorenz variable", False),
)

VARIABLES: dict[str, Variable] = {variable.short: variable for variable in _ALL}
"""Every known variable by its short name."""

BY_STORED_NAME: dict[str, Variable] = {variable.stored: variable for variable in _ALL}
"""The same by the name in a store."""


def variable(name: str) -> Variable:
    """The variable of a short or stored ``name``.

    Raises:
        NotThereError: unknown name, with the known ones listed.
    """
    found = VARIABLES.get(name) or BY_STORED_NAME.get(name)
    if found is None:
        raise NotThereError(f"Unknown variable {name!r}; known are {', '.join(VARIABLES)}.")
    return found
