"""The objective of an autoencoder: states that come back, and differences of states that come back in balance.

    L = r mean w (D(E(a)) - a)^2  +  d mean w e^2 / s^2  +  b mean w (div e)^2 / s_div^2,
    e = D(E(a2)) - D(E(a1)) - (a2 - a1)

over pairs of standardised anomalies a1, a2 a lag apart. w is the relative area and s^2(channel, latitude) the
zonal-mean variance of a2 - a1, so both means are shares of variance that the code does not explain. An analysis in
increment form never adds D(E(a)) - a to the background: what it needs is that D maps differences of codes to
differences of states whose size is that of forecast errors. Two states half a day apart differ by about that much; two
forecasts valid at one time differ by just that.

The wind's divergence has a small share of its variance, so the first two terms leave most of it to chance, and what a
decoder adds by chance sheds gravity waves: the forecast's surface pressure starts with noise. The third term holds the
divergence on every level, and with the same weight as all levels its mean over the column's mass, which is the
surface pressure's tendency; s_div^2 are the differences' own variances.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float
from numpy import ndarray

from latentda.grid import Layout, mass_shares
from latentda.networks import Autoencoder
from latentda.operators import BandLimit
from latentda.user_error import UserError


@dataclass(frozen=True)
class ObjectiveSettings:
    """What the code is trained for.

    Attributes:
        reconstruction: weight r of the states' term.
        difference: weight d of the differences' term; 0 trains on single states.
        divergence: weight b of the term for the differences' divergence; needs winds on a global grid.
        lag_hours: between the two states of a pair.

    Raises:
        UserError: a negative weight, r and d both zero, b without d, or a lag that is not positive.
    """

    reconstruction: float = 0.5
    difference: float = 0.5
    divergence: float = 0.0
    lag_hours: int = 12

    def __post_init__(self) -> None:
        weights = (self.reconstruction, self.difference, self.divergence)
        if min(weights) < 0 or self.reconstruction + self.difference == 0:
            raise UserError("The objective's weights must not be negative, and one of them must be positive.")
        if self.divergence and not self.difference:
            raise UserError("The objective's divergence is that of differences; give their term a weight, too.")
        if self.lag_hours < 1:
            raise UserError(f"The objective's lag_hours is {self.lag_hours}; it must be positive.")

    @property
    def states_a_sample(self) -> int:
        """2 for pairs, 1 without the differences' term."""
        return 2 if self.difference else 1


Samples = Float[Array, "sample time channel lat lon"]
"""Samples, each of one state or of a pair."""


class ColumnDivergence(eqx.Module):
    """Divergence on every level, and beneath them its mean over the column's mass.

    Attributes:
        band_limit: gives the divergence of a difference.
        shares: of the column's mass, one a level.
        precision: 1 / s_div^2, times the weights of a level and of the mean: 1 / (2 levels), and 1 / 2.
    """

    band_limit: BandLimit
    shares: Float[Array, " level"]
    precision: Float[Array, " level_and_mean"]

    def __call__(self, difference: Float[Array, "channel lat lon"]) -> Float[Array, "level_and_mean lat lon"]:
        """Both (s-1)."""
        return _with_mean(self.band_limit.divergence(difference), self.shares)


class Objective(eqx.Module):
    """``objective(code, batch)`` -> L.

    Attributes:
        weights: w, relative area of each row's cells, mean 1.
        precision: 1 / s^2; unused without the differences' term.
        settings: r, d, b and the lag.
        divergence: of the third term; None without it.
    """

    weights: Float[Array, " lat"]
    precision: Float[Array, "channel lat"]
    settings: ObjectiveSettings = eqx.field(static=True)
    divergence: ColumnDivergence | None = None

    def __call__(self, code: Autoencoder, batch: Samples | tuple[Samples, Samples]) -> Float[Array, ""]:
        """The loss of a batch of samples, or of (single states for the first term, pairs for the second)."""
        states, pairs = batch if isinstance(batch, tuple) else (batch, batch)
        area = self.weights[:, None]
        error = jax.vmap(jax.vmap(lambda a: code.decode(code.encode(a)) - a))
        of_states = error(states)
        loss = self.settings.reconstruction * jnp.mean(of_states**2 * area)
        if self.settings.difference:
            # Where both terms see the same samples, one pass, forward and backward, serves both.
            of_pairs = of_states if pairs is states else error(pairs)
            between = jnp.diff(of_pairs, axis=1)[:, 0]
            loss += self.settings.difference * jnp.mean(between**2 * self.precision[..., None] * area)
            if self.divergence is not None:
                squares = jnp.mean(jax.vmap(self.divergence)(between) ** 2 * area, axis=(0, 2, 3))
                loss += self.settings.divergence * jnp.dot(squares, self.divergence.precision)
        return loss


def column_divergence(
    pairs: Iterable[Float[ndarray, "sample 2 channel lat lon"]], layout: Layout, scale: Float[ArrayLike, " channel"]
) -> ColumnDivergence:
    """The divergence's part of an objective, with the variances of given pairs' differences.

    Raises:
        UserError: a layout without winds, or whose grid is not global; pairs without divergence.
    """
    band_limit, shares = (
        BandLimit(layout, scale),
        jnp.asarray(mass_shares(layout.vertical, layout.levels_of("u")), jnp.float32),
    )
    area = jnp.asarray(layout.grid.area_weights, jnp.float32)
    total, count = np.zeros(()), 0
    for batch in pairs:
        difference = jnp.asarray(np.diff(batch, axis=1)[:, 0])
        total = total + np.asarray(_squares(band_limit, shares, area, difference), np.float64)
        count += len(batch)
    if not np.all(total > 0):
        raise UserError("The differences of the training pairs have no divergence; leave its term out.")
    levels = len(shares)
    weight = np.append(np.full(levels, 0.5 / levels), 0.5)
    return ColumnDivergence(band_limit, shares, jnp.asarray(weight * count / total, jnp.float32))


@eqx.filter_jit
def _squares(band_limit: BandLimit, shares: Array, area: Array, difference: Array) -> Float[Array, " level_and_mean"]:
    """Of divergence, area mean, summed over samples."""
    divergence = jax.vmap(lambda d: _with_mean(band_limit.divergence(d), shares))(difference)
    return jnp.sum(jnp.mean(divergence**2 * area, axis=(2, 3)), axis=0)


def _with_mean(divergence: Array, shares: Array) -> Array:
    return jnp.concatenate([divergence, jnp.tensordot(shares, divergence, 1)[None]])
