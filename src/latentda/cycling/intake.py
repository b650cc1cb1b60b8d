"""From an observation table to a term of the cost: equivalents, first-guess check, batch of fixed shape."""

from __future__ import annotations

from dataclasses import dataclass

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jax.typing import ArrayLike
from jaxtyping import Array, Float
from numpy import ndarray

from latentda.assimilation import ObservationTerm
from latentda.cycling.first_guess import FirstGuess
from latentda.grid import Layout, datetime_of_hours
from latentda.observations import ObservationBatch, column, first_guess_check, make_batch, vertical_correlation
from latentda.operators import PointObservations


@dataclass(frozen=True, eq=False)
class Intake:
    """What stands between a table and the analysis.

    Attributes:
        layout: the states' channels.
        surface_geopotential: of the model's orography (m2 s-2), ``(lat, lon)``.
        background_sd: standard deviation of the background error, physical units, ``(channel, lat, lon)``.
        first_guess_factor: data further than this many expected standard deviations are refused.
        huber_limit: departures beyond so many standard deviations are taken for suspect by the cost; infinite: none.
        correlation_length: of the errors of soundings, in ln p; 0: independent.
    """

    layout: Layout
    surface_geopotential: ndarray
    background_sd: Float[ndarray, "channel lat lon"]
    first_guess_factor: float = 5.0
    huber_limit: float = float("inf")
    correlation_length: float = 0.0

    def screen(self, table: pa.Table, first_guess: FirstGuess, hours: int) -> pa.Table:
        """The table after the first-guess check against the background of an analysis time."""
        if table.num_rows == 0:
            return table
        equivalent, spread = self.expectation(table, first_guess, hours)
        return first_guess_check(table, equivalent, np.nan_to_num(spread), self.first_guess_factor)

    def expectation(
        self, table: pa.Table, first_guess: FirstGuess, hours: int
    ) -> tuple[Float[ndarray, " row"], Float[ndarray, " row"]]:
        """H(x_b(t)) of every row and the background error's standard deviation there; NaN where there is none."""
        at_once = self.equivalents(table, first_guess.background)
        shifted = self.equivalents(table, first_guess.background + self.background_sd)
        return self._in_time(table, first_guess, hours, at_once), np.abs(shifted - at_once)

    def equivalents(self, table: pa.Table, state: Float[ndarray, "channel lat lon"]) -> Float[ndarray, " row"]:
        """H(x) of every row of a table, used or not; NaN where the model has none."""
        every = np.ones(table.num_rows, bool)
        complete = table.set_column(table.column_names.index("used"), "used", pa.array(every))
        complete = _with_errors(complete)
        batch = make_batch(complete, datetime_of_hours(0))
        values = np.asarray(_equivalents(self._operator(batch), state))
        out = np.full(table.num_rows, np.nan)
        valid = np.asarray(batch.valid)
        out[np.asarray(batch.row)[valid]] = values[valid]
        return out

    def term(self, table: pa.Table, hours: int, first_guess: FirstGuess | None = None) -> ObservationTerm:
        """The used rows as a term of the cost; with a first guess of several times, as what they say of ``hours``."""
        batch = make_batch(table, datetime_of_hours(hours))
        value = batch.value
        if first_guess is not None and len(first_guess.offsets) > 1:
            at_once = self.equivalents(table, first_guess.background)
            change = self._in_time(table, first_guess, hours, at_once) - at_once
            value = value - jnp.where(batch.valid, jnp.nan_to_num(jnp.asarray(change))[batch.row], 0.0)
        correlation = None
        if self.correlation_length:
            correlation = vertical_correlation(table, batch, self.correlation_length)
        return ObservationTerm(self._operator(batch), value, batch.error, batch.valid, correlation, self.huber_limit)

    def _in_time(
        self, table: pa.Table, first_guess: FirstGuess, hours: int, at_once: Float[ndarray, " row"]
    ) -> Float[ndarray, " row"]:
        """H(x_b(t)) of every row, given H(x_b(t_a))."""
        if len(first_guess.offsets) == 1:
            return at_once
        slots = [
            at_once if offset == 0 else self.equivalents(table, state)
            for offset, state in zip(first_guess.offsets, first_guess.states, strict=True)
        ]
        elapsed = column(table, "time").astype("datetime64[ns]") - datetime_of_hours(hours)
        return first_guess.interpolate(np.stack(slots), elapsed / np.timedelta64(1, "h"))

    def _operator(self, batch: ObservationBatch) -> PointObservations:
        return PointObservations(batch, self.layout, self.surface_geopotential)


@eqx.filter_jit
def _equivalents(operator: PointObservations, state: ArrayLike) -> Array:
    state = jnp.asarray(state)
    return jnp.where(operator.reachable(state), operator(state), jnp.nan)


def _with_errors(table: pa.Table) -> pa.Table:
    """Errors filled in, and a place where there is none: an equivalent needs neither error nor a used row."""
    one = pa.scalar(1.0, pa.float32())
    nowhere = pc.if_else(pc.is_null(table["height"]), one, pa.scalar(None, pa.float32()))
    filled = {"error": pc.fill_null(table["error"], one), "pres": pc.coalesce(table["pres"], nowhere)}
    for name, values in filled.items():
        table = table.set_column(table.column_names.index(name), name, values)
    return table
