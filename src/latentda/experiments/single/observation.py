"""A single observation and its analysis, and where in the state they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from jaxtyping import Float
from numpy import ndarray

from latentda.experiments.single.background import Background
from latentda.grid import Layout, datetime_of_hours, variable
from latentda.observations import table_from_columns
from latentda.user_error import UserError


@dataclass(frozen=True)
class SingleObservation:
    """One datum and its place.

    Attributes:
        variable: ``t``, ``q``, ``u``, ``v`` or ``sp``.
        latitude: degrees north.
        longitude: degrees east.
        departure: y - H(x_b), SI units.
        error: its standard deviation sigma_o, SI units.
        level_hpa: its pressure; not used by surface pressure.
    """

    variable: str
    latitude: float
    longitude: float
    departure: float
    error: float
    level_hpa: float | None = None

    def __post_init__(self) -> None:
        if not self.error > 0.0 or not np.isfinite(self.departure):
            raise UserError("An observation needs a finite departure and a positive error.")
        if variable(self.variable).has_levels and not (self.level_hpa and self.level_hpa > 0.0):
            raise UserError(f"An observation of {self.variable} needs a level in hPa.")

    def table(self, value: float, hours: int) -> pa.Table:
        """The observation table with this one row of a value."""
        on_level = variable(self.variable).has_levels
        columns = {
            "time": datetime_of_hours(hours),
            "lat": self.latitude,
            "lon": self.longitude,
            "elev": 0.0,
            "pres": 100.0 * self.level_hpa if on_level and self.level_hpa else np.nan,
            "observation": value,
            "error": self.error,
            "variable": self.variable,
        }
        return table_from_columns({name: [entry] for name, entry in columns.items()})


@dataclass(frozen=True, eq=False)
class SingleAnalysis:
    """What one method made of it.

    Attributes:
        method: its name.
        observation: the datum.
        background: x_b.
        increment: x_a - x_b, physical units.
        fitted: share of the departure that the analysis took up.
        advice: how the minimisation ended.
    """

    method: str
    observation: SingleObservation
    background: Background
    increment: Float[ndarray, "channel lat lon"]
    fitted: float
    advice: str


def nearest_channel(observation: SingleObservation, background: Background, layout: Layout) -> int:
    """The channel of the observed variable whose level at the place is nearest in ln p."""
    require_variable(observation, layout)
    channels = layout.indices(observation.variable)
    if layout.channels[channels[0]].level is None:
        return int(channels[0])
    pressures = level_pressures(observation, background, layout)
    return int(channels[np.argmin(np.abs(np.log(pressures / (observation.level_hpa or 1000.0))))])


def level_pressures(
    observation: SingleObservation, background: Background, layout: Layout, short: str | None = None
) -> Float[ndarray, " level"]:
    """Pressure (hPa) at the place of the levels of a variable (default: the observed one)."""
    levels = np.asarray(layout.levels_of(short or observation.variable))
    if layout.vertical.units != "sigma":
        return levels
    row, column = nearest_point(observation, layout)
    return 1e-2 * levels * float(background.state[layout.index("sp"), row, column])


def nearest_point(observation: SingleObservation, layout: Layout) -> tuple[int, int]:
    """Row and column of the grid point nearest to the place."""
    east = (np.asarray(layout.grid.longitude) - observation.longitude + 180.0) % 360.0 - 180.0
    row = int(np.argmin(np.abs(np.asarray(layout.grid.latitude) - observation.latitude)))
    return row, int(np.argmin(np.abs(east)))


def require_variable(observation: SingleObservation, layout: Layout) -> None:
    """Refuse an observation of a variable that the state does not hold.

    Raises:
        UserError: it does not.
    """
    if observation.variable not in layout.variables:
        raise UserError(f"The layout has no {observation.variable}; it has {', '.join(layout.variables)}.")
