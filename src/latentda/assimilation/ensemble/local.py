"""The local ensemble transform Kalman filter on the grid of a layout: a transform for every level of every column.

    x_a,k(g) = x_b(g) + sum_j X'_j(g) W^g_jk

W^g are the weights of :func:`~latentda.assimilation.ensemble.transform.ensemble_transform` with each datum's R^-1 times
its taper at g, from the data that :mod:`latentda.assimilation.ensemble.columns` finds in reach. Channels of one level
share their weights, so that what is in balance between them stays so. Where no datum is in reach the members stay what
they are.

Source: Hunt, Kostelich & Szunyogh (2007), doi 10.1016/j.physd.2006.11.008.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray
from numpy import ndarray

from latentda.assimilation.ensemble.between import combined, thinned
from latentda.assimilation.ensemble.columns import Localization, Targets, targets
from latentda.assimilation.ensemble.level_groups import LevelGroups, level_groups
from latentda.assimilation.ensemble.roots import full_precision
from latentda.assimilation.ensemble.transform import ensemble_transform, perturbations
from latentda.assimilation.places import Places
from latentda.assimilation.term import ObservationTerm
from latentda.grid import Layout
from latentda.operators import gaspari_cohn
from latentda.user_error import UserError


@dataclass(frozen=True, eq=False)
class GridLETKF:
    """The analysis of members by data at known places; not for use inside compiled code, for data are chosen outside.

    Attributes:
        layout: of the members.
        places: of the data.
        valid: which of them are data; the rest is padding.
        localization: how far a datum counts.
    """

    layout: Layout
    places: Places
    valid: Bool[ArrayLike, " datum"]
    localization: Localization

    @classmethod
    def of_terms(
        cls,
        terms: Sequence[ObservationTerm],
        layout: Layout,
        localization: Localization,
    ) -> GridLETKF:
        """For the data of some terms, one after the other as their departures are to be.

        Raises:
            UserError: a term does not say where its data are.
        """
        places = [term.places for term in terms if term.places is not None]
        if len(places) < len(terms):
            raise UserError("A local analysis needs to know where data are: give every ObservationTerm its places.")
        return cls(layout, Places.joined(places), jnp.concatenate([term.valid for term in terms]), localization)

    def __call__(
        self,
        members: Float[Array, "member channel lat lon"],
        departures: Float[Array, "member datum"],
        key: PRNGKeyArray | None = None,
    ) -> Float[Array, "member channel lat lon"]:
        """The analysed members, in the units in which they come; nothing is drawn.

        Args:
            members: x_k, in physical units or anomalies.
            departures: R^(-1/2) (H(x_k) - y) of each, of independent errors.
            key: not used.
        """
        del key
        groups = level_groups(
            self.layout, np.asarray(self.places.ground), together=not np.isfinite(self.localization.vertical_lnp)
        )
        grid, columns = self.layout.grid, groups.log_pressure.shape[1]
        data = jnp.asarray(departures).T
        datum_at = jnp.asarray(self.places.log_pressure, data.dtype)
        if self.localization.every > 1:
            return self._carried(jnp.asarray(members), data, datum_at, groups)
        # A row has one number of all members: what a target reads lies together in memory.
        rows = jnp.asarray(members).reshape(len(members), -1).T
        waiting = []
        for some in targets(grid, groups.log_pressure, self.places, np.asarray(self.valid), self.localization):
            channels = groups.channels[some.level]
            held = (channels >= 0) & (some.column[:, None] >= 0)
            row = np.where(held, channels * columns + some.column[:, None], 0)
            weights = self._weights(some, data, datum_at, groups)
            waiting.append((row[held], held, _analysed(rows, row, weights)))
        return _with_rows(rows, waiting).reshape(members.shape)

    def _weights(
        self, some: Targets, data: Float[Array, "datum member"], datum_at: Float[Array, " datum"], groups: LevelGroups
    ) -> Float[Array, "target member member"]:
        level_at = groups.log_pressure[some.level, some.column].astype(data.dtype)
        return _weights(data, some.datum, some.taper, datum_at, level_at, self.localization.vertical_lnp)

    def _carried(
        self,
        members: Float[Array, "member channel lat lon"],
        data: Float[Array, "datum member"],
        datum_at: Float[Array, " datum"],
        groups: LevelGroups,
    ) -> Float[Array, "member channel lat lon"]:
        """The analysed members by weights of every so many-th column."""
        grid, size = self.layout.grid, len(members)
        thin = thinned(grid, self.localization.every)
        position = np.zeros(groups.log_pressure.shape[1], int)
        position[thin.columns] = np.arange(thin.columns.size)
        # Where no datum is in reach members stay what they are.
        weights = np.tile(np.eye(size, dtype=data.dtype), (len(groups.channels), thin.columns.size, 1, 1))
        valid = np.asarray(self.valid)
        for some in targets(grid, groups.log_pressure, self.places, valid, self.localization, thin.columns):
            held = some.column >= 0
            found = np.asarray(self._weights(some, data, datum_at, groups))
            weights[some.level[held], position[some.column[held]]] = found[held]
        mean, rest = perturbations(members)
        out, shape = np.array(members), (thin.by_row.shape[1], thin.by_column.shape[1], size, size)
        for own, channels in zip(weights, groups.channels, strict=True):
            made = combined(rest[:, channels], own.reshape(shape), thin.by_row, thin.by_column)
            there = channels >= 0
            out[:, channels[there]] = np.asarray(mean[channels[there]] + made[:, np.flatnonzero(there)])
        return jnp.asarray(out)


@jax.jit
def _weights(
    departures: Float[Array, "datum member"],
    datum: Int[Array, "target near"],
    taper: Float[Array, "target near"],
    datum_at: Float[Array, " datum"],
    level_at: Float[Array, " target"],
    radius: Float[Array, ""],
) -> Float[Array, "target member member"]:
    """W of some targets."""
    away = jnp.abs(datum_at[datum] - level_at[:, None])
    vertical = jnp.where(jnp.isnan(away), 1.0, gaspari_cohn(away, radius))
    near = jnp.swapaxes(departures[datum], 1, 2)
    transform = jax.vmap(ensemble_transform)(near, (taper * vertical).astype(departures.dtype))
    return jax.vmap(lambda one: one.weights)(transform)


@jax.jit
def _analysed(
    rows: Float[Array, "row member"], row: Int[Array, "target channel"], weights: Float[Array, "target member member"]
) -> Float[Array, "target channel member"]:
    """The rows of some targets after the analysis."""
    own = rows[row]
    mean = own.mean(-1, keepdims=True)
    with full_precision():
        return mean + (own - mean) @ weights


def _with_rows(rows: Array, analysed: list[tuple[ndarray, ndarray, Array]]) -> Float[Array, "member row"]:
    """The members, the analysed rows in their places."""
    out = np.array(rows)
    for row, held, values in analysed:
        out[row] = np.asarray(values)[held]
    return jnp.asarray(out.T)
