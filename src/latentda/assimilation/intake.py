"""From an observation table to a term of the cost: equivalents, first-guess check, batch of fixed shape.

The background error at the data is that of draws e_k of it, made once and kept,

    s_b^2 = mean_k ( H(x_b + e_k) - H(x_b) )^2  ->  diag(H B H^T),

which holds for any B and any H: what a datum is made of may err together or not, in one level or in many.

Source: Andersson et al. (2000), doi 10.1002/qj.49712656512.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float
from numpy import ndarray

from latentda.assimilation import ObservationTerm
from latentda.assimilation.first_guess import FirstGuess
from latentda.assimilation.places import ground_log_pressure, places_of
from latentda.grid import Layout, datetime_of_hours
from latentda.observations import (
    ObservationBatch,
    column,
    first_guess_check,
    make_batch,
    raise_errors,
    select,
    used,
    vertical_correlation,
)
from latentda.operators import PointObservations


@dataclass(frozen=True, eq=False)
class Intake:
    """What stands between a table and the analysis.

    Attributes:
        layout: the states' channels.
        surface_geopotential: of the model's orography (m2 s-2), ``(lat, lon)``.
        perturbations: draws e_k of the background error, physical units; None where nothing is asked of it.
        first_guess_factor: data further than this many expected standard deviations are refused.
        huber_limit: departures beyond so many standard deviations are taken for suspect by the cost; infinite: none.
        correlation_length: of the errors of soundings, in ln p; 0: independent.
    """

    layout: Layout
    surface_geopotential: ndarray
    perturbations: Float[ndarray, "draw channel lat lon"] | None = None
    first_guess_factor: float = 5.0
    huber_limit: float = float("inf")
    correlation_length: float = 0.0

    def screen(self, table: pa.Table, first_guess: FirstGuess, hours: int) -> pa.Table:
        """The table after the first-guess check against the background of an analysis time.

        Errors far below the background's are raised first, see :func:`~latentda.observations.raise_errors`.

        Raises:
            ObservationError: a used row has no error.
        """
        if table.num_rows == 0:
            return table
        equivalent, spread = self.expectation(table, first_guess, hours, used(table))
        table = raise_errors(table, spread)
        return first_guess_check(table, equivalent, np.nan_to_num(spread), self.first_guess_factor)

    def expectation(
        self, table: pa.Table, first_guess: FirstGuess, hours: int, rows: Bool[ndarray, " row"] | None = None
    ) -> tuple[Float[ndarray, " row"], Float[ndarray, " row"]]:
        """H(x_b(t)) of every row and the background error's standard deviation s_b there; NaN where there is none.

        Args:
            table: the observations.
            first_guess: the background.
            hours: of the analysis, since 1970.
            rows: those whose s_b is wanted, which takes as long as an equivalent of every draw; all by default.

        Raises:
            ValueError: the intake has no draws of the background error.
        """
        at_once = self.equivalents(table, first_guess.background)
        return self._in_time(table, first_guess, hours, at_once), self.spread(table, first_guess.background, rows)

    def spread(
        self,
        table: pa.Table,
        background: Float[ndarray, "channel lat lon"],
        rows: Bool[ndarray, " row"] | None = None,
    ) -> Float[ndarray, " row"]:
        """s_b of the rows of a table, used or not; NaN where the model has no equivalent and in rows not asked for.

        Raises:
            ValueError: the intake has no draws of the background error.
        """
        if self.perturbations is None:
            raise ValueError("The background error at the data needs draws of it; give the intake perturbations.")
        wanted = np.ones(table.num_rows, bool) if rows is None else rows
        part = select(table, wanted)
        batch = _every_row(part)
        out = np.full(table.num_rows, np.nan)
        out[wanted] = _by_row(part, batch, _spread(self._operator(batch), background, self.perturbations))
        return out

    def scaled(self, factor: float) -> Intake:
        """The intake that expects background errors of so many times the variance."""
        if self.perturbations is None:
            return self
        return replace(self, perturbations=np.float32(np.sqrt(factor)) * self.perturbations)

    def equivalents(self, table: pa.Table, state: Float[ndarray, "channel lat lon"]) -> Float[ndarray, " row"]:
        """H(x) of every row of a table, used or not; NaN where the model has none."""
        batch = _every_row(table)
        return _by_row(table, batch, _equivalents(self._operator(batch), state))

    def term(
        self, table: pa.Table, hours: int, first_guess: FirstGuess | None = None, *, placed: bool = False
    ) -> ObservationTerm:
        """The used rows as a term of the cost; with a first guess of several times, as what they say of ``hours``.

        Args:
            table: the observations.
            hours: of the analysis, since 1970.
            first_guess: the background.
            placed: whether the term says where its data are, for methods that localise.
        """
        batch = make_batch(table, datetime_of_hours(hours))
        value = batch.value
        if first_guess is not None and len(first_guess.offsets) > 1:
            at_once = self.equivalents(table, first_guess.background)
            change = self._in_time(table, first_guess, hours, at_once) - at_once
            value = value - jnp.where(batch.valid, jnp.nan_to_num(jnp.asarray(change))[batch.row], 0.0)
        correlation = None
        if self.correlation_length:
            correlation = vertical_correlation(table, batch, self.correlation_length)
        places = None
        if placed:
            background = None if first_guess is None else first_guess.background
            ground = ground_log_pressure(self.layout, self.surface_geopotential, background)
            places = places_of(batch, self.layout.grid, ground)
        operator = self._operator(batch)
        return ObservationTerm(operator, value, batch.error, batch.valid, correlation, self.huber_limit, places)

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


@eqx.filter_jit
def _spread(operator: PointObservations, background: ArrayLike, perturbations: ArrayLike) -> Array:
    """s_b, one draw after the other so that memory does not grow with their number.

    A draw may take a datum below the ground: it then says nothing of the error of what is observed above it.
    """
    background = jnp.asarray(background)
    centre = jnp.where(operator.reachable(background), operator(background), jnp.nan)

    def add(sums: tuple[Array, Array], draw: Array) -> tuple[tuple[Array, Array], None]:
        square, count = sums
        known = operator.reachable(background + draw)
        departure = jnp.where(known, operator(background + draw) - centre, 0.0)
        return (square + departure**2, count + known), None

    nothing = jnp.zeros_like(centre)
    (square, count), _ = jax.lax.scan(add, (nothing, nothing), jnp.asarray(perturbations, background.dtype))
    return jnp.sqrt(square / count)


def _every_row(table: pa.Table) -> ObservationBatch:
    """All rows of a table as a batch, used or not."""
    every = pa.array(np.ones(table.num_rows, bool))
    complete = table.set_column(table.column_names.index("used"), "used", every)
    return make_batch(_with_errors(complete), datetime_of_hours(0))


def _by_row(table: pa.Table, batch: ObservationBatch, values: Array) -> Float[ndarray, " row"]:
    """The values of a batch in the order of its table; NaN where there is none."""
    out = np.full(table.num_rows, np.nan)
    valid = np.asarray(batch.valid)
    out[np.asarray(batch.row)[valid]] = np.asarray(values)[valid]
    return out


def _with_errors(table: pa.Table) -> pa.Table:
    """Errors filled in, and a place where there is none: an equivalent needs neither error nor a used row."""
    one = pa.scalar(1.0, pa.float32())
    nowhere = pc.if_else(pc.is_null(table["height"]), one, pa.scalar(None, pa.float32()))
    filled = {"error": pc.fill_null(table["error"], one), "pres": pc.coalesce(table["pres"], nowhere)}
    for name, values in filled.items():
        table = table.set_column(table.column_names.index(name), name, values)
    return table
