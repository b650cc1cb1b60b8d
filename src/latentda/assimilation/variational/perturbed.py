"""Perturbed analyses: the posterior by brute force, an analysis a member.

    x_b' = x(e),    y' = y + R^(1/2) e_o,    e, e_o ~ N(0, I),

and each member analysed as the analysis itself is. Where problem and prior are linear and the minimisations converge,
the members have the covariance of the posterior, which needs no Hessian to be known: the cross-check of
:mod:`~latentda.assimilation.variational.posterior`, and what it costs without one.

Source: Zagar, Andersson & Fisher (2005), doi 10.1256/qj.05.146; Isaksen et al. (2010), ECMWF Tech. Memo. 636.
"""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, Key, PRNGKeyArray

from latentda.assimilation.term import ObservationTerm, require_independent_gaussian
from latentda.assimilation.variational.method import Variational
from latentda.user_error import UserError


def perturbed_analyses(
    method: Variational,
    background: Float[Array, "*slot channel lat lon"],
    terms: tuple[ObservationTerm, ...],
    start_hours: int,
    key: PRNGKeyArray,
    count: int,
) -> Float[Array, "member *slot channel lat lon"]:
    """Analyses at the window's start, standardised anomalies, one after the other in one compiled function.

    Args:
        method: that makes them.
        background: x_b.
        terms: the observations of each slot.
        start_hours: valid time of the background, hours since 1970.
        key: of the perturbations.
        count: of members.

    Raises:
        UserError: errors of observations that are correlated or doubted beyond a Huber limit, so that noise of the
            errors' size is not theirs; or a window whose model errs.
    """
    require_independent_gaussian(terms, "Perturbed analyses")
    if method.window.zero_control() is not None:
        raise UserError(
            "Perturbed analyses are made for independent errors of observations and a model without error: leave out "
            "correlations and the weak constraint."
        )
    return _members(method, background, terms, np.int32(start_hours), jax.random.split(key, count))


@eqx.filter_jit
def _members(
    method: Variational,
    background: Array,
    terms: tuple[ObservationTerm, ...],
    hours: Any,
    keys: Key[Array, " member"],
) -> Array:
    prior = method.prior
    anchor = prior.anchor(background)
    zero, unflatten = ravel_pytree(prior.zero_control())

    def noisy(term: ObservationTerm, key: PRNGKeyArray) -> ObservationTerm:
        value = term.value + term.error * jax.random.normal(key, term.value.shape, term.value.dtype)
        return eqx.tree_at(lambda t: t.value, term, jnp.where(term.valid, value, term.value))

    def member(key: PRNGKeyArray) -> Array:
        own = jax.random.split(key, len(terms) + 1)
        moved = prior.state(anchor, unflatten(jax.random.normal(own[-1], zero.shape, zero.dtype)))
        data = tuple(noisy(term, k) for term, k in zip(terms, own, strict=False))
        cost = method.cost(moved, data, hours)
        return cost.state(method.minimiser.minimise(cost, cost.zero_control()).control)

    return jax.lax.map(member, keys)
