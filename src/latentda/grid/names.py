"""The names that stores give to variables and dimensions, and which of ours they mean.

Those of WeatherBench 2, of ECMWF's files, of CMIP, of GRIB as cfgrib spells it, and of the reanalyses of NCEP and NASA.
Heights are apart: they become geopotentials, and their metres geopotential metres.
"""

from __future__ import annotations

from collections.abc import Mapping

from latentda.grid.variables import VARIABLES

OTHER_NAMES: Mapping[str, tuple[str, ...]] = {
    "u": ("ua", "uwnd", "U", "UGRD", "u_wind", "eastward_wind", "zonal_wind"),
    "v": ("va", "vwnd", "V", "VGRD", "v_wind", "northward_wind", "meridional_wind"),
    "t": ("ta", "air", "T", "TMP", "temp", "air_temperature"),
    "q": ("hus", "shum", "Q", "QV", "qv", "SPFH"),
    "sp": ("ps", "PS", "psfc", "PSFC", "surface_air_pressure"),
    "msl": ("psl", "PSL", "slp", "SLP", "mslp", "prmsl", "PRMSL", "air_pressure_at_mean_sea_level"),
    "t2m": ("tas", "2t", "T2M", "t2", "T2", "VAR_2T", "2m_air_temperature"),
    "q2m": ("huss", "sh2", "2sh", "QV2M", "q2", "Q2"),
    "u10m": ("uas", "u10", "10u", "U10M", "U10", "VAR_10U"),
    "v10m": ("vas", "v10", "10v", "V10M", "V10", "VAR_10V"),
    "d2m": ("2d", "VAR_2D", "tdps", "2m_dew_point_temperature"),
    "ws10m": ("sfcWind", "si10", "10si"),
    "tcwv": ("prw", "pwat", "PWAT", "TQV", "total_column_water_vapor"),
    "zs": ("PHIS", "surface_geopotential"),
}
"""Other names of variables, by ours."""

HEIGHTS: Mapping[str, tuple[str, ...]] = {
    "z": ("zg", "gh", "hgt", "HGT", "Z3", "geopotential_height"),
    "zs": ("orog", "orography", "surface_altitude", "geopotential_height_at_surface"),
}
"""Names of heights, by our name of the geopotential that they become."""

DIMENSIONS: Mapping[str, tuple[str, ...]] = {
    "latitude": ("lat", "Latitude", "LAT", "LATITUDE", "latitudes"),
    "longitude": ("lon", "long", "Longitude", "LON", "LONGITUDE", "longitudes"),
    "level": (
        *("plev", "lev", "pressure_level", "pressure", "isobaricInhPa", "isobaricInPa", "isobaric", "isobaric1"),
        *("air_pressure", "sigma", "levels", "Level", "plevel", "pres", "PLEV", "LEV"),
    ),
    "time": ("valid_time", "Time", "TIME", "datetime", "date"),
}
"""Names of dimensions, by ours."""

FORECAST_DIMENSIONS: Mapping[str, tuple[str, ...]] = {
    "start": (
        *("init_time", "initial_time", "initialization_time", "forecast_reference_time", "reference_time"),
        *("base_time", "start_time", "initial_times", "init", "reftime", "basetime"),
    ),
    "lead": (
        *("prediction_timedelta", "lead_time", "step", "lead", "leadtime", "forecast_period", "forecast_hour"),
        *("fhour", "fxx", "prediction_time", "forecast_step", "forecast_time"),
    ),
    "member": (
        *("number", "member", "realization", "ensemble", "ensemble_member", "ens", "realisation", "members"),
        *("ensemble_number", "perturbationNumber"),
    ),
}
"""Names of the dimensions that forecasts have besides: their start, their length, and the member of an ensemble."""

STANDARD_NAMES: Mapping[str, tuple[str, ...]] = {
    "latitude": ("latitude",),
    "longitude": ("longitude",),
    "level": ("air_pressure", "atmosphere_sigma_coordinate"),
    "time": ("time",),
    "start": ("forecast_reference_time",),
    "lead": ("forecast_period",),
    "member": ("realization",),
}
"""CF standard names of dimensions that are named otherwise."""

VARIABLE_NAMES: Mapping[str, str] = {
    name: VARIABLES[short].stored
    for short in VARIABLES
    for name in (short, *OTHER_NAMES.get(short, ()), *HEIGHTS.get(short, ()))
}
"""The stored name of every other name."""

HEIGHT_NAMES = frozenset(name for names in HEIGHTS.values() for name in names)
"""Every name of a height."""
