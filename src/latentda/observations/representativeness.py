"""Error of representativeness: what the boxes of a coarse grid do not show of the air that a datum was measured in.

The kinetic energy of the air by horizontal wavenumber k (rad/m), between wavelengths of a few and some 3000 km, is

    E(k)      =  d_1 k^(-5/3) + d_2 k^(-3),     d_1 = 9.1e-4 m^(4/3)/s^2,  d_2 = 3.0e-10 1/s^2

(Lindborg 1999, doi:10.1017/S0022112099004851, of 5754 flights at cruising level; the two ranges are those of Nastrom
and Gage 1985, doi:10.1175/1520-0469(1985)042<0950:ACOAWS>2.0.CO;2; the first term makes structure functions grow as
r^(2/3)). A grid of spacing D shows no wave shorter than 2 D, so of the variance of a wind component it lacks

    S(D)      =  integral of E from pi / D on  =  3/2 d_1 (D / pi)^(2/3) + 1/2 d_2 (D / pi)^2.

The default errors are said to hold for D_0 = 25 km. A coarser grid adds

    r_x(D)^2  =  f_x^2 (S(D) - S(D_0)),         D at most 1000 km, where the law ends;  r_x = 0 for D up to D_0

for a variable x, so that its part f_x is per m/s of wind. That one curve serves all is our choice. It is supported by
ERA5's 2 m temperature, 10 m wind and pressure at sea level (24 times of March 2026) and an ECMWF analysis of t and z on
850 and 500 hPa (2007-01-01), all on 1 degree, between 70 S and 70 N: what boxes of 2 to 10 degrees lose of them,
interpolated, is in its square root that of S(D) - S(1 degree) times one number each, to a third; of z to a factor of two,
since z is smoother.

| x | f_x | from |
| --- | --- | --- |
| u, v, ws | 0.7 up to 850 hPa, 0.8 at 500, 1 at 250, 0.8 from 100 on | ours: differences of radiosondes 200 to 400 km apart (1989-01-01, 2020-11-01) by level; 250 hPa is the flights' level |
| t, tv | 0.35 K up to 850 hPa, 0.25 K from 500 on | ours, the analysis; 0.25 K = T N / g is also Charney's (1971) equipartition of geostrophic turbulence, doi:10.1175/1520-0469(1971)028<1087:GT>2.0.CO;2 |
| q, td, q2m, d2m | 0.05 of saturation | ours, of the radiosondes; humidity follows r^(2/3) too (Fischer et al. 2012, doi:10.1029/2011GL050621) |
| z | 25 m2/s2 | ours, the analysis |
| sp, msl | 40 Pa | ours, ERA5's pressure at sea level; heights of stations are the operator's |
| t2m | 0.75 K | ours, ERA5 |
| u10m, v10m, ws10m | 0.65 | ours, ERA5 |
| n, tcwv | 0 | an occultation is itself a mean along some 200 km; of tcwv nothing was measured |

D_0 is the spacing of the analyses of GDAS in 2020, whose files hold those errors (a model of 13 km); NCEP's table itself
is older, so that its errors may already hold some of what is added here.
"""  # noqa: E501

from __future__ import annotations

import numpy as np

from latentda.observations.error_profiles import ANY_CLASS, ErrorProfile, ErrorTable

TABLE_SPACING_KM = 25.0
"""D_0: spacing of the grid whose errors the default table holds."""
COARSEST_KM = 1000.0
"""Grids beyond this spacing have the error of this one."""

_MESOSCALE, _SYNOPTIC = 9.1e-4, 3.0e-10
_AT_WIND = ErrorProfile((85000.0, 50000.0, 25000.0, 10000.0), (0.7, 0.8, 1.0, 0.8))
_AT_TEMPERATURE = ErrorProfile((85000.0, 50000.0), (0.35, 0.25))
_PARTS = {
    **dict.fromkeys(("u", "v", "ws"), _AT_WIND),
    **dict.fromkeys(("t", "tv"), _AT_TEMPERATURE),
    **dict.fromkeys(("q", "td", "q2m", "d2m"), ErrorProfile((100000.0,), (0.05,))),
    **dict.fromkeys(("sp", "msl"), ErrorProfile((100000.0,), (40.0,))),
    **dict.fromkeys(("u10m", "v10m", "ws10m"), ErrorProfile((100000.0,), (0.65,))),
    "z": ErrorProfile((100000.0,), (25.0,)),
    "t2m": ErrorProfile((100000.0,), (0.75,)),
}
"""f_x by variable."""


def unseen_variance(spacing_km: float) -> float:
    """S(D): variance (m2/s2) of a component of the wind at cruising level in waves that a grid is too coarse for."""
    length = 1000.0 * spacing_km / np.pi
    return float(1.5 * _MESOSCALE * length ** (2.0 / 3.0) + 0.5 * _SYNOPTIC * length**2)


def representativeness_errors(spacing_km: float) -> ErrorTable:
    """What a grid adds to the default errors, as a table for `inflate`; empty for a fine grid.

    Args:
        spacing_km: D, of the grid.
    """
    if spacing_km <= TABLE_SPACING_KM:
        return ErrorTable({})
    wind = np.sqrt(unseen_variance(min(spacing_km, COARSEST_KM)) - unseen_variance(TABLE_SPACING_KM))
    return ErrorTable(
        {
            (name, ANY_CLASS): ErrorProfile(part.pressure, tuple(float(wind * share) for share in part.error))
            for name, part in _PARTS.items()
        }
    )
