"""What an analysis knows of its own error: the inverse Hessian in control space, as far as data have shaped it.

With the leading eigenpairs (theta_i, u_i) of J'' at the analysis, v given the data is nearly

    N( v_a, I - sum_i (1 - 1/theta_i) u_i u_i^T ),

exact when problem and prior are linear and all pairs are there; with fewer the directions left out keep the variance
of the background, so that the spread is never too small for that reason. Samples of it,

    v = v_a + e - sum_i (1 - theta_i^(-1/2)) u_i (u_i . e),     e ~ N(0, I),

go through the same x(v) as the analysis. The degrees of freedom for signal are the data's share of the answer,

    d = sum_i (1 - 1/theta_i) = tr( K H ).

All of d, whatever number of pairs, is told by a few white vectors e: Lanczos' recurrence from e gives the quadrature

    e^T f(J'') e  =  |e|^2 sum_i (q . u_i)^2 f(theta_i),     f = 1 - 1/theta,     q = e / |e|,

whose mean over e is d.

Source: Fisher & Courtier (1995), ECMWF Tech. Memo. 220; Rodgers (2000), doi 10.1142/3171; degrees of freedom in
assimilation: Cardinali, Pezzulli & Andersson (2004), doi 10.1256/qj.03.205; the quadrature: Ubaru, Chen & Saad (2017),
doi 10.1137/16M1104974.
"""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PRNGKeyArray

from latentda.assimilation.analysis import Analysis
from latentda.assimilation.term import ObservationTerm
from latentda.assimilation.variational.cost import CostFunction
from latentda.assimilation.variational.hessian import Eigenpairs, eigenpairs, linearise
from latentda.assimilation.variational.method import Variational


class Posterior(eqx.Module):
    """The distribution of the state given background and data.

    Attributes:
        cost: with the map x(v).
        control: v_a, flat.
        pairs: leading eigenpairs of the Hessian there.
    """

    cost: CostFunction
    control: Float[Array, " control"]
    pairs: Eigenpairs

    @property
    def degrees_of_freedom(self) -> Float[Array, ""]:
        """d, of the pairs that are there: a lower bound."""
        return jnp.sum(1.0 - 1.0 / self.pairs.value)

    def perturbed(self, white: Float[Array, " control"]) -> Float[Array, "*slot channel lat lon"]:
        """The state of one white vector e, standardised anomalies."""
        shrink = 1.0 - jax.lax.rsqrt(self.pairs.value)
        control = self.control + white - (shrink * (self.pairs.vector @ white)) @ self.pairs.vector
        unflatten = ravel_pytree(self.cost.zero_control())[1]
        return self.cost.state(unflatten(control))

    def samples(self, key: PRNGKeyArray, count: int) -> Float[Array, "sample *slot channel lat lon"]:
        """Draws of the state, standardised anomalies."""
        return _samples(self, key, count)

    def spread(self, key: PRNGKeyArray, samples: int = 50) -> Float[Array, "*slot channel lat lon"]:
        """Standard deviation of the state about the analysis, standardised anomalies, from so many samples."""
        return _spread(self, key, samples)


def posterior(
    method: Variational,
    analysis: Analysis,
    terms: tuple[ObservationTerm, ...],
    start_hours: int,
    *,
    pairs: int = 60,
    seed: int = 0,
) -> Posterior:
    """The posterior of an analysis that a method made of these observations.

    Args:
        method: the one that made it.
        analysis: its outcome.
        terms: the observations it was made of.
        start_hours: valid time of the background, hours since 1970.
        pairs: eigenpairs to look for, a product with the Hessian each.
        seed: of the first vector of the search.
    """
    problem = method, analysis.background, terms, np.int32(start_hours)
    return _posterior(*problem, analysis.minimum.control, pairs, jax.random.key(seed))


def degrees_of_freedom(found: Posterior, key: PRNGKeyArray, probes: int = 8, steps: int = 24) -> tuple[float, float]:
    """All degrees of freedom for signal, and the standard error of this estimate.

    Args:
        found: the posterior, of any number of pairs.
        key: of the white vectors.
        probes: how many of them.
        steps: products with the Hessian for each.
    """
    each = np.asarray(_freedoms(found, jax.random.split(key, probes), min(steps, found.control.size)), np.float64)
    return float(each.mean()), float(each.std(ddof=1) / np.sqrt(probes))


@eqx.filter_jit
def _freedoms(found: Posterior, keys: Array, steps: int) -> Float[Array, " probe"]:
    """e^T f(J'') e of every white vector e."""
    unflatten = ravel_pytree(found.cost.zero_control())[1]
    linear = linearise(lambda v: found.cost.residual(unflatten(v)), found.control)
    size, dtype = found.control.size, found.control.dtype

    def freedom(key: PRNGKeyArray) -> Array:
        pairs = eigenpairs(linear.hessian, size, steps, key, dtype)
        white = jax.random.normal(key, (size,), dtype)
        return jnp.sum((pairs.vector @ white) ** 2 * (1.0 - 1.0 / pairs.value))

    return jax.lax.map(freedom, keys)


@eqx.filter_jit
def _posterior(
    method: Variational,
    background: Array,
    terms: tuple[ObservationTerm, ...],
    hours: Any,
    control: Any,
    pairs: int,
    key: PRNGKeyArray,
) -> Posterior:
    cost = method.cost(background, terms, hours)
    flat, unflatten = ravel_pytree(control)
    linear = linearise(lambda v: cost.residual(unflatten(v)), flat)
    return Posterior(cost, flat, eigenpairs(linear.hessian, flat.size, pairs, key, flat.dtype))


@eqx.filter_jit
def _samples(posterior: Posterior, key: PRNGKeyArray, count: int) -> Array:
    white = jax.random.normal(key, (count, posterior.control.size), posterior.control.dtype)
    return jax.lax.map(posterior.perturbed, white)


@eqx.filter_jit
def _spread(posterior: Posterior, key: PRNGKeyArray, samples: int) -> Array:
    centre = posterior.perturbed(jnp.zeros_like(posterior.control))

    def add(total: Array, key: PRNGKeyArray) -> tuple[Array, None]:
        white = jax.random.normal(key, posterior.control.shape, posterior.control.dtype)
        return total + (posterior.perturbed(white) - centre) ** 2, None

    total, _ = jax.lax.scan(add, jnp.zeros_like(centre), jax.random.split(key, samples))
    return jnp.sqrt(total / samples)
