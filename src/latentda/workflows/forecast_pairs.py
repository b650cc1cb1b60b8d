"""Pairs of states whose differences stand for background errors, from an archive of forecasts or of ensembles.

Two forecasts of unlike lead valid at one time, or the mean of an ensemble and a member of it with its departure made
larger (:mod:`latentda.priors.nmc` has the equations and their sources).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy import ndarray

from latentda.fields import Forecasts, Location, open_forecasts
from latentda.grid import Time, datetime_of_hours
from latentda.priors import member_pairs, write_pairs
from latentda.progress import Track, silent
from latentda.user_error import UserError
from latentda.world import WorldFolder


@dataclass(frozen=True)
class MadePairs:
    """A file of pairs and what is in it.

    Attributes:
        file: where it is.
        count: of the pairs.
        what: they are differences of.
        first: time at which the first one is valid.
        last: and the last one.
    """

    file: Path
    count: int
    what: str
    first: np.datetime64
    last: np.datetime64

    def __str__(self) -> str:
        return f"{self.count} pairs of {self.what}, {str(self.first)[:10]} to {str(self.last)[:10]}"


def make_forecast_pairs(
    forecasts: Location,
    world: WorldFolder,
    out: Path | None = None,
    *,
    short: int | None = None,
    long: int | None = None,
    start: Time | None = None,
    end: Time | None = None,
    track: Track = silent,
) -> MadePairs:
    """Write the pairs of a store of forecasts, one a time at which both leads are valid.

    Args:
        forecasts: the store; see :mod:`latentda.fields.forecasts`.
        world: its layout is read, its climatology taken off.
        out: the file; by default ``pairs.safetensors`` of the world.
        short: the shorter lead (h); by default the nearest to 24.
        long: the longer one; by default the nearest to a day later.
        start: first time of validity.
        end: end of these times, exclusive.
        track: shows progress.

    Raises:
        UserError: the store lacks leads, times, levels or variables, stands on another grid, or holds NaN.
    """
    store, layout = open_forecasts(forecasts, start, end), world.layout
    leads = store.chosen_leads(short, long)
    hours = _valid(store, world, leads)

    def pairs() -> Iterator[tuple[ndarray, ndarray]]:
        for when, *states in track(store.pairs(layout, *leads), "forecast pairs", hours.size):
            first, second = (_anomalies(world, state, when) for state in states)
            yield first, second

    return _written(pairs(), hours.size, f"forecasts of {leads[0]} h and {leads[1]} h", hours, world, out)


def make_member_pairs(
    members: Location,
    world: WorldFolder,
    out: Path | None = None,
    *,
    lead: int | None = None,
    start: Time | None = None,
    end: Time | None = None,
    track: Track = silent,
) -> MadePairs:
    """Write the pairs of a store of ensembles, one a time and member.

    Args:
        members: the store.
        world: as above.
        out: likewise.
        lead: of the forecasts (h), where the store has several; by default the nearest to the world's interval, since
            backgrounds are forecasts of that length.
        start: first time of validity.
        end: end of these times, exclusive.
        track: shows progress.

    Raises:
        UserError: as above, or there are no members.
    """
    store, layout = open_forecasts(members, start, end), world.layout
    lead = store.chosen_lead(lead, world.settings.interval_hours)
    hours = _valid(store, world, () if lead is None else (lead,))

    def pairs() -> Iterator[tuple[ndarray, ndarray]]:
        for when, states in track(store.ensembles(layout, lead), "ensembles", hours.size):
            yield from member_pairs(_anomalies(world, states, when))

    what = f"{store.members} members and their mean" + (f", {lead} h" if lead is not None else "")
    return _written(pairs(), hours.size * store.members, what, hours, world, out)


def _valid(store: Forecasts, world: WorldFolder, leads: tuple[int, ...]) -> ndarray:
    """The times of validity, once it is sure that states can be read."""
    store.require(world.layout)
    hours = store.valid_hours(*leads)
    if not hours.size:
        raise UserError(f"{store.location} holds no forecast that is valid between {store.start} and {store.end}.")
    return hours


def _anomalies(world: WorldFolder, states: ndarray, hours: int) -> ndarray:
    return np.asarray(world.standardizer.to_anomaly(states, np.int32(hours)))


def _written(
    pairs: Iterator[tuple[ndarray, ndarray]],
    count: int,
    what: str,
    hours: ndarray,
    world: WorldFolder,
    out: Path | None,
) -> MadePairs:
    first, last = datetime_of_hours(hours[0]), datetime_of_hours(hours[-1])
    about = {"what": what, "first": str(first), "last": str(last)}
    return MadePairs(write_pairs(pairs, out or world.folder / "pairs.safetensors", about), count, what, first, last)
