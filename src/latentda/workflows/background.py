"""The background as a user brings it: a state of one time in a store or a dataset, or members, on the world's grid.

Before anything is made of it, it is held against the climatology of its date. Standardised anomalies of weather have a
root mean square near 1, so a channel beyond :data:`STRANGE` is of another date, unit, grid or order of rows. The state
that a forecast is verified against is read in the same way.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import xarray as xr
from jaxtyping import Float
from numpy import ndarray

from latentda.fields import FieldsError, Location, Standardizer, hours_of, open_store, read_states
from latentda.fields.standard_form import name_of, standard_form
from latentda.fields.store_times import in_order_of_time
from latentda.grid import Layout, Time, datetime_of_hours, hours_since_1970, iso
from latentda.user_error import UserError

STRANGE = 3.0
"""Root mean square of standardised anomalies from which on a state is warned of."""

UPSIDE_DOWN = 1.8
"""Root mean square from which on it is asked whether the state turned round would fit much better."""

FOREIGN = 8.0
"""Root mean square from which on it is refused."""

USUAL_DATE = "2000-01-01"
"""Of a climatology, where none is named."""

BACKGROUND, VERIFYING = "background", "verifying state"
"""What a state may serve as."""

_MUST = {
    BACKGROUND: "a background must be valid at the time of the analysis",
    VERIFYING: "it must be valid at the time of the analysis plus the lead",
}


@dataclass(frozen=True, eq=False)
class State:
    """A state and its time.

    Attributes:
        values: physical units.
        hours: its valid time, since 1970.
        source: where it comes from, in words.
        role: what it serves as.
        members: of an ensemble, whose mean the values are; None: there is one state.
    """

    values: Float[ndarray, "channel lat lon"]
    hours: int
    source: str
    role: str = BACKGROUND
    members: Float[ndarray, "member channel lat lon"] | None = None


def read_background(
    source: Location | xr.Dataset, layout: Layout, time: Time | None = None, role: str = BACKGROUND
) -> State:
    """The state of a time in a store or a dataset; of an ensemble (``number``) the mean, with the members.

    Args:
        source: a path, a URL or a dataset.
        layout: what is read of it.
        time: which one; by default the only one.
        role: what sentences call it.

    Raises:
        FieldsError: no such store; variables, levels, a grid or a time that it lacks; several times and none named.
    """
    named = "the dataset" if isinstance(source, xr.Dataset) else str(source)
    dataset = in_order_of_time(standard_form(source)) if isinstance(source, xr.Dataset) else open_store(source)
    try:
        hours = _hours(dataset, time, role)
        times = [datetime_of_hours(hours)] if "time" in dataset.dims else None
        each = [read_states(one, layout, times)[0] for one in _by_member(dataset)]
    except FieldsError as error:
        raise FieldsError(f"The {role} in {named}: {error}") from error
    if len(each) == 1:
        return State(each[0], hours, named, role)
    members = np.stack(each)
    return State(members.mean(axis=0), hours, named, role, members)


def _by_member(dataset: xr.Dataset) -> Iterator[xr.Dataset]:
    name = name_of("member", dataset)
    if name is None:
        yield dataset
        return
    for k in range(dataset[name].size):
        yield dataset.isel({name: k}) if name in dataset.dims else dataset


def climatological_state(standardizer: Standardizer, time: Time | None = None) -> State:
    """The climatological mean of a date, :data:`USUAL_DATE` if none is named, where there is no better state.

    Raises:
        UserError: a date off the hour.
    """
    hours = int(hours_since_1970(time or USUAL_DATE))
    values = np.asarray(standardizer.climatology.mean(np.int32(hours)))
    return State(values, hours, f"the climatology of {iso(datetime_of_hours(hours))}")


def _hours(dataset: xr.Dataset, time: Time | None, role: str) -> int:
    wanted = None if time is None else int(hours_since_1970(time))
    if "time" not in dataset.coords:
        if wanted is None:
            raise FieldsError("it has no time; say of which time it is with --time.")
        return wanted
    there = hours_of(dataset)
    if wanted is None:
        if there.size > 1:
            raise FieldsError(f"it has {there.size} times; choose one with --time.")
        return int(there[0])
    if wanted not in there:
        first, last = (iso(datetime_of_hours(hour)) for hour in there[[0, -1]])
        when = first if there.size == 1 else f"{first} to {last}"
        raise FieldsError(f"it is of {when}, and a state of {iso(datetime_of_hours(wanted))} is wanted: {_MUST[role]}.")
    return wanted


def require_plausible(state: State, standardizer: Standardizer) -> None:
    """Hold a state against the climatology of its date.

    Raises:
        UserError: it is not finite, upside down, or further from the climatology than any weather.
    """
    layout = standardizer.layout
    if not np.isfinite(state.values).all():
        raise UserError(f"The {state.role} in {state.source} holds NaN or infinity; fill it before an analysis.")
    size, turned = (_sizes(values, standardizer, state.hours) for values in (state.values, state.values[:, ::-1]))
    worst = int(np.argmax(size))
    upside_down = size[worst] > UPSIDE_DOWN and turned[worst] < 0.6 * size[worst] and turned.mean() < size.mean()
    if size[worst] < STRANGE and not upside_down:
        return
    hint = "is it of this date, and in the units that it says?"
    if upside_down:
        hint = "turned upside down it fits, so its latitudes are in another order than it says."
    sentence = (
        f"The {state.role} in {state.source} differs from the climatology of {iso(datetime_of_hours(state.hours))} by "
        f"{size[worst]:.1f} of its standard deviations in {layout.names[worst]} (weather by about 1): {hint}"
    )
    if upside_down or size[worst] > FOREIGN:
        raise UserError(sentence)
    warnings.warn(sentence, UserWarning, stacklevel=2)


def _sizes(values: ndarray, standardizer: Standardizer, hours: int) -> Float[ndarray, " channel"]:
    """Root mean squares of standardised anomalies."""
    anomaly = np.asarray(standardizer.to_anomaly(values, np.int32(hours)), np.float64)
    return np.sqrt((anomaly**2 * standardizer.layout.grid.area_weights).mean((1, 2)))
