"""One filter in a space, and the rows of the table as filters in different ones.

    E <- G(E) + model error,     d_k = R^(-1/2) ( H(D(z_k)) - y ),     E <- analysis of (E, d)

A space has a step G and a decoder D into what is observed; R is that of the observations whatever the space. It is

| space | G | D |
| --- | --- | --- |
| true z | Lorenz-96 | the lift |
| latent | what a network has learnt | a network |
| x | lift, Lorenz-96, inverse of the lift | identity |

so ETKF-Q-L is ETKF-Q in the second of them. The scored analysis is D of the members' mean.
"""

from __future__ import annotations

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from latentda.assimilation import ObservationTerm
from latentda.assimilation.ensemble import (
    ETKF,
    EnsembleFilter,
    Multiplicative,
    add_isotropic_model_error,
    add_model_error,
)
from latentda.experiments.augmented.setup import Given, ObservingNetwork
from latentda.operators import GridPoints

Step = Callable[[Array], Array]


class ModelError(eqx.Module):
    """Q by its columns, times a factor.

    Attributes:
        root: the columns of Q^(1/2).
        factor: on Q.
    """

    root: Float[Array, "column number"]
    factor: Float[Array, ""]

    def __call__(self, members: Array, key: PRNGKeyArray) -> Array:
        """Members with its covariance added."""
        return add_model_error(members, jnp.sqrt(self.factor) * self.root, key)


class IsotropicModelError(eqx.Module):
    """Q = q I.

    Attributes:
        variance: q.
    """

    variance: Float[Array, ""]

    def __call__(self, members: Array, key: PRNGKeyArray) -> Array:
        """Members with its covariance added."""
        return add_isotropic_model_error(members, self.variance, key)


class FilterInSpace(eqx.Module):
    """A filter.

    Attributes:
        encode: of a first member's z, into the space.
        step: G.
        decode: D.
        model_error: Q, if the model has one.
        filter: analysis, inflation, rotation.
    """

    encode: Step
    step: Step
    decode: Step
    model_error: ModelError | IsotropicModelError | None
    filter: EnsembleFilter

    def cycle(
        self, members: Float[Array, "member number"], term: ObservationTerm, interval: int, key: PRNGKeyArray
    ) -> tuple[Float[Array, "member number"], Float[Array, "member number"]]:
        """Forecast over an interval and analyse: members of the background and of the analysis.

        Args:
            members: of the analysis before.
            term: the observations, of D as a field ``(1, 1, point)``.
            interval: steps.
            key: for what is drawn.
        """
        for now in range(interval):
            members = jax.vmap(self.step)(members)
            if self.model_error is not None:
                members = self.model_error(members, jax.random.fold_in(key, now + 1))
        departures = jax.vmap(lambda z: term.departure(self.decode(z)[None, None]))(members)
        return members, self.filter(members, departures, key)[0]


def etkf(inflation: Float[Array, ""], rotated: bool = False) -> EnsembleFilter:
    """The analysis of all rows; a model error turns the members by itself."""
    return EnsembleFilter(ETKF(), Multiplicative(inflation), rotated)


@eqx.filter_jit
def run_filters(
    build: Callable[..., FilterInSpace],
    assets: object,
    settings: Float[Array, "setting 2"],
    given: Given,
    network: ObservingNetwork,
    error: float,
) -> Float[Array, "setting seed cycle kind"]:
    """Spatial RMS errors in x of background and analysis, all settings and seeds side by side.

    Args:
        build: makes the filter of assets, inflation and size of Q.
        assets: what the rows are made of.
        settings: inflation and size of Q.
        given: truth and observations.
        network: of the observations.
        error: standard deviation of the observations.
    """
    index = jnp.arange(0, given.truth.shape[-1], network.stride)
    errors, valid = jnp.full(index.shape, error), jnp.ones(index.shape, bool)

    def one(setting: Array, run: Given) -> Array:
        chosen = build(assets, *setting)

        def wrong(members: Array, truth: Array) -> Array:
            return jnp.sqrt(jnp.mean((chosen.decode(members.mean(axis=0)) - truth) ** 2))

        def cycle(members: Array, now: tuple[Array, Array, Array]) -> tuple[Array, Array]:
            truth, observed, key = now
            term = ObservationTerm(GridPoints(index), observed, errors, valid)
            background, analysis = chosen.cycle(members, term, network.interval, key)
            return analysis, jnp.stack([wrong(background, truth), wrong(analysis, truth)])

        first = jax.vmap(chosen.encode)(run.members)
        return jax.lax.scan(cycle, first, (run.truth, run.observed, run.keys))[1]

    return jax.vmap(lambda setting: jax.vmap(lambda run: one(setting, run))(given))(settings)
