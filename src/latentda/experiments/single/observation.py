"""One observation around one background: what a method makes of it.

The increment of a single observation y = H(x_b) + d with error sigma_o is one column of B, seen through the method:

    x_a - x_b = B h d / (h^T B h + sigma_o^2)        where H is linear, h its row,

so it shows which correlations a prior believes in, how far they reach, and whether they know the flow of the day.
Source: Thepaut, Courtier, Belaud & Lemaitre (1996), doi 10.1002/qj.49712253012.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from jaxtyping import Float
from numpy import ndarray

from latentda.assimilation import Variational
from latentda.assimilation.intake import Intake
from latentda.fields import open_store, read_states
from latentda.grid import Layout, Time, datetime_of_hours, hours_since_1970, variable
from latentda.methods import METHODS, Options, require_methods
from latentda.observations import table_from_columns
from latentda.user_error import UserError
from latentda.world import WorldFolder

CLIMATOLOGY = "climatology"
"""The background's name that stands for the mean state of the date."""


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
class Background:
    """The state that the observation meets.

    Attributes:
        name: where it comes from, in words.
        hours: valid time, hours since 1970.
        state: physical units.
    """

    name: str
    hours: int
    state: Float[ndarray, "channel lat lon"]


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


def read_background(source: str | Path, world: WorldFolder, date: Time | None = None) -> Background:
    """A background by name.

    Args:
        source: ``"climatology"`` or a store of states of the world's layout.
        world: holds the climatology.
        date: valid time; by default the store's last, or 1 January 2000 for the climatology.

    Raises:
        FieldsError: the store lacks a field, a date or the grid of the world.
        UserError: a date off the hour.
    """
    if str(source) == CLIMATOLOGY:
        hours = int(hours_since_1970(date or "2000-01-01"))
        return Background(CLIMATOLOGY, hours, np.asarray(world.standardizer.climatology.mean(np.int32(hours))))
    dataset = open_store(source)
    if date is None and "time" in dataset.coords:
        date = np.ravel(dataset["time"].values)[-1]
    hours = int(hours_since_1970(str(date)[:16])) if date is not None else int(hours_since_1970("2000-01-01"))
    times = [datetime_of_hours(hours)] if "time" in dataset.dims else None
    return Background(Path(source).name, hours, read_states(dataset, world.layout, times)[0])


def single_observation(
    observation: SingleObservation,
    background: Background,
    methods: Sequence[str],
    world: WorldFolder,
    *,
    factor: float = 1.0,
) -> list[SingleAnalysis]:
    """Assimilate one observation by each method.

    Args:
        observation: the datum.
        background: x_b.
        methods: names from :data:`latentda.methods.catalogue.METHODS` that assimilate.
        world: scales, network and background errors.
        factor: on the background errors' variances.

    Raises:
        UserError: an unknown method or one that assimilates nothing, a variable that the state does not hold, or
            a place where the background has no equivalent.
    """
    require_methods(methods)
    if "free_run" in methods:
        raise UserError("The run without assimilation has no increment; leave free_run out.")
    standardizer = world.standardizer
    layout = standardizer.layout
    _require_variable(observation, layout)
    # The station stands on the model's own surface, whatever its height: both heights are 0.
    intake = Intake(layout, np.zeros(layout.grid.shape))
    equivalent = _equivalent(intake, observation, background)
    term = intake.term(observation.table(equivalent + observation.departure, background.hours), background.hours)
    anomaly = standardizer.to_anomaly(background.state, np.int32(background.hours))
    scale = np.asarray(standardizer.scale, np.float64)[:, None, None]
    made: list[SingleAnalysis] = []
    for name in methods:
        method = METHODS[name].build(world, Options(factor=factor))
        assert isinstance(method, Variational)
        analysis = method.solve(anomaly, (term,), background.hours)
        before, after = (np.ravel(d[0]) for d in (analysis.observation_background, analysis.observation_analysis))
        row = int(np.argmax(np.abs(before)))
        fitted = float(1.0 - after[row] / before[row]) if before[row] else 0.0
        increment = scale * np.asarray(analysis.increment, np.float64)
        made.append(SingleAnalysis(name, observation, background, increment, fitted, analysis.result.advice))
    return made


def nearest_channel(observation: SingleObservation, background: Background, layout: Layout) -> int:
    """The channel of the observed variable whose level at the place is nearest in ln p."""
    _require_variable(observation, layout)
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


def _require_variable(observation: SingleObservation, layout: Layout) -> None:
    if observation.variable not in layout.variables:
        raise UserError(f"The layout has no {observation.variable}; it has {', '.join(layout.variables)}.")


def _equivalent(intake: Intake, observation: SingleObservation, background: Background) -> float:
    value = float(intake.equivalents(observation.table(0.0, background.hours), background.state)[0])
    if np.isfinite(value):
        return value
    where = f" at {observation.level_hpa:g} hPa" if observation.level_hpa else ""
    raise UserError(
        f"The background has no {observation.variable}{where} over {observation.latitude:g} N "
        f"{observation.longitude:g} E: below its ground, above its top or off its grid; choose another place or level."
    )
