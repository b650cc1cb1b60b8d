"""A producing centre's file as a yardstick: its first guess for our operators, its marks for our checks.

A prepBUFR file may hold, beside each datum y, the centre's own first guess H(x_b) and its quality mark. That gives

* departures y - H(x_b) by level: whether readers and units are right, as their size is known;
* an atmosphere for our operators: the first guesses of an ascent, put on fixed levels as the state of one column,
  must give back the first guesses of height, by the hydrostatic equation from the lowest level up, and what stands
  between the levels, by interpolation. What remains is what fixed levels leave out, not weather;
* a second opinion on every datum: the marks against the verdicts of our checks, which do not see the marks.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
from jaxtyping import Bool, Float
from numpy import ndarray

from latentda.assimilation.intake import Intake
from latentda.grid import Grid, Layout, PressureLevels, build_layout
from latentda.observations import (
    MANDATORY_LEVELS_HPA,
    ObservationError,
    QualityControl,
    QualityMarks,
    assign_errors,
    column,
    concatenate,
    first_guess_check,
    table_from_columns,
)
from latentda.observations.message_classes import SOUNDINGS
from latentda.observations.soundings import SoundingLevels, sounding_levels
from latentda.physics.constants import GRAVITY

MARKED_GOOD = 3
"""The worst mark of a datum that the centre trusted."""
FIRST_GUESS_FACTOR = 5.0
TOP_HPA, BOTTOM_HPA = 100.0, 850.0
_LEVELS_HPA = tuple(float(level) for level in np.geomspace(TOP_HPA, BOTTOM_HPA, 40))
_FEWEST = 10
"""Fewest first guesses of a variable that an ascent must have between the two pressures."""
_WIDE = 40
"""Ascents that stand side by side as the columns of one state."""
_ANY_TIME = datetime(2000, 1, 1)
_COMPARED = ("z", "t", "u", "v")


@dataclass(frozen=True)
class LevelRow:
    """Differences at one mandatory level; z in m, the rest SI."""

    variable: str
    level_hpa: float
    count: int
    mean: float
    deviation: float


@dataclass(frozen=True)
class MarkRow:
    """Data of one variable and mark, and how many of them our checks refuse, and why mostly."""

    variable: str
    mark: int
    count: int
    refused: int
    mostly: str


def require_first_guess(table: pa.Table, named: str | Path = "the file") -> pa.Table:
    """The table of a file, if it has a first guess.

    Raises:
        ObservationError: it has none.
    """
    if "first_guess" not in table.column_names or not np.isfinite(column(table, "first_guess")).any():
        raise ObservationError(f"{named} holds no first guess, so there is nothing to compare with")
    return table


def departure_rows(table: pa.Table) -> list[LevelRow]:
    """Departures from the file's first guess at the mandatory levels, of soundings with good marks."""
    good = (column(table, "quality") <= MARKED_GOOD) & np.isin(column(table, "class"), SOUNDINGS)
    difference = column(table, "observation").astype(float) - column(table, "first_guess")
    return _by_level(table, good & np.isfinite(difference), difference)


def operator_rows(table: pa.Table) -> list[LevelRow]:
    """What our operators make of the first guesses of ascents, against those first guesses.

    Raises:
        ObservationError: no ascent has a first guess from 850 to 100 hPa.
    """
    levels = sounding_levels(_guesses(table), ("t", "q", "u", "v", "z"), SOUNDINGS)
    world = _columns(levels)
    data = concatenate([world.data(levels, name) for name in _COMPARED])
    intake = Intake(world.layout, world.surface_geopotential)
    difference = intake.equivalents(data, world.state) - column(data, "observation")
    return _by_level(data, np.isfinite(difference), difference)


def mark_rows(table: pa.Table) -> list[MarkRow]:
    """The centre's marks against our checks, which see neither the marks nor the centre's errors.

    The checks are those of the default chain without the marks, and the first-guess check against the file's first
    guess with a background error as large as the observation error.
    """
    checks = tuple(check for check in QualityControl().checks if not isinstance(check, QualityMarks))
    checked = assign_errors(QualityControl(checks).apply(table))
    guess = column(table, "first_guess").astype(float)
    error = column(checked, "error").astype(float)
    checked = first_guess_check(checked, guess, np.nan_to_num(error), FIRST_GUESS_FACTOR)
    # Without a first guess the check cannot pass a datum; that is no opinion on it.
    verdict = np.asarray(column(checked, "verdict"), object)
    verdict[np.isnan(guess) & (verdict == "first_guess")] = ""
    rows = []
    for name, mark in sorted(set(zip(column(table, "variable"), column(table, "quality").tolist(), strict=True))):
        own = (column(table, "variable") == name) & (column(table, "quality") == mark)
        reasons = [reason for reason in verdict[own] if reason]
        mostly = max(set(reasons), key=reasons.count) if reasons else ""
        rows.append(MarkRow(str(name), int(mark), int(own.sum()), len(reasons), mostly))
    return rows


