"""Stores of forecasts: states by start and lead, or by member, read a date at a time.

| written by | start | lead | member |
| --- | --- | --- | --- |
| WeatherBench 2, WeatherBench-X | ``time``, ``init_time`` | ``prediction_timedelta``, ``lead_time`` | ``number`` |
| cfgrib, earthkit | ``time``, ``forecast_reference_time`` | ``step`` | ``number`` |
| Climate Data Store | ``forecast_reference_time`` | ``forecast_period`` | ``number`` |
| earth2studio | ``time`` | ``lead_time`` | ``ensemble`` |

and others like them (:data:`~latentda.grid.names.FORECAST_DIMENSIONS`). A forecast is valid at its start plus its
lead; with a dimension ``valid_time`` instead of a start, at that time. Without leads a store's times are those at which
states are valid.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Float
from numpy import ndarray

from latentda.fields.error import FieldsError
from latentda.fields.lead_times import described_leads, hours_of_leads
from latentda.fields.opening import Location, located, open_raw
from latentda.fields.standard_form import name_of, standard_form
from latentda.fields.store import read_states
from latentda.fields.store_times import hours_of, in_order_of_time
from latentda.grid import Layout, Time, as_datetime, datetime_of_hours
from latentda.grid.names import DIMENSIONS

DAY = 24
"""Hours: forecasts a day apart were started at one time of the day."""


@dataclass(frozen=True, eq=False)
class Forecasts:
    """Forecasts on disk.

    Attributes:
        location: where they are.
        dataset: in standard form, along time, and along lead and member where there are several.
        hours: of its times, since 1970: starts, or times at which states are valid.
        leads: in the order of the store (h); none where states have no lead.
        by_valid_time: what the hours are.
        start: first time of validity that counts, inclusive.
        end: end of these times, exclusive.
    """

    location: Location
    dataset: xr.Dataset
    hours: ndarray
    leads: tuple[int, ...]
    by_valid_time: bool
    start: Time | None = None
    end: Time | None = None

    @property
    def members(self) -> int:
        """Members of the ensemble; 1 without one."""
        return int(self.dataset.sizes.get("member", 1))

    def require(self, layout: Layout) -> None:
        """Check that a layout's states can be read, without reading them.

        Raises:
            FieldsError: another grid, a variable or level that is not there, or units that do not suit.
        """
        other = {name: 0 for name in ("lead", "member") if name in self.dataset.dims}
        self._read(layout, "time", "", time=slice(0, 0), **other)

    def valid_hours(self, *leads: int) -> ndarray:
        """Times at which there is a state of every one of the leads, within the period, in order."""
        found = self.hours
        if leads and not self.by_valid_time:
            found = self.hours + leads[0]
            for lead in leads[1:]:
                found = np.intersect1d(found, self.hours + lead)
        return found[self._inside(found)]

    def chosen_leads(self, short: int | None = None, long: int | None = None) -> tuple[int, int]:
        """Two leads whose forecasts are valid at one time: those asked for, or the nearest to 24 h and 48 h.

        Of those that nobody asked for, leads that differ by whole days come first, since the daily cycle of a model's
        error then cancels, and a lead of zero last, since it is no forecast.

        Raises:
            FieldsError: no such leads, or nothing valid at one time.
        """
        if self.members > 1:
            raise FieldsError(f"{self.location} holds an ensemble of {self.members} members; give it with --members.")
        for wanted in (short, long):
            if wanted is not None:
                self._position(wanted)
        pairs = [(a, b) for a in self.leads for b in self.leads if a < b and short in (None, a) and long in (None, b)]
        if not pairs:
            raise FieldsError(
                f"{self.location} has {described_leads(self.leads)}, and no two of them suit --short and --long; "
                "differences of forecasts want two leads, a longer and a shorter one: store both along one dimension, "
                "or give an ensemble with --members."
            )
        return self._best(pairs)

    def chosen_lead(self, wanted: int | None, usual: int) -> int | None:
        """The lead asked for, or the one nearest to the usual one, zero last; none where states have none.

        Raises:
            FieldsError: no such lead.
        """
        if wanted is not None:
            self._position(wanted)
            return wanted
        return min(self.leads, key=lambda lead: (lead == 0, abs(lead - usual)), default=None)

    def pairs(self, layout: Layout, short: int, long: int) -> Iterator[tuple[int, ndarray, ndarray]]:
        """(Hours, short, long) of every time at which two forecasts are valid, physical units, in order.

        Raises:
            FieldsError: a state that cannot be read or is not finite.
        """
        wanted = set(self.valid_hours(short, long).tolist())
        waiting: dict[int, dict[int, ndarray]] = {}
        for position, hours in enumerate(self.hours.tolist()):
            due = {lead: hours + (0 if self.by_valid_time else lead) for lead in (short, long)}
            needed = [lead for lead, valid in due.items() if valid in wanted]
            if not needed:
                continue
            chosen = [self._position(lead) for lead in needed]
            states = self._read(layout, "lead", self._when(hours), time=position, lead=chosen)
            for lead, state in zip(needed, states, strict=True):
                waiting.setdefault(due[lead], {})[lead] = state
            for valid in [valid for valid, both in waiting.items() if len(both) == 2]:
                both = waiting.pop(valid)
                yield valid, both[short], both[long]

    def ensembles(
        self, layout: Layout, lead: int | None
    ) -> Iterator[tuple[int, Float[ndarray, "member channel lat lon"]]]:
        """(Hours, members) of every time at which an ensemble is valid, physical units, in order.

        Raises:
            FieldsError: there are no members, or a state cannot be read or is not finite.
        """
        if self.members < 2:
            raise FieldsError(
                f"{self.location} holds no ensemble: it has no dimension number, member or realization; give forecasts "
                "of several leads with --forecasts."
            )
        chosen = {} if lead is None else {"lead": self._position(lead)}
        valid = self.hours + (0 if lead is None or self.by_valid_time else lead)
        for position in np.flatnonzero(self._inside(valid)).tolist():
            when = self._when(int(self.hours[position]))
            yield int(valid[position]), self._read(layout, "member", when, time=position, **chosen)

    def _best(self, pairs: list[tuple[int, int]]) -> tuple[int, int]:
        counts = {pair: self.valid_hours(*pair).size for pair in pairs}

        def worse(pair: tuple[int, int]) -> tuple[Any, ...]:
            short, apart = pair[0], pair[1] - pair[0]
            return counts[pair] < 2, apart % DAY != 0, short == 0, abs(apart - DAY), abs(short - DAY)

        best = min(pairs, key=worse)
        if counts[best] == 0:
            raise FieldsError(
                f"{self.location} has no forecasts of {best[0]} h and {best[1]} h that are valid at one time"
                f"{self._described_period()}: that wants starts {best[1] - best[0]} h apart, and its {self.hours.size} "
                f"starts are {_spacing(self.hours)}; choose other leads with --short and --long."
            )
        return best

    def _position(self, lead: int) -> int:
        if lead not in self.leads:
            raise FieldsError(f"{self.location} has {described_leads(self.leads)}, not {lead} h.")
        return self.leads.index(lead)

    def _inside(self, valid: ndarray) -> ndarray:
        stamps = valid * np.timedelta64(1, "h") + np.datetime64(0, "s")
        inside = np.ones(valid.shape, bool)
        if self.start is not None:
            inside &= stamps >= as_datetime(self.start)
        if self.end is not None:
            inside &= stamps < as_datetime(self.end)
        return inside

    def _read(self, layout: Layout, along: str, when: str, **chosen: Any) -> Float[ndarray, "state channel lat lon"]:
        """States along one dimension, which takes the place of time."""
        picked = self.dataset.isel(chosen).drop_vars(("time", "lead", "member"), errors="ignore")
        try:
            return read_states(picked.rename({along: "time"}), layout)
        except FieldsError as error:
            where = f"{self.location}, {when}: {error} Leave it out with --start and --end."
            raise FieldsError(where if when else f"{self.location}: {error}") from error

    def _when(self, hours: int) -> str:
        return f"{'valid at' if self.by_valid_time else 'started at'} {str(datetime_of_hours(hours))[:16]}"

    def _described_period(self) -> str:
        ends = (("from", self.start), ("to", self.end))
        return "".join(f" {word} {time}" for word, time in ends if time is not None)


def open_forecasts(location: Location, start: Time | None = None, end: Time | None = None) -> Forecasts:
    """Open a store of forecasts lazily.

    Args:
        location: Zarr, NetCDF or GRIB; a path or a URL.
        start: first time of validity that counts.
        end: end of these times, exclusive.

    Raises:
        FieldsError: no such store, nothing in it that can be read as forecasts, or times or leads that are none.
    """
    raw = open_raw(location, forecasts=True)
    lead = name_of("lead", raw)
    try:
        leads = hours_of_leads(raw, lead) if lead is not None else ()
        dataset, by_valid_time = _with_our_dimensions(raw)
        dataset = in_order_of_time(standard_form(dataset))
        hours = hours_of(dataset)
    except FieldsError as error:
        raise FieldsError(f"{located(location)}: {error}") from error
    return Forecasts(located(location), dataset, hours, leads, by_valid_time or not leads, start, end)


def _with_our_dimensions(raw: xr.Dataset) -> tuple[xr.Dataset, bool]:
    """Along time, lead and member, and whether the time is that of validity."""
    start = name_of("start", raw)
    time = start or name_of("time", raw)
    if time is None:
        raise FieldsError("The store's forecasts have no times; a coordinate 'time' of their starts is wanted.")
    names = {name: ours for ours in ("lead", "member") if (name := name_of(ours, raw)) is not None}
    strange = [name for name in ("time", *DIMENSIONS["time"]) if name in raw.coords and name != time]
    dataset = raw.drop_vars(strange).rename({time: "time", **names})
    scalar = [name for name in ("time", "lead") if name in dataset.coords and name not in dataset.dims]
    dataset = dataset.expand_dims(scalar)
    alone = {"member": 0} if dataset.sizes.get("member") == 1 else {}
    return dataset.isel(alone), start is None and time == "valid_time"


def _spacing(hours: ndarray) -> str:
    steps = np.unique(np.diff(hours)).tolist()
    return f"{' or '.join(map(str, steps[:3]))} h apart" if steps else "one only"
