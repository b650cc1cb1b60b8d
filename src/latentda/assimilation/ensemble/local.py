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

from latentda.assimilation.ensemble.columns import Localization, targets
from latentda.assimilation.ensemble.level_groups import level_groups
from latentda.assimilation.ensemble.transform import ensemble_transform
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
        # A row has one number of all members: what a target reads lies together in memory.
        rows = jnp.asarray(members).reshape(len(members), -1).T
        data = jnp.asarray(departures).T
        datum_at = jnp.asarray(self.places.log_pressure, rows.dtype)
        waiting = []
        for some in targets(grid, groups.log_pressure, self.places, np.asarray(self.valid), self.localization):
            channels = groups.channels[some.level]
            held = (channels >= 0) & (some.column[:, None] >= 0)
            row = np.where(held, channels * columns + some.column[:, None], 0)
            level_at = groups.log_pressure[some.level, some.column].astype(rows.dtype)
            radius = self.localization.vertical_lnp
            values = _analysed(rows, row, data, some.datum, some.taper, datum_at, level_at, radius)
            waiting.append((row[held], held, values))
        return _with_rows(rows, waiting).reshape(members.shape)


@jax.jit
def _analysed(
    rows: Float[Array, "row member"],
    row: Int[Array, "target channel"],
    departures: Float[Array, "datum member"],
    datum: Int[Array, "target near"],
    taper: Float[Array, "target near"],
    datum_at: Float[Array, " datum"],
    level_at: Float[Array, " target"],
    radius: Float[Array, ""],
) -> Float[Array, "target channel member"]:
    """The rows of some targets after the analysis."""
    away = jnp.abs(datum_at[datum] - level_at[:, None])
    vertical = jnp.where(jnp.isnan(away), 1.0, gaspari_cohn(away, radius))
    near = jnp.swapaxes(departures[datum], 1, 2)
    transform = jax.vmap(ensemble_transform)(near, (taper * vertical).astype(rows.dtype))
    own = rows[row]
    mean = own.mean(-1, keepdims=True)
    return mean + (own - mean) @ jax.vmap(lambda one: one.weights)(transform)


def _with_rows(rows: Array, analysed: list[tuple[ndarray, ndarray, Array]]) -> Float[Array, "member row"]:
    """The members, the analysed rows in their places."""
    out = np.array(rows)
    for row, held, values in analysed:
        out[row] = np.asarray(values)[held]
    return jnp.asarray(out.T)
