"""Real reports on their way in: read, checked, thinned to what a coarse model can use, a share of stations withheld."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Bool
from numpy import ndarray

from latentda.grid import datetime_of_hours, iso
from latentda.observations import (
    ErrorTable,
    HumidityAloft,
    ObservationError,
    QualityControl,
    Thinning,
    Window,
    assign_errors,
    column,
    read_observations,
    refuse,
    replace_errors,
    require_used,
    select,
    withhold_stations,
)
from latentda.observations.message_classes import SOUNDINGS

SURFACE = ("ADPSFC", "SFCSHP")
SINGLE_LEVEL = ("AIRCAR", "AIRCFT", "SATWND")

COARSE = QualityControl(
    (
        *QualityControl().checks,
        # Humidity sensors of the time are not trusted in the cold.
        HumidityAloft(),
        # Significant levels stand closer than the model's; neighbouring land stations share one grid box.
        Thinning(0.5, 0.15, SOUNDINGS),
        Thinning(2.5, 0.3, SINGLE_LEVEL),
        Thinning(2.5, 10.0, SURFACE),
        # The files of a cycle of six hours begin with balloons that rose a quarter of an hour before.
        Window(3.5, 3.5),
    )
)
"""Checks and thinning for a model with boxes of 3.75 degrees."""


@dataclass(frozen=True, eq=False)
class RealReports:
    """The reports of one cycle.

    Attributes:
        table: with verdicts.
        hours: time of the analysis, hours since 1970.
    """

    table: pa.Table
    hours: int

    @property
    def time(self) -> str:
        """The time of the analysis in words."""
        return iso(datetime_of_hours(self.hours))


def read_reports(path: str | Path, errors: ErrorTable | None = None) -> RealReports:
    """The reports of any file of observations, checked.

    Args:
        path: the file.
        errors: of observations, before those of the file and the default ones.

    Raises:
        ObservationError: the file cannot be read, or nothing of it is left to use.
    """
    read = read_observations(path)
    table = replace_errors(read, errors) if errors else read
    return RealReports(prepare(table), analysis_hours(table))


def prepare(table: pa.Table, quality_control: QualityControl = COARSE) -> pa.Table:
    """All reports: soundings, aircraft, satellite winds and surface pressures checked, thinned and with errors.

    What else a file holds is refused, verdict ``not_assimilated``. The window of the checks is around
    :func:`analysis_hours`.

    Raises:
        ObservationError: nothing is left to use.
    """
    kept = _assimilated(table)
    if not kept.any():
        _nothing(table)
    # Geopotential is not assimilated, but the hydrostatic check judges temperatures by it.
    heights = np.isin(column(table, "class"), SOUNDINGS) & (column(table, "variable") == "z")
    chosen = refuse(table, ~(kept | heights), "not_assimilated")
    checked = quality_control.apply(chosen, datetime_of_hours(analysis_hours(table)))
    return require_used(assign_errors(refuse(checked, ~kept, "not_assimilated")))


def withhold_soundings(table: pa.Table, fraction: float, seed: int) -> pa.Table:
    """Keep back whole radiosonde stations, with whatever else they report."""
    soundings = select(table, np.isin(column(table, "class"), SOUNDINGS))
    marked = withhold_stations(soundings, fraction, seed)
    names = set(column(marked, "station")[column(marked, "verdict") == "withheld"])
    return refuse(table, np.isin(column(table, "station"), list(names)), "withheld")


def analysis_hours(table: pa.Table) -> int:
    """The synoptic hour (00, 06, 12, 18 UTC) nearest to the middle of the reports, hours since 1970.

    Reports that are not assimilated, such as of satellites all day long, count only where there are no others.
    """
    kept = _assimilated(table)
    times = np.sort(column(table, "time").astype("datetime64[s]")[kept if kept.any() else slice(None)])
    return 6 * round(int(times[len(times) // 2].astype(np.int64)) / 21600)


def _assimilated(table: pa.Table) -> Bool[ndarray, " row"]:
    """Rows of the kinds that these experiments assimilate."""
    name, kind = column(table, "variable"), column(table, "class")
    aloft = np.isin(kind, (*SOUNDINGS, *SINGLE_LEVEL)) & np.isin(name, ("t", "u", "v", "q"))
    return aloft | (np.isin(kind, (*SURFACE, *SOUNDINGS)) & (name == "sp"))


def station_places(table: pa.Table, rows: Bool[ndarray, " row"]) -> tuple[ndarray, ndarray]:
    """Latitudes and longitudes of the stations that have data among some rows."""
    _, first = np.unique(column(table, "station")[rows], return_index=True)
    return column(table, "lat")[rows][first], column(table, "lon")[rows][first]


def _nothing(table: pa.Table) -> pa.Table:
    classes = ", ".join(sorted(set(pc.unique(table["class"]).to_pylist()))) or "no report"
    raise ObservationError(f"There is no upper-air report or surface pressure in the file; it holds {classes}.")
