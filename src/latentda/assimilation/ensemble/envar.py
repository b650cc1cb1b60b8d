"""Ensemble-variational analysis in a cycle: members say what errors are like today, a static covariance what always.

    B = (1 - a) B_s + a c P * rho,    c = tr B_s / tr P

P is the covariance of the members, rho its taper, a its share. c gives the members' part the size of the static one, so
that members tell where and how errors lie and one factor on B, tuned by innovations, how large they are: for every
ensemble alike, however much spread it has lost. In which space B acts is the static prior's affair.

Where the members come from:

    filtered    X_a of an ensemble filter, about the variational analysis in place of their own mean
    lagged      the forecasts of the last N - 1 analyses to now, about the newest one, each as large as the others:
                one longer forecast from every analysis, and no ensemble at all

In a window of several slots the members' forecasts stand for the model (4DEnVar); a static part is then the same at all
slots.

Sources: Hamill & Snyder (2000), doi 10.1175/1520-0493(2000)128<2905:AHEKFV>2.0.CO;2; Lorenc (2003),
doi 10.1256/qj.02.132; Liu, Xiao & Wang (2008), doi 10.1175/2008MWR2312.1; lagged members: Hoffman & Kalnay (1983),
doi 10.3402/tellusa.v35i2.11425; scaled ones in an analysis: Lu et al. (2007), doi 10.1175/MWR3480.1. c and the equal
sizes of lagged members are ours.
"""

from __future__ import annotations

from dataclasses import replace

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from latentda.assimilation.analysis import Analysis
from latentda.assimilation.ensemble.carried import CarriedMembers, CarriesMembers
from latentda.assimilation.ensemble.method import EnsembleMethod, draw_members
from latentda.assimilation.term import ObservationTerm
from latentda.assimilation.variational.method import Variational
from latentda.operators import Covariance
from latentda.priors import (
    LatentPrior,
    LocalizedEnsemble,
    ModelSpacePrior,
    Taper,
    ensemble_perturbations,
    hybrid_prior,
)

DRAWS = 32
"""Draws of a static covariance, whose mean square tells its trace."""


class EnsembleVariational(CarriesMembers):
    """The analysis above.

    Attributes:
        static: B_s and its space.
        variational: standardizer, window and minimiser; its prior is that of every analysis anew.
        taper: rho, in the space of the static prior.
        variance: tr B_s over the size of a field, of :func:`mean_variance`.
        size: N.
        share: a, from 0 (static) to 1 (members alone).
        filter: updates the members; None: they are lagged.
        without_lost: whether the others go on where a member's forecast has blown up.
        seed: of the first members, drawn about the background with B_s.
    """

    static: ModelSpacePrior | LatentPrior
    variational: Variational
    taper: Taper
    variance: Float[Array, ""]
    share: Float[Array, ""]
    size: int = eqx.field(static=True)
    filter: EnsembleMethod | None = None
    without_lost: bool = eqx.field(static=True, default=False)
    seed: int = eqx.field(static=True, default=0)

    @property
    def lead_hours(self) -> tuple[int, ...]:
        """Slots of the window (h)."""
        return self.variational.lead_hours

    @property
    def localizes(self) -> bool:
        """Whether the members' filter asks terms where their data are."""
        return self.filter is not None and self.filter.localizes

    def init(self, background: Float[ArrayLike, "... channel lat lon"]) -> CarriedMembers:
        """Members drawn about a background, or those that are given; of lagged ones the background is the first."""
        states = jnp.asarray(background)
        if states.ndim == 3:
            scale, key = self.variational.standardizer.scale, jax.random.key(self.seed)
            states = draw_members(self.static, scale, states, key, self.size)
            if self.filter is None:
                states = jnp.concatenate([jnp.asarray(background)[None], states[1:]])
        return CarriedMembers.of(states, led=self.filter is None)

    def analyse(
        self, carried: CarriedMembers, observations: tuple[ObservationTerm, ...], start_hours: int
    ) -> tuple[Analysis, CarriedMembers]:
        """The variational analysis of the background, and members about it."""
        hours = jnp.asarray([start_hours + lead for lead in self.lead_hours], jnp.int32)
        members = _anomalies(self.variational, carried.members, hours)
        slots = len(hours) > 1
        background = carried.centre if slots else carried.centre[0]
        anomaly = _anomaly(self.variational, background, hours if slots else hours[0])
        there = members if slots else members[:, 0]
        prior = _mixed(self.static, there, self.taper, self.variance, self.share, carried.led)
        method = eqx.tree_at(lambda one: one.prior, self.variational, prior)
        found = method.solve(anomaly, observations, start_hours)
        last, spread = found.trajectory[-1], None
        if self.filter is None:
            # The background of the last slot is the youngest forecast now; the oldest one goes.
            newest = carried.members[-1][: self.size - 1]
            after = jnp.concatenate([last[None], newest])
            factor = carried.factor
        else:
            filtered, moved = self.filter.analyse(carried, observations, start_hours)
            after = moved.members[-1] - moved.centre[-1] + last
            factor, spread = moved.factor, filtered.spread
        analysis = replace(found, facts={**found.facts, "members": len(after)}, members=after, spread=spread)
        return analysis, CarriedMembers.of(after, factor, led=carried.led)


@eqx.filter_jit
def _anomalies(
    method: Variational, members: Float[Array, "slot member channel lat lon"], hours: Array
) -> Float[Array, "member slot channel lat lon"]:
    return jnp.swapaxes(jax.vmap(method.standardizer.to_anomaly)(members, hours), 0, 1)


@eqx.filter_jit
def _anomaly(method: Variational, state: Array, hours: Array) -> Float[Array, "*slot channel lat lon"]:
    to_anomaly = method.standardizer.to_anomaly
    return jax.vmap(to_anomaly)(state, hours) if state.ndim > 3 else to_anomaly(state, hours)


@eqx.filter_jit
def _mixed(
    static: ModelSpacePrior | LatentPrior, members: Array, taper: Taper, total: Array, share: Array, led: bool
) -> ModelSpacePrior | LatentPrior:
    """The prior with B above."""
    code = static.autoencoder if isinstance(static, LatentPrior) else None
    perturbations = ensemble_perturbations(members, code)
    if led:
        perturbations = _alike(perturbations[1:] - perturbations[0])
    variance = jnp.sum(perturbations**2) / max(len(perturbations) - 1, 1) / perturbations[0].size
    known = variance > 0.0
    ratio = jnp.where(known, total / jnp.where(known, variance, 1.0), 0.0)
    ensemble = LocalizedEnsemble(perturbations, taper)
    # Members without spread say nothing: the static part then is all there is.
    weight = jnp.where(known, share, 0.0)
    return hybrid_prior(static, ensemble, static_weight=1.0 - weight, ensemble_weight=weight * ratio)


def _alike(perturbations: Float[Array, "member ..."]) -> Float[Array, "member ..."]:
    """Every perturbation of the same root mean square, whatever its age; those that are zero stay so."""
    size = jnp.sqrt(jnp.mean(perturbations**2, axis=tuple(range(1, perturbations.ndim)), keepdims=True))
    return perturbations / jnp.where(size > 0.0, size, 1.0)


@eqx.filter_jit
def mean_variance(covariance: Covariance) -> Float[Array, ""]:
    """tr B over the size of a field, of :data:`DRAWS` draws."""
    squares = jax.lax.map(lambda key: jnp.mean(covariance.sample(key) ** 2), jax.random.split(jax.random.key(0), DRAWS))
    return squares.mean()
