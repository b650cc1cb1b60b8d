"""A single observation and its analysis, and where in the state they are."""

from __future__ import annotations

from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
import pyarrow as pa
from jaxtyping import Float
from numpy import ndarray

from latentda.experiments.single.background import Background
from latentda.grid import Grid, Layout, datetime_of_hours, variable
from latentda.observations import table_from_columns
from latentda.operators.interpolation import inside
from latentda.user_error import UserError


@dataclass(frozen=True)
class SingleObservation:
    """One datum and its place.

    Attributes:
        variable: any that has an equivalent in the states.
        latitude: degrees north.
        longitude: degrees east.
        departure: y - H(x_b), SI units.
        error: its standard deviation sigma_o, SI units.
        level_hpa: its pressure; not used at the surface.
        station: that it comes from, where it is a report.

    Raises:
        UserError: a departure that is not finite, or an error that is not positive.
    """

    variable: str
    latitude: float
    longitude: float
    departure: float
    error: float
    level_hpa: float | None = None
    station: str = ""

    def __post_init__(self) -> None:
        if not self.error > 0.0 or not np.isfinite(self.departure):
            raise UserError("An observation needs a finite departure and a positive error.")

    def table(self, value: float, hours: int) -> pa.Table:
        """The observation table with this one row of a value.

        Raises:
            UserError: it is of a variable on levels and has none.
        """
        on_level = variable(self.variable).has_levels
        if on_level and not (self.level_hpa and self.level_hpa > 0.0):
            raise UserError(f"An observation of {self.variable} needs a level in hPa.")
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
        channel: of the state where the increment is looked at first: the observed one, or where the state holds none
            of the variable the one that changes most in climatological standard deviations.
    """

    method: str
    observation: SingleObservation
    background: Background
    increment: Float[ndarray, "channel lat lon"]
    fitted: float
    advice: str
    channel: int


def nearest_channel(observation: SingleObservation, background: Background, layout: Layout) -> int | None:
    """The channel of the observed variable whose level at the place is nearest in ln p; None where there is none."""
    channels = layout.indices(observation.variable)
    if not channels.size or layout.channels[channels[0]].level is None:
        return int(channels[0]) if channels.size else None
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


def usual_place(grid: Grid, wanted: tuple[float, float]) -> tuple[float, float]:
    """A place (degrees north, degrees east) that a grid has: the wanted one, or its middle."""
    if inside(grid, *(jnp.asarray([degrees]) for degrees in wanted)).all():
        return wanted
    east = (float(np.mean(grid.longitude)) + 180.0) % 360.0 - 180.0
    return float(np.mean(grid.latitude)), east
