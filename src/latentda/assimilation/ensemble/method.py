"""An ensemble filter as a method of analysis: members are the background, members are carried on.

    x_k(t_0) = x_b + e_k,  e_k ~ N(0, B) centred      x_k(t_i+1) = M( x_a,k(t_i) )

The state of an analysis is the members' mean. A window of several slots is analysed with the data of all of them, by
the members' own forecasts to each slot; no derivative of a model is asked for. What is drawn depends on the seed and
the time alone, so that a run that goes on is the one that was killed.

Source: Hunt et al. (2007), doi 10.1016/j.physd.2006.11.008, section 4, for windows of several slots.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from latentda.assimilation.analysis import Analysis, AnalysisError, Result
from latentda.assimilation.ensemble.carried import CarriedMembers, CarriesMembers
from latentda.assimilation.ensemble.columns import Localization
from latentda.assimilation.ensemble.etkf import ETKF, EnsembleAnalysis
from latentda.assimilation.ensemble.filter import EnsembleFilter
from latentda.assimilation.ensemble.inflation import Inflation
from latentda.assimilation.ensemble.local import GridLETKF
from latentda.assimilation.term import ObservationTerm, require_independent_gaussian
from latentda.assimilation.variational.prior import Prior
from latentda.fields import Standardizer
from latentda.operators import white_control


class EnsembleMethod(CarriesMembers):
    """A filter in a cycle.

    Attributes:
        prior: x(v), of which the first members are drawn.
        standardizer: between anomalies and physical fields.
        size: N, the number of members.
        analysis: of all data at once; with a localisation a local transform takes its place.
        localization: how far a datum counts; None: everywhere.
        inflation: of the analysed members.
        rotated: whether their perturbations are turned at random.
        lead_hours: slots of the window (h).
        without_lost: whether the others go on where a member's forecast has blown up.
        seed: of what is drawn.
    """

    prior: Prior
    standardizer: Standardizer
    size: int = eqx.field(static=True)
    analysis: EnsembleAnalysis = ETKF()
    localization: Localization | None = eqx.field(static=True, default=None)
    inflation: Inflation | None = None
    rotated: bool = eqx.field(static=True, default=False)
    lead_hours: tuple[int, ...] = eqx.field(static=True, default=(0,))
    without_lost: bool = eqx.field(static=True, default=False)
    seed: int = eqx.field(static=True, default=0)

    @property
    def localizes(self) -> bool:
        """Whether it asks terms where their data are."""
        return self.localization is not None

    def init(self, background: Float[ArrayLike, "... channel lat lon"]) -> CarriedMembers:
        """Members drawn about a background, or those that are given ``(member, channel, lat, lon)``."""
        states = jnp.asarray(background)
        if states.ndim == 3:
            states = draw_members(self.prior, self.standardizer.scale, states, jax.random.key(self.seed), self.size)
        return CarriedMembers.of(states)

    def analyse(
        self, carried: CarriedMembers, observations: tuple[ObservationTerm, ...], start_hours: int
    ) -> tuple[Analysis, CarriedMembers]:
        """Analysed members of every slot, by the data of all.

        Raises:
            AnalysisError: members that are not finite.
            UserError: observation errors that are correlated or not Gaussian.
        """
        require_independent_gaussian(observations, "Ensemble filters")
        before = carried.members
        if not bool(jnp.isfinite(before).all()):
            raise AnalysisError("A member of the background holds NaN or infinity; repair the forecast before it.")
        departures = [_departures(term, members) for term, members in zip(observations, before, strict=True)]
        after, factor = self._filtered(before, observations, departures, carried.factor, start_hours)
        return self._told(before, after, observations, start_hours, factor), CarriedMembers.of(after[-1], factor)

    def _filtered(
        self,
        before: Array,
        observations: Sequence[ObservationTerm],
        departures: Sequence[Array],
        factor: Array,
        hours: int,
    ) -> tuple[Float[Array, "slot member channel lat lon"], Array]:
        """The members of every slot, and the factor of an adaptive inflation."""
        key = jax.random.fold_in(jax.random.key(self.seed), hours)
        update = EnsembleFilter(self._analysis(observations), self.inflation, self.rotated)
        run = update if self.localizes else partial(_compiled, update)
        every, slots = jnp.concatenate(departures, axis=1), []
        new: ArrayLike = factor
        for members in before:  # each turned, and inflated, like the others
            analysed, new = run(members, every, key, factor)
            slots.append(analysed)
        return jnp.stack(slots), jnp.asarray(new)

    def _analysis(self, observations: Sequence[ObservationTerm]) -> EnsembleAnalysis:
        if self.localization is None:
            return self.analysis
        return GridLETKF.of_terms(observations, self.standardizer.layout, self.localization)

    def _told(
        self,
        before: Float[Array, "slot member channel lat lon"],
        after: Float[Array, "slot member channel lat lon"],
        observations: Sequence[ObservationTerm],
        hours: int,
        factor: Array,
    ) -> Analysis:
        """The means, how they fit the observations, and how the members differ."""
        scale, start = self.standardizer.scale[:, None, None], np.int32(hours)
        background, state = (self.standardizer.to_anomaly(x[0].mean(axis=0), start) for x in (before, after))
        fit_before, fit_after = (
            [np.asarray(_of_mean(term, members)) for term, members in zip(observations, slots, strict=True)]
            for slots in (before, after)
        )
        size = after.shape[1]
        before_spread, spread = (x.std(axis=1, ddof=min(1, size - 1)) for x in (before, after))
        facts = {
            "members": size,
            "inflation": float(factor),
            "spread_background": _size(before_spread / scale),
            "spread_analysis": _size(spread / scale),
        }
        result = Result.CONVERGED if bool(jnp.isfinite(after).all()) else Result.NOT_FINITE
        mean, members = after.mean(axis=1), after[-1]
        return Analysis(state, background, mean, result, fit_before, fit_after, facts, members=members, spread=spread)


def _size(field: Array) -> float:
    """Root mean square."""
    return float(jnp.sqrt(jnp.mean(field**2)))


@eqx.filter_jit
def _compiled(update: EnsembleFilter, members: Array, departures: Array, key: Array, factor: Array) -> Any:
    return update(members, departures, key, factor)


@eqx.filter_jit
def draw_members(
    prior: Prior, scale: Float[Array, " channel"], background: Array, key: Array, size: int
) -> Float[Array, "member channel lat lon"]:
    """x_b + e_k, the e_k drawn from a prior and centred, one after the other.

    Args:
        prior: x(v) about an anomaly.
        scale: of the anomalies.
        background: x_b, physical units.
        key: of the draws.
        size: N.
    """
    # Draws are about climatology's mean, as those that screen the observations are.
    anchor = prior.anchor(jnp.zeros_like(background))

    def one(key: Array) -> Array:
        return prior.state(anchor, white_control(prior, key))

    draws = jax.lax.map(one, jax.random.split(key, size))
    return background + scale[:, None, None] * (draws - draws.mean(axis=0))


@eqx.filter_jit
def _departures(term: ObservationTerm, members: Array) -> Float[Array, "member datum"]:
    return jax.lax.map(term.departure, members)


@eqx.filter_jit
def _of_mean(term: ObservationTerm, members: Array) -> Float[Array, " datum"]:
    return term.departure(members.mean(axis=0))
