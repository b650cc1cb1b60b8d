"""Correlated observation errors of soundings: a Markov chain along each ascent.

    corr(e_i, e_j) = exp( - |ln p_i - ln p_j| / L )

between the data of one variable of one ascent, zero between others. Along a chain ordered by pressure the error of a
datum given the one below it depends on no other, so R^(-1/2) has two entries a row:

    d'_i = ( d_i - phi_i d_prev(i) ) / sqrt( 1 - phi_i^2 ),    phi_i = exp( - |ln p_i - ln p_prev(i)| / L )

exact, and as cheap as a diagonal R. d are departures in standard deviations.

Source: Rue & Held (2005), Gaussian Markov Random Fields, chapter 1 (the bidiagonal root of a chain's covariance).
"""

from __future__ import annotations

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pyarrow as pa
from jaxtyping import Array, Float, Int

from latentda.observations.batch import ObservationBatch
from latentda.observations.message_classes import SOUNDINGS
from latentda.observations.soundings import sounding_numbers
from latentda.observations.table import column
from latentda.user_error import UserError

_CLOSEST = 1e-3
"""Data closer than this in ln p count as this far apart: two reports of one level are no certainty of each other."""


class VerticalCorrelation(eqx.Module):
    """R^(-1/2) of correlated errors, on departures in standard deviations.

    Attributes:
        previous: the datum beneath in the same ascent, an index into the batch; itself where there is none.
        coefficient: phi, 0 where there is none.
    """

    previous: Int[Array, " obs"]
    coefficient: Float[Array, " obs"]

    def whiten(self, departure: Float[Array, " obs"]) -> Float[Array, " obs"]:
        """The whitened departures d'."""
        phi = self.coefficient
        return (departure - phi * departure[self.previous]) / jnp.sqrt(1.0 - phi**2)


def vertical_correlation(
    table: pa.Table, batch: ObservationBatch, length: float, classes: tuple[str, ...] = SOUNDINGS
) -> VerticalCorrelation:
    """The correlations of a batch's data.

    The data of an ascent share its station, and are neighbours in time and place; where no station is named they have
    one time and one place (:func:`~latentda.observations.soundings.sounding_numbers`). An ascent ends where the rows of
    its variable, in the table's order, cease to rise.

    Args:
        table: the observations, with pressures.
        batch: made of it.
        length: L in ln p; 0 makes errors independent.
        classes: message classes of soundings.

    Raises:
        UserError: a negative length.
    """
    if length < 0.0:
        raise UserError(f"The correlation length in ln p must not be negative; got {length}.")
    position = np.arange(batch.size)
    phi = np.zeros(batch.size)
    valid = np.asarray(batch.valid)
    rows = np.asarray(batch.row)[valid]
    if length > 0.0 and rows.size:
        place = np.flatnonzero(valid)
        follows, height = _ascents(table, rows, classes)
        after = np.flatnonzero(follows >= 0)
        position[place[after]] = place[follows[after]]
        gap = np.maximum(height[after] - height[follows[after]], _CLOSEST)
        phi[place[after]] = np.exp(-gap / length)
    return VerticalCorrelation(jnp.asarray(position, jnp.int32), jnp.asarray(phi, batch.value.dtype))


def _ascents(table: pa.Table, rows: np.ndarray, classes: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """For each of the rows which of them lies beneath it in its ascent (-1: none), and its height -ln p."""
    with np.errstate(divide="ignore", invalid="ignore"):
        height = -np.log(column(table, "pres")[rows].astype(float))
    ascent = sounding_numbers(table)[rows]
    variable = table["variable"].combine_chunks().dictionary_encode().indices.to_numpy()[rows]
    kind = column(table, "type")[rows]
    sounding = np.isin(column(table, "class")[rows], classes) & np.isfinite(height)
    order = np.lexsort((column(table, "obs_id")[rows], kind, variable, ascent))
    earlier, later = order[:-1], order[1:]
    same = (ascent[earlier] == ascent[later]) & (variable[earlier] == variable[later]) & (kind[earlier] == kind[later])
    same &= sounding[earlier] & sounding[later] & (height[later] >= height[earlier])
    follows = np.full(rows.size, -1)
    follows[later[same]] = earlier[same]
    return follows, height
