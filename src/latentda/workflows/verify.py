"""Verification of any store of states: against a truth, and against observations.

    bias = [ f - t ],    RMSE = [ (f - t)^2 ]^(1/2),    ACC = [ (f - c)(t - c) ] / ( [ (f - c)^2 ] [ (t - c)^2 ] )^(1/2)

with brackets the area mean over all times and c the climatology of a world. Scores of forecasts come by lead.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from latentda.assimilation.intake import Intake
from latentda.fields import FieldsError, Location, Standardizer, hours_of, layout_of_store, open_store, read_states
from latentda.grid import Layout, datetime_of_hours, iso
from latentda.observations import ObservationError, QualityControl, column, used
from latentda.progress import Track, silent
from latentda.verification import (
    Columns,
    ErrorSums,
    FitRow,
    Score,
    empty_sums,
    error_sums,
    merge,
    merge_fits,
    observation_fit,
)
from latentda.workflows.report_files import ReportFiles, files_of
from latentda.world import WorldFolder
from latentda.world.orography import UNKNOWN


@dataclass(frozen=True, eq=False)
class Verified:
    """Sums of errors against a truth.

    Attributes:
        layout: of the states.
        sums: of errors.
        times: of the states that were compared, in words.
        products: sums of (f - c)(t - c), (f - c)^2, (t - c)^2; None without a climatology.
    """

    layout: Layout
    sums: ErrorSums
    times: str
    products: Float[ndarray, "3 channel"] | None = None

    @property
    def correlation(self) -> Float[ndarray, " channel"] | None:
        """ACC of every channel, where there is a climatology."""
        if self.products is None:
            return None
        both, own, truth = self.products
        return both / np.sqrt(own * truth)

    def scores(self, kind: str, lead_hours: int = 0) -> list[Score]:
        """A row a channel."""
        rows = zip(self.layout.channels, self.sums.rmse, self.sums.bias, strict=True)
        return [
            Score(
                "verify", "store", 0, channel.name, lead_hours, kind, float(rmse), self.sums.count, bias=float(bias),
                units=channel.variable.units,
            )
            for channel, rmse, bias in rows
        ]  # fmt: skip


def verify(
    store: Location, truth: Location, *, standardizer: Standardizer | None = None, track: Track = silent
) -> Verified:
    """Compare the states of a store with those of a truth, at all times that both have.

    Args:
        store: what is verified.
        truth: what it is verified against, on the same grid; variables and levels that both have count.
        standardizer: climatology and spread of a world, for anomaly correlations.
        track: shows progress.

    Raises:
        FieldsError: nothing in common, or other grids.
    """
    ours, theirs = open_store(store), open_store(truth)
    layout = common_layout(layout_of_store(ours), layout_of_store(theirs))
    hours = np.intersect1d(hours_of(ours), hours_of(theirs))
    if not hours.size:
        spans = [" to ".join(iso(datetime_of_hours(h)) for h in hours_of(one)[[0, -1]]) for one in (ours, theirs)]
        raise FieldsError(f"{store} ({spans[0]}) and {truth} ({spans[1]}) have no time in common.")
    sums, products = empty_sums(layout), np.zeros((3, layout.shape[0]))
    climate = _climate(standardizer, layout)
    for hour in track(hours.tolist(), "states", len(hours)):
        when = [datetime_of_hours(hour)]
        state, true = (read_states(one, layout, when) for one in (ours, theirs))
        sums = merge(sums, error_sums(state, true, layout))
        if climate is not None:
            products += _products(state[0], true[0], climate(hour), layout)
    period = " to ".join(dict.fromkeys(iso(datetime_of_hours(hour)) for hour in hours[[0, -1]]))
    return Verified(layout, sums, f"{len(hours)} states, {period}", products if climate is not None else None)


def verify_at_points(
    store: Location,
    observations: Sequence[str | Path],
    *,
    world: WorldFolder | None = None,
    window_hours: float = 3.0,
    columns: Any = None,
    track: Track = silent,
) -> list[FitRow]:
    """Observations minus the equivalents of a store's states, at all its times.

    Args:
        store: what is verified.
        observations: files, folders or patterns; what its centre or a check of single data refuses does not count.
        world: whose orography reports from the ground are placed on; without one they do not count.
        window_hours: data this far from a state's time count.
        columns: a column map of CSV, or of frames.
        track: shows progress.

    Raises:
        ObservationError: no datum has an equivalent.
    """
    dataset = open_store(store)
    layout, reports = layout_of_store(dataset), ReportFiles(files_of(observations), columns, track)
    surface = world.orography() if world else np.full(layout.grid.shape, UNKNOWN, np.float32)
    intake, checks, fits = Intake(layout, surface), QualityControl(), []
    hours = hours_of(dataset).tolist()
    for hour in track(hours, "states", len(hours)):
        table = reports.within(hour, window_hours, window_hours)
        if table.num_rows:
            state = read_states(dataset, layout, [datetime_of_hours(hour)])[0]
            fits.append(observation_fit(_at_points(intake, checks.apply(table), state)))
    found = merge_fits(fits)
    if not found:
        raise ObservationError(f"No datum of {', '.join(map(str, observations))} has an equivalent in {store}.")
    return found


def _at_points(intake: Intake, table: Any, state: ndarray) -> Columns:
    equivalent = intake.equivalents(table, state)
    kept = used(table) & np.isfinite(equivalent)
    names = [column(table, name)[kept] for name in ("observation", "variable", "pres")]
    every = np.ones(int(kept.sum()), bool)
    value, variable, pressure = names
    return Columns(value, equivalent[kept], equivalent[kept], variable, pressure, ~every, every)


def common_layout(one: Layout, other: Layout) -> Layout:
    """The channels that two layouts share, on the grid of the first.

    Raises:
        FieldsError: none is shared.
    """
    shared = tuple(channel for channel in one.channels if channel.name in other.names)
    if not shared:
        raise FieldsError(f"No variable and level in common: {', '.join(one.names)}, and {', '.join(other.names)}.")
    return Layout(one.grid, one.vertical, shared)


def _climate(standardizer: Standardizer | None, layout: Layout) -> Callable[[int], ndarray] | None:
    if standardizer is None or not set(layout.names) <= set(standardizer.layout.names):
        return None
    rows = [standardizer.layout.index(name) for name in layout.names]
    return lambda hour: np.asarray(standardizer.climatology.mean(np.int32(hour)), np.float64)[rows]


def _products(state: ndarray, truth: ndarray, mean: ndarray, layout: Layout) -> Float[ndarray, "3 channel"]:
    weights = layout.grid.area_weights
    ours, theirs = state - mean, truth - mean
    return np.stack([(a * b * weights).mean((1, 2)) for a, b in ((ours, theirs), (ours, ours), (theirs, theirs))])
