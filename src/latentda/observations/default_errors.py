"""The default observation errors, and where each number comes from; `representativeness` has what coarse grids add.

* Radiosonde and pilot balloon t, u, v and sp; ship t2m, sp and wind; buoy wind; aircraft wind: the errors written
  into the operational GDAS prepBUFR of 2020-11-01 12 UTC, medians at the mandatory levels. They agree with types
  120, 180, 220, 221, 280, 282 of NCEP's `prepobs_errtable.global` (format: NCEP/EMC, "Contents of Observation Error
  Table"), except for sp of 120 (there 110 Pa) and 180 (there 130 Pa).
* Aircraft t by type, ACARS wind, satellite winds with GOES types 245-247 at twice the others, QuikSCAT winds: that
  table as distributed with GSI 3.7.
* q: 20 % of saturation, the same table; td and d2m follow from it; tv has the errors of t, ws those of the components.
* n: percentages by height after Kuo et al. (2004), doi:10.2151/jmsj.2004.507, in the values that NCAR's DART uses,
  thinned to nine nodes; they are for middle latitudes, and held constant above 18 km.
* tcwv: 2 kg/m2, the bound of Bevis et al. (1994), doi:10.1175/1520-0450(1994)033<0379:GMMZWD>2.0.CO;2, for GPS, and
  about the difference of microwave imagers from radiosondes (Deblonde and Wagneur, 1997).
* msl: as sp; its reduction adds an error over high ground that depends on the station.
* Not checked against a source: z, said to be the radiosonde heights of ECMWF's IFS documentation, part I, rounded;
  sp of SFCBOG. Chosen: t2m (2 K) and 10 m wind (2.5 m/s) over land are wider than the table's 1.5 K and 2.2 m/s.
"""

from __future__ import annotations

from latentda.observations.error_profiles import ANY_CLASS, ErrorProfile, ErrorTable, pressure_of_height
from latentda.physics.constants import GRAVITY

_MANDATORY = (1000, 925, 850, 700, 500, 400, 300, 250, 200, 150, 100, 70, 50, 30, 20, 10)
_SONDE_T = (1.2, 1.0, 0.8, 0.8, 0.8, 0.8, 0.9, 1.2, 1.2, 1.0, 0.8, 0.8, 0.9, 1.0, 1.3, 1.5)
_SONDE_WIND = (1.4, 1.5, 1.5, 1.6, 2.1, 2.6, 3.0, 3.2, 2.7, 2.4, 2.1, 2.1, 2.1, 2.1, 2.1, 2.1)
_SONDE_Z = (4.5, 4.5, 4.5, 5.5, 8.5, 10, 11, 12, 13, 15, 18, 20, 22, 25, 32, 40)
_SATELLITE_LEVELS = (750, 700, 600, 500, 450, 400, 300, 250)
_SATELLITE_WIND = (3.8, 3.9, 4.0, 4.1, 5.0, 6.0, 6.6, 7.0)
_LOW_LEVELS = (1000, 950, 900, 850, 800)
_REFRACTIVITY = {
    0.0: 0.0243,
    2.3: 0.0243,
    3.3: 0.0208,
    4.8: 0.0153,
    6.2: 0.0118,
    8.8: 0.0073,
    11.2: 0.0041,
    13.7: 0.0028,
    18.0: 0.0048,
}
"""Fraction of the refractivity by height in km."""


def default_error_table() -> ErrorTable:
    """The errors described at the head of this file."""
    nodes = tuple(float(pressure_of_height(1000.0 * km)) for km in _REFRACTIVITY)
    profiles = {
        ("z", ANY_CLASS): _profile(_MANDATORY, tuple(GRAVITY * error for error in _SONDE_Z)),
        ("n", ANY_CLASS): ErrorProfile(nodes, tuple(_REFRACTIVITY.values())),
        ("sp", ANY_CLASS): _constant(100.0),
        ("sp", "SFCSHP"): _constant(160.0),
        ("sp", "SFCBOG"): _constant(250.0),
        ("msl", ANY_CLASS): _constant(100.0),
        ("msl", "SFCSHP"): _constant(160.0),
        ("t2m", ANY_CLASS): _constant(2.0),
        ("t2m", "SFCSHP"): _constant(2.5),
        ("tcwv", ANY_CLASS): _constant(2.0),
    }
    for humidity in ("q", "td", "q2m", "d2m"):
        profiles[humidity, ANY_CLASS] = _constant(0.20)
    for temperature in ("t", "tv"):
        profiles[temperature, ANY_CLASS] = _profile(_MANDATORY, _SONDE_T)
        profiles[temperature, "AIRCFT"] = _profile((1000, 850, 700, 500, 400), (1.4, 1.1, 1.0, 1.3, 1.7))
        profiles[temperature, "AIRCAR"] = _profile(_LOW_LEVELS, (1.47, 1.35, 1.24, 1.12, 1.0))
    for wind in ("u", "v", "ws"):
        profiles[wind, ANY_CLASS] = _profile(_MANDATORY, _SONDE_WIND)
        profiles[wind, "AIRCFT"] = _constant(3.0)
        profiles[wind, "AIRCAR"] = _constant(2.5)
        profiles[wind, "SATWND"] = _profile(_SATELLITE_LEVELS, _SATELLITE_WIND)
        profiles[f"{wind}10m", ANY_CLASS] = _constant(2.5)
        profiles[f"{wind}10m", "QKSWND"] = _constant(3.5)
    return ErrorTable(profiles, _by_type())


def _by_type() -> dict[tuple[str, int], ErrorProfile]:
    """Report types that differ from the rest of their message class."""
    found: dict[tuple[str, int], ErrorProfile] = {}
    for temperature in ("t", "tv"):
        for aireps in (130, 330):
            found[temperature, aireps] = _profile(_LOW_LEVELS, (2.5, 2.3, 2.1, 1.9, 1.7))
        for automatic in (131, 133, 331):
            found[temperature, automatic] = _profile(_LOW_LEVELS, (1.47, 1.35, 1.24, 1.12, 1.0))
    for wind in ("u", "v", "ws"):
        found[wind, 233] = _constant(2.5)
        for goes in (245, 246, 247):
            found[wind, goes] = _profile(_SATELLITE_LEVELS, tuple(2.0 * error for error in _SATELLITE_WIND))
        found[f"{wind}10m", 282] = _constant(2.2)
    return found


def _profile(pressure_hpa: tuple[float, ...], error: tuple[float, ...]) -> ErrorProfile:
    return ErrorProfile(tuple(100.0 * pressure for pressure in pressure_hpa), error)


def _constant(error: float) -> ErrorProfile:
    return ErrorProfile((100000.0,), (error,))
