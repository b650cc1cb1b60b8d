"""Real reports on their way in: read, checked, thinned to what a coarse model can use, a share of stations withheld."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
from jaxtyping import Bool
from numpy import ndarray

from latentda.grid import EARTH_RADIUS, Layout, datetime_of_hours
from latentda.observations import (
    ErrorTable,
    HumidityAloft,
    QualityControl,
    Thinning,
    Window,
    assign_errors,
    column,
    inflate,
    refuse,
    representativeness_errors,
    select,
    used,
    withhold_stations,
)
from latentda.observations.message_classes import SOUNDINGS
from latentda.operators.near_surface import has_ground

SURFACE = ("ADPSFC", "SFCSHP")
SINGLE_LEVEL = ("AIRCAR", "AIRCFT", "SATWND")

UNNAMED = ""
"""The class of data whose file names none."""

DERIVED = ("tv", "td", "ws", "n", "tcwv", "sp", "msl")
"""What may have an equivalent though the state has no channel of it."""


def quality_control(
    degrees: float, log_pressure: float, hours: float, soundings: tuple[str, ...] = SOUNDINGS
) -> QualityControl:
    """The default checks, and fewer data where they stand closer than a model can tell apart.

    Significant levels of soundings stand closer than levels, and neighbouring stations share a grid box. A box holds
    one datum a variable and class: of soundings over 2/15 of a spacing, so that stations stay apart, and 3/8 of a
    layer; of all else over 2/3 of a spacing and 3/4 of a layer. The shares are ours.

    Args:
        degrees: spacing of the grid.
        log_pressure: spacing of the levels in ln p.
        hours: of the window, before and after the analysis.
        soundings: classes that are thinned as soundings are.
    """
    wide, thick = round(2 * degrees / 3, 3), round(3 * log_pressure / 4, 2)
    return QualityControl(
        (
            *QualityControl().checks,
            # Humidity sensors are not trusted in the cold.
            HumidityAloft(),
            Thinning(round(2 * degrees / 15, 3), round(3 * log_pressure / 8, 2), soundings),
            Thinning(wide, thick, SINGLE_LEVEL),
            Thinning(wide, 10.0, SURFACE),
            Window(hours, hours),
        )
    )


def quality_control_for(layout: Layout, interval_hours: float) -> QualityControl:
    """The checks for a world: its grid's spacing, its levels', and half an interval before and after the analysis.

    Data that no file calls a class are thinned as soundings are.
    """
    return quality_control(
        spacing_degrees(layout), spacing_log_pressure(layout), interval_hours / 2, (*SOUNDINGS, UNNAMED)
    )


def spacing_degrees(layout: Layout) -> float:
    """Spacing of a grid in degrees of a great circle: the wider of its rows' and, at its middle, its columns'."""
    grid = layout.grid
    row, column = (
        float(np.median(np.abs(np.diff(axis)))) if len(axis) > 1 else 0.0 for axis in (grid.latitude, grid.longitude)
    )
    middle = 0.0 if grid.periodic else float(np.deg2rad(np.mean(grid.latitude)))
    return max(row, column * float(np.cos(middle)))


def spacing_km(layout: Layout) -> float:
    """Spacing of a grid in km, of which :func:`spacing_degrees` tells the degrees."""
    return float(np.deg2rad(spacing_degrees(layout))) * EARTH_RADIUS / 1000.0


def spacing_log_pressure(layout: Layout) -> float:
    """Median distance of neighbouring levels in ln p; ten, which is all of the atmosphere, with fewer than two."""
    levels = np.asarray(layout.vertical.levels)
    return float(np.median(np.diff(np.log(levels)))) if levels.size > 1 else 10.0


def prepare_for(
    layout: Layout, table: pa.Table, checks: QualityControl, hours: int, *, representative: bool = True
) -> pa.Table:
    """Reports for a world: what its states have an equivalent of is checked, thinned and given errors.

    A datum is assimilated whose variable is a channel of the state, or derived from channels. Heights of soundings are
    not where states have temperatures on several levels, which say the same; other data at the ground than pressures
    need a channel of their own, since no level says what the ground does to them. A report's pressure at sea level is
    that at its barometer, reduced by the station, and counts only where the other does not. All else is refused,
    verdict ``not_assimilated``.

    Args:
        layout: of the states.
        table: the reports.
        checks: what they go through.
        hours: of the analysis, since 1970.
        representative: whether default errors grow by what a box of the grid does not show.
    """
    name = column(table, "variable")
    kept = np.isin(name, (*layout.variables, *DERIVED))
    if sum(channel.short == "t" for channel in layout.channels) > 1:
        kept &= ~sounding_heights(table)
    if has_ground(layout):
        kept &= ~_reduced(table, checks, hours)
    coarse = representativeness_errors(spacing_km(layout)) if representative else None
    return _checked(table, kept, checks, hours, coarse)


def sounding_heights(table: pa.Table) -> Bool[ndarray, " row"]:
    """Heights of soundings."""
    return np.isin(column(table, "class"), SOUNDINGS) & (column(table, "variable") == "z")


def _reduced(table: pa.Table, checks: QualityControl, hours: int) -> Bool[ndarray, " row"]:
    """Pressures at sea level of reports that tell one of their station too, which passes the checks of single data."""
    found = column(table, "variable") == "msl"
    if found.any():
        pressures = select(table, column(table, "variable") == "sp")
        sound = checks.of_single_data.apply(pressures, datetime_of_hours(hours))
        at_station = set(_reports(select(sound, used(sound))))
        found[found] = [report in at_station for report in _reports(select(table, found))]
    return found


def _reports(table: pa.Table) -> Iterator[tuple[object, ...]]:
    """What tells the report of each row."""
    return zip(*(column(table, key) for key in ("time", "lat", "lon", "station")), strict=True)


def _checked(
    table: pa.Table, kept: Bool[ndarray, " row"], checks: QualityControl, hours: int, coarse: ErrorTable | None = None
) -> pa.Table:
    # Heights are not assimilated, but the hydrostatic check judges temperatures by them.
    heights = sounding_heights(table)
    checked = checks.apply(refuse(table, ~(kept | heights), "not_assimilated"), datetime_of_hours(hours))
    # Means of several data, which superobbing appends, show what a box shows.
    means = sounding_heights(checked)[table.num_rows :]
    unkept = np.concatenate([~kept, means & ~(kept & heights).any()])
    lacking = np.pad(np.isnan(column(table, "error")), (0, len(means)))
    done = assign_errors(refuse(checked, unkept, "not_assimilated"))
    return done if coarse is None else inflate(done, coarse, lacking)


def withhold_soundings(table: pa.Table, fraction: float, seed: int) -> pa.Table:
    """Keep back whole radiosonde stations, with whatever else they report."""
    soundings = select(table, np.isin(column(table, "class"), SOUNDINGS))
    marked = withhold_stations(soundings, fraction, seed)
    names = set(column(marked, "station")[column(marked, "verdict") == "withheld"])
    return refuse(table, np.isin(column(table, "station"), list(names)), "withheld")


def analysis_hours(table: pa.Table) -> int:
    """The synoptic hour (00, 06, 12, 18 UTC) nearest to the middle of the reports, hours since 1970.

    Other reports than those of soundings, aircraft, satellite winds and surface pressures, such as of satellites all
    day long, count only where there are no others.
    """
    kept = conventional(table)
    times = np.sort(column(table, "time").astype("datetime64[s]")[kept if kept.any() else slice(None)])
    return 6 * round(int(times[len(times) // 2].astype(np.int64)) / 21600)


def conventional(table: pa.Table) -> Bool[ndarray, " row"]:
    """Temperature, wind and humidity of soundings, aircraft and satellite winds, and pressures of stations."""
    name, kind = column(table, "variable"), column(table, "class")
    aloft = np.isin(kind, (*SOUNDINGS, *SINGLE_LEVEL)) & np.isin(name, ("t", "u", "v", "q"))
    return aloft | (np.isin(kind, (*SURFACE, *SOUNDINGS)) & (name == "sp"))


def station_places(table: pa.Table, rows: Bool[ndarray, " row"]) -> tuple[ndarray, ndarray]:
    """Latitudes and longitudes of the stations that have data among some rows."""
    _, first = np.unique(column(table, "station")[rows], return_index=True)
    return column(table, "lat")[rows][first], column(table, "lon")[rows][first]