@dataclass(frozen=True, eq=False)
class _World:
    """Ascents as the columns of one state, each on a grid point of its own."""

    layout: Layout
    state: Float[ndarray, "channel lat lon"]
    surface_geopotential: Float[ndarray, "lat lon"]
    soundings: ndarray

    def data(self, levels: SoundingLevels, name: str) -> pa.Table:
        """First guesses of a variable within the columns as data at the columns' places."""
        place = np.minimum(np.searchsorted(self.soundings, levels.sounding), len(self.soundings) - 1)
        inside = (levels.pressure <= 100.0 * BOTTOM_HPA) & (levels.pressure >= 100.0 * TOP_HPA)
        rows = inside & (self.soundings[place] == levels.sounding) & np.isfinite(levels.values[name])
        grid = self.layout.grid
        row, step = np.divmod(place[rows], grid.shape[1])
        return table_from_columns(
            {
                "time": np.full(rows.sum(), np.datetime64(_ANY_TIME, "ns")),
                "lat": np.asarray(grid.latitude)[row],
                "lon": np.asarray(grid.longitude)[step],
                "pres": levels.pressure[rows],
                "observation": levels.values[name][rows],
                "variable": np.full(rows.sum(), name),
                "error": np.ones(rows.sum()),
            }
        )


def _columns(levels: SoundingLevels) -> _World:
    nodes = np.log(100.0 * np.asarray(_LEVELS_HPA))
    columns, feet, soundings = [], [], []
    for number in np.unique(levels.sounding):
        own = levels.sounding == number
        position = np.log(levels.pressure[own])
        foot = levels.values["z"][own][np.abs(position - nodes[-1]) < 1e-6]
        found = [_profile(position, levels.values[name][own], nodes) for name in ("t", "u", "v")]
        profiles = [profile for profile in found if profile is not None]
        if foot.size and np.isfinite(foot[0]) and len(profiles) == len(found):
            humid = _profile(position, levels.values["q"][own], nodes, above=0.0)
            columns.append([*profiles, np.zeros_like(nodes) if humid is None else humid])
            feet.append(foot[0])
            soundings.append(number)
    if not soundings:
        raise ObservationError(f"no ascent has a first guess from {BOTTOM_HPA:g} to {TOP_HPA:g} hPa")
    grid = Grid(tuple(np.arange(-(-len(soundings) // _WIDE)) * 1.0), tuple(np.arange(_WIDE) * 1.0), False, "regional")
    layout = build_layout(
        grid, PressureLevels(_LEVELS_HPA), {name: _LEVELS_HPA for name in ("t", "u", "v", "q")}, ["sp"]
    )
    state = np.zeros((len(layout.channels), grid.shape[0] * _WIDE))
    state[:-1, : len(soundings)] = np.reshape(columns, (len(soundings), -1)).T
    state[-1] = 100.0 * BOTTOM_HPA
    ground = np.zeros(state.shape[1])
    ground[: len(soundings)] = feet
    shape = (-1, *grid.shape)
    return _World(layout, state.reshape(shape), ground.reshape(grid.shape), np.asarray(soundings))


def _profile(
    position: ndarray, values: ndarray, nodes: ndarray, above: float | None = None
) -> Float[ndarray, " level"] | None:
    """Values on the nodes, None where they do not reach from the lowest to the highest.

    Args:
        position: ln p of the values, falling.
        values: with NaN for none.
        nodes: ln p, rising.
        above: what holds above the highest value; without it the values have to reach the top.
    """
    known = np.isfinite(values)
    if known.sum() < _FEWEST or position[known][0] < nodes[-1] - 1e-6:
        return None
    if above is None and position[known][-1] > nodes[0] + 1e-6:
        return None
    return np.interp(nodes, position[known][::-1], values[known][::-1], left=above)


def _guesses(table: pa.Table) -> pa.Table:
    """The table with the first guess for the observation, of all data that have one."""
    guess = column(table, "first_guess")
    with_guess = table.set_column(
        table.column_names.index("observation"), table.schema.field("observation"), pa.array(np.nan_to_num(guess))
    )
    return with_guess.filter(pa.array(np.isfinite(guess)))


def _by_level(table: pa.Table, rows: Bool[ndarray, " row"], difference: ndarray) -> list[LevelRow]:
    names, pressure = column(table, "variable"), column(table, "pres")
    found = []
    for name in _COMPARED:
        scale = 1.0 / GRAVITY if name == "z" else 1.0
        for level in MANDATORY_LEVELS_HPA:
            chosen = rows & (names == name) & (np.abs(pressure - 100.0 * level) < 1.0)
            if chosen.any():
                values = scale * difference[chosen]
                found.append(LevelRow(name, float(level), int(chosen.sum()), float(values.mean()), float(values.std())))
    return found
