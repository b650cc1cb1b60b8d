"""Which rows belong to one sounding and to one level of it.

A table is long: the data of a balloon's ascent are scattered rows. Two rows belong to one sounding if they share
the station and are neighbours in time and place; a level is a pressure of a sounding. Balloons drift, and a file may
hold two ascents of a station, or two ships under one call sign, so a sounding ends where, in order of time, the next
datum is more than an hour or two degrees away. Data without a station name belong together only at one place and
time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from latentda.observations.table import VARIABLES, column, used

MOST_SECONDS = 3600.0
MOST_DEGREES = 2.0


@dataclass(frozen=True, eq=False)
class SoundingLevels:
    """The levels of all soundings of a table, sounding by sounding and from the ground up.

    Attributes:
        sounding: number of the sounding of each level, rising.
        pressure: of each level, Pa, falling within a sounding.
        values: of each variable on each level, SI; NaN where there is none.
        errors: their standard deviations, SI; NaN where null.
        level: level of each row of the table, -1 for rows that belong to none.
    """

    sounding: np.ndarray
    pressure: np.ndarray
    values: dict[str, np.ndarray]
    errors: dict[str, np.ndarray]
    level: np.ndarray

    def rows(self, table: pa.Table, levels: np.ndarray, variables: Sequence[str]) -> np.ndarray:
        """Mask of the rows of some variables on the levels marked true."""
        marked = np.append(levels, False)[self.level]
        return marked & pc.is_in(table["variable"], pa.array(variables)).to_numpy()


def sounding_levels(table: pa.Table, variables: Sequence[str], classes: Sequence[str]) -> SoundingLevels:
    """Gather the used data of soundings by level.

    Where a level has a variable twice, the datum with the better quality mark stands for it, then the smaller value.

    Args:
        table: the observations.
        variables: which to gather.
        classes: message classes that are soundings, for example ADPUPA.
    """
    kind = pc.is_in(table["class"], pa.array(classes, pa.string())).to_numpy()
    wanted = pc.is_in(table["variable"], pa.array(variables, pa.string())).to_numpy()
    pressure = column(table, "pres").astype(np.float64)
    rows = np.flatnonzero(kind & wanted & used(table) & ~np.isnan(pressure))
    sounding = sounding_numbers(table)[rows]
    order = np.lexsort((-pressure[rows], sounding))
    new = _changes(sounding[order], pressure[rows][order])
    numbers = np.cumsum(new) - 1
    level = np.full(table.num_rows, -1)
    level[rows[order]] = numbers
    first = order[new]
    size = len(first)
    values, errors = {}, {}
    for name in variables:
        best = _best_rows(table, rows, name, level)
        values[name], errors[name] = np.full(size, np.nan), np.full(size, np.nan)
        values[name][level[best]] = column(table, "observation")[best]
        errors[name][level[best]] = column(table, "error")[best]
    return SoundingLevels(sounding[first], pressure[rows][first], values, errors, level)


def sounding_numbers(table: pa.Table) -> np.ndarray:
    """A number for each sounding, station by station and in order of time; one value a row."""
    names = table["station"].combine_chunks().dictionary_encode()
    station = names.indices.to_numpy()
    nameless = np.asarray(names.dictionary.to_numpy(zero_copy_only=False) == "", dtype=bool)
    seconds = column(table, "time").astype("datetime64[ns]").astype(np.int64) * 1e-9
    latitude, longitude = column(table, "lat").astype(np.float64), column(table, "lon").astype(np.float64)
    order = np.lexsort((longitude, latitude, seconds, station))
    lat, lon, time, name = (values[order] for values in (latitude, longitude, seconds, station))
    turn = np.abs(np.diff(lon))
    eastward = np.minimum(turn, 360.0 - turn) * np.cos(np.deg2rad(lat[:-1]))
    apart, later = np.hypot(np.diff(lat), eastward), np.diff(time)
    new = np.diff(name) != 0
    new |= (later > MOST_SECONDS) | (apart > MOST_DEGREES)
    if nameless.any():
        new |= nameless[name[1:]] & ((later > 0.0) | (apart > 0.0))
    numbers = np.empty(table.num_rows, dtype=np.int64)
    numbers[order] = np.cumsum(np.append(False, new))[: len(order)]
    return numbers


def level_numbers(table: pa.Table) -> np.ndarray:
    """A number for each distinct station, time, place, pressure and height, one for all rows of a level."""
    keys = [
        table["station"].combine_chunks().dictionary_encode().indices.to_numpy(),
        column(table, "time").astype(np.int64),
        np.nan_to_num(column(table, "lat")),
        np.nan_to_num(column(table, "lon")),
        np.nan_to_num(column(table, "pres"), nan=-1.0),
        np.nan_to_num(column(table, "height"), nan=-1e6),
    ]
    return group_numbers(keys)


def group_numbers(keys: Sequence[np.ndarray]) -> np.ndarray:
    """A number from zero for each distinct combination of the keys; one value a row."""
    order = np.lexsort(keys)
    numbers = np.empty(len(order), dtype=np.int64)
    numbers[order] = np.cumsum(_changes(*(key[order] for key in keys))) - 1
    return numbers


def variable_numbers(table: pa.Table) -> np.ndarray:
    """Index of each row's variable in `VARIABLES`."""
    return pc.index_in(table["variable"], pa.array(VARIABLES)).to_numpy()


def all_but_best(
    table: pa.Table, eligible: np.ndarray, keys: Sequence[np.ndarray], rank: np.ndarray | None = None
) -> np.ndarray:
    """Of eligible rows equal in all keys all but the one with the best mark (of such the lowest in rank, the first)."""
    rows = np.flatnonzero(eligible)
    inner = (rows,) if rank is None else (rows, rank[rows])
    order = rows[np.lexsort((*inner, column(table, "quality")[rows], *(key[rows] for key in keys)))]
    others = np.zeros(table.num_rows, dtype=bool)
    others[order[~_changes(*(key[order] for key in keys))]] = True
    return others


def _best_rows(table: pa.Table, rows: np.ndarray, variable: str, level: np.ndarray) -> np.ndarray:
    rows = rows[pc.equal(table["variable"], variable).to_numpy()[rows]]
    order = rows[np.lexsort((column(table, "observation")[rows], column(table, "quality")[rows], level[rows]))]
    return order[_changes(level[order])]


def _changes(*keys: np.ndarray) -> np.ndarray:
    """True where a sorted row differs from the one before it in any key; the first row does."""
    new = np.ones(len(keys[0]), dtype=bool)
    if len(new):
        new[1:] = False
        for key in keys:
            new[1:] |= key[1:] != key[:-1]
    return new
