"""Inflation: what makes up for the spread that an ensemble loses, to few members, model error and nonlinearity.

    multiplicative           X'_a <- f X'_a
    relaxation to the prior  X'_a <- (1 - a) X'_a + a X'_b                  its perturbations (RTPP)
                             X'_a <- X'_a ( 1 + a (s_b - s_a) / s_a )       its spread, number by number (RTPS)
    adaptive                 X'_a <- f_i X'_a,   f_i^2 = f_(i-1)^2 ( 1 + g (r - 1) )

The adaptive factor is what innovations ask for: with d the mean departure of p data and Y as in
:mod:`latentda.assimilation.ensemble.transform`, the expected d^T d is p + |Y|^2 where the spread is right, so that

    r = (d^T d - p) / |Y|^2,     of variance    v = 2/p ( (p + |Y|^2) / |Y|^2 )^2

is the factor on the background's variance that one analysis estimates. It is fused with 1, what the factor of the
analysis before predicts, of variance v_b: g = v_b / (v_b + v). Taken because it needs nothing but the departures at
hand, knows its own noise, and for one scalar is closed; a prior of every number of the state (Anderson 2009) is more
than few data can carry.

Sources: Anderson & Anderson (1999), doi 10.1175/1520-0493(1999)127<2741:AMCIOT>2.0.CO;2; Zhang et al. (2004),
doi 10.1175/1520-0493(2004)132<1238:IOIEAO>2.0.CO;2 (RTPP); Whitaker & Hamill (2012), doi 10.1175/MWR-D-11-00276.1
(RTPS); Wang & Bishop (2003), doi 10.1175/1520-0469(2003)060<1140:ACOBAE>2.0.CO;2 (r, and the product of factors);
Miyoshi (2011), doi 10.1175/2010MWR3570.1 (v and the fusion).
"""

from __future__ import annotations

from typing import Protocol

import equinox as eqx
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from latentda.assimilation.ensemble.transform import normal_departures, perturbations


class Inflation(Protocol):
    """What is done to analysed members."""

    def __call__(
        self,
        background: Float[Array, "member ..."],
        analysis: Float[Array, "member ..."],
        departures: Float[Array, "member datum"],
        factor: ArrayLike,
    ) -> tuple[Float[Array, "member ..."], ArrayLike]:
        """Members of the same mean.

        Args:
            background: members.
            analysis: members.
            departures: of the background's, R^(-1/2) (H(x_k) - y).
            factor: of the analysis before, 1 at the first; only an adaptive inflation makes use of it.

        Returns:
            The members, and the factor for the next analysis.
        """


class Multiplicative(eqx.Module):
    """One factor.

    Attributes:
        factor: f, on perturbations; 1 changes nothing.
    """

    factor: ArrayLike

    def __call__(
        self, background: Array, analysis: Array, departures: Array, factor: ArrayLike
    ) -> tuple[Array, ArrayLike]:
        """The same factor always."""
        del background, departures
        return _spread(analysis, self.factor), factor


class RelaxationToPriorPerturbations(eqx.Module):
    """RTPP.

    Attributes:
        share: a, from 0 (the analysis's perturbations) to 1 (the background's).
    """

    share: float

    def __call__(
        self, background: Array, analysis: Array, departures: Array, factor: ArrayLike
    ) -> tuple[Array, ArrayLike]:
        """A mixture of both."""
        del departures
        mean, rest = perturbations(analysis)
        return mean + (1.0 - self.share) * rest + self.share * perturbations(background)[1], factor


class RelaxationToPriorSpread(eqx.Module):
    """RTPS.

    Attributes:
        share: a, from 0 (the analysis's spread) to 1 (the background's).
    """

    share: float

    def __call__(
        self, background: Array, analysis: Array, departures: Array, factor: ArrayLike
    ) -> tuple[Array, ArrayLike]:
        """Where no spread is left there is none to enlarge."""
        del departures
        before, after = background.std(axis=0), analysis.std(axis=0)
        lost = jnp.where(after > 0.0, (before - after) / jnp.where(after > 0.0, after, 1.0), 0.0)
        return _spread(analysis, 1.0 + self.share * lost), factor


class AdaptiveInflation(eqx.Module):
    """The factor that innovations ask for.

    Attributes:
        variance: v_b, how far the right factor on variances may move from one analysis to the next. The default finds
            f = 1.035 for the ETKF of 20 members on Lorenz-96, where the published factor is 1.04; larger ones follow
            the noise of single analyses.
    """

    variance: float = 0.04**2

    def __call__(
        self, background: Array, analysis: Array, departures: Array, factor: ArrayLike
    ) -> tuple[Array, ArrayLike]:
        """No data, or none where the members differ, leave the factor what it was."""
        del background
        new = factor * jnp.sqrt(self.change(departures))
        return _spread(analysis, new), new

    def change(self, departures: Float[Array, "member datum"]) -> Float[Array, ""]:
        """1 + g (r - 1)."""
        mean, Y = normal_departures(departures)
        data = jnp.any(departures != 0.0, axis=0).sum()
        total = jnp.sum(Y**2)
        known = total > 0.0
        total = jnp.where(known, total, 1.0)
        estimate = jnp.maximum((mean @ mean - data) / total, 0.0)
        noise = 2.0 / jnp.maximum(data, 1) * ((data + total) / total) ** 2
        return jnp.where(known, 1.0 + self.variance / (self.variance + noise) * (estimate - 1.0), 1.0)


def _spread(members: Float[Array, "member ..."], factor: ArrayLike) -> Float[Array, "member ..."]:
    mean, rest = perturbations(members)
    return mean + factor * rest
