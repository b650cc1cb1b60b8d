"""The links of a chain of quality control: each a check with its settings, as data that can be called."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Literal

import numpy as np
import pyarrow as pa
from pydantic import ConfigDict

from latentda.observations.blacklist import BlacklistEntry, check_blacklist
from latentda.observations.error_bounds import check_error_size
from latentda.observations.error_table import assign_errors
from latentda.observations.hydrostatic_check import check_hydrostatic
from latentda.observations.message_classes import SOUNDINGS
from latentda.observations.place_checks import check_position, check_window
from latentda.observations.quality import (
    HUMIDITY_TOP_PA,
    check_below_ground,
    check_duplicates,
    check_humidity_aloft,
    check_quality_marks,
    check_range,
)
from latentda.observations.soundings_checks import check_lapse_rate, check_wind_shear
from latentda.observations.table import ObservationError, as_time64
from latentda.observations.thinning import CORRELATION, superob, thin_by_box

DATUM, COPIES, SOUNDING, FEWER = range(4)
"""The stages, in order."""
Time = datetime | np.datetime64 | None


class Link(ABC):
    """A check with its settings.

    Attributes:
        stage: when it runs: `DATUM`, `COPIES`, `SOUNDING` or `FEWER`.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    stage: ClassVar[int] = DATUM

    def __call__(self, table: pa.Table, analysis_time: Time = None) -> pa.Table:
        """The table after the check.

        Raises:
            ObservationError: the check needs the analysis time (UTC) and there is none.
        """
        return self._run(table, analysis_time)

    @abstractmethod
    def _run(self, table: pa.Table, analysis_time: Time) -> pa.Table: ...


@dataclass(frozen=True)
class QualityMarks(Link):
    """`check_quality_marks`."""

    worst: int = 3
    check: Literal["quality_marks"] = "quality_marks"

    def _run(self, table: pa.Table, analysis_time: Time) -> pa.Table:
        return check_quality_marks(table, self.worst)


@dataclass(frozen=True)
class Range(Link):
    """`check_range`."""

    check: Literal["range"] = "range"

    def _run(self, table: pa.Table, analysis_time: Time) -> pa.Table:
        return check_range(table)


@dataclass(frozen=True)
class ErrorSize(Link):
    """`check_error_size`."""

    check: Literal["error_size"] = "error_size"

    def _run(self, table: pa.Table, analysis_time: Time) -> pa.Table:
        return check_error_size(table)


@dataclass(frozen=True)
class BelowGround(Link):
    """`check_below_ground`."""

    check: Literal["below_ground"] = "below_ground"

    def _run(self, table: pa.Table, analysis_time: Time) -> pa.Table:
        return check_below_ground(table)


@dataclass(frozen=True)
class HumidityAloft(Link):
    """`check_humidity_aloft`; `top` in Pa."""

    top: float = HUMIDITY_TOP_PA
    check: Literal["humidity_aloft"] = "humidity_aloft"

    def _run(self, table: pa.Table, analysis_time: Time) -> pa.Table:
        return check_humidity_aloft(table, self.top)


@dataclass(frozen=True)
class Position(Link):
    """`check_position`."""

    check: Literal["position"] = "position"

    def _run(self, table: pa.Table, analysis_time: Time) -> pa.Table:
        return check_position(table)


@dataclass(frozen=True)
class Window(Link):
    """`check_window` around the analysis time, in hours."""

    hours_before: float = 3.0
    hours_after: float = 3.0
    check: Literal["window"] = "window"

    def _run(self, table: pa.Table, analysis_time: Time) -> pa.Table:
        if analysis_time is None:
            raise ObservationError("the check of the window needs the analysis time")
        middle = as_time64(analysis_time)
        before, after = (
            np.timedelta64(timedelta(hours=hours)).astype("timedelta64[ns]")
            for hours in (self.hours_before, self.hours_after)
        )
        return check_window(table, middle - before, middle + after)


@dataclass(frozen=True)
class Blacklist(Link):
    """`check_blacklist`; in YAML, `file` names a file of entries."""

    entries: tuple[BlacklistEntry, ...] = ()
    check: Literal["blacklist"] = "blacklist"

    def _run(self, table: pa.Table, analysis_time: Time) -> pa.Table:
        return check_blacklist(table, self.entries)


@dataclass(frozen=True)
class Duplicates(Link):
    """`check_duplicates`."""

    stage: ClassVar[int] = COPIES
    check: Literal["duplicates"] = "duplicates"

    def _run(self, table: pa.Table, analysis_time: Time) -> pa.Table:
        return check_duplicates(table)


@dataclass(frozen=True)
class Hydrostatic(Link):
    """`check_hydrostatic`."""

    stage: ClassVar[int] = SOUNDING
    factor: float = 4.0
    classes: tuple[str, ...] = SOUNDINGS
    check: Literal["hydrostatic"] = "hydrostatic"

    def _run(self, table: pa.Table, analysis_time: Time) -> pa.Table:
        return check_hydrostatic(table, self.factor, self.classes)


@dataclass(frozen=True)
class LapseRate(Link):
    """`check_lapse_rate`."""

    stage: ClassVar[int] = SOUNDING
    factor: float = 3.0
    largest: float = 12.0
    steepest: float = 15.0
    largest_near_ground: float = 30.0
    classes: tuple[str, ...] = SOUNDINGS
    check: Literal["lapse_rate"] = "lapse_rate"

    def _run(self, table: pa.Table, analysis_time: Time) -> pa.Table:
        limits = (self.factor, self.largest, self.steepest, self.largest_near_ground)
        return check_lapse_rate(table, *limits, classes=self.classes)


@dataclass(frozen=True)
class WindShear(Link):
    """`check_wind_shear`."""

    stage: ClassVar[int] = SOUNDING
    factor: float = 3.0
    largest: float = 20.0
    steepest: float = 60.0
    classes: tuple[str, ...] = SOUNDINGS
    check: Literal["wind_shear"] = "wind_shear"

    def _run(self, table: pa.Table, analysis_time: Time) -> pa.Table:
        return check_wind_shear(table, self.factor, self.largest, self.steepest, self.classes)


@dataclass(frozen=True)
class Thinning(Link):
    """`thin_by_box`."""

    stage: ClassVar[int] = FEWER
    degrees: float
    log_pressure: float
    classes: tuple[str, ...] | None = None
    check: Literal["thinning"] = "thinning"

    def _run(self, table: pa.Table, analysis_time: Time) -> pa.Table:
        return thin_by_box(table, self.degrees, self.log_pressure, self.classes, analysis_time)


@dataclass(frozen=True)
class Superobbing(Link):
    """`superob`, with null errors filled from the default error table first."""

    stage: ClassVar[int] = FEWER
    degrees: float
    log_pressure: float
    classes: tuple[str, ...] | None = None
    correlation: float = CORRELATION
    check: Literal["superobbing"] = "superobbing"

    def _run(self, table: pa.Table, analysis_time: Time) -> pa.Table:
        return superob(assign_errors(table), self.degrees, self.log_pressure, self.classes, self.correlation)
