"""How good the European networks are in years that neither has seen.

The surrogate is held against persistence and climatology, root mean square errors against ERA-Interim; the
autoencoder by the share of variance that it misses,

    sum |D(E(a)) - a|^2 / sum |a|^2      of states,
    the same of differences              D(E(a1)) - D(E(a2))  of two days, and of a forecast and its truth.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from numpy import ndarray

from latentda.experiments.europe.assets import EuropeAssets, forecast_error_pairs
from latentda.fields import StoredSamples, StoreSampler
from latentda.training import (
    GivenPairs,
    Objective,
    RolloutSettings,
    StoredSequences,
    UnexplainedVariance,
    forecast_errors,
    unexplained_variance,
)
from latentda.verification import Score, channel_scores

EXPERIMENT = "europe-forecasts"


@dataclass(frozen=True, eq=False)
class Missed:
    """Shares of variance that the autoencoder misses in the verification period.

    Attributes:
        states: of states.
        changes: of their changes in a step of the surrogate.
        errors: of the surrogate's forecast errors.
    """

    states: Float[ndarray, " channel"]
    changes: Float[ndarray, " channel"]
    errors: Float[ndarray, " channel"]


def forecast_scores(assets: EuropeAssets) -> list[Score]:
    """The surrogate, persistence and climatology at the verified leads."""
    setup, standardizer, step = assets.setup, assets.standardizer, assets.network.step_hours
    layout, scale = standardizer.layout, np.asarray(standardizer.scale)
    sampler = StoreSampler(assets.store, layout, *setup.verification)
    samples = StoredSequences(sampler, standardizer, RolloutSettings(step, max(setup.leads) // step))
    found = forecast_errors(assets.network, _every(samples), layout.grid.latitude_weights)
    named = {"surrogate": found.network, "persistence": found.persistence, "climatology": found.climatology}
    rows: list[Score] = []
    for method, errors in named.items():
        for lead in setup.leads:
            rows += channel_scores(
                errors[lead // step - 1] * scale,
                scale,
                layout,
                experiment=EXPERIMENT,
                method=method,
                seed=0,
                lead_hours=lead,
                kind="forecast",
                count=samples.count,
                twin="real",
            )
    return rows


def missed_variance(assets: EuropeAssets) -> Missed:
    """What the autoencoder misses."""
    setup, standardizer, step = assets.setup, assets.standardizer, assets.network.step_hours
    sampler = StoreSampler(assets.store, standardizer.layout, *setup.verification)
    states = _score(assets, _every(StoredSamples(sampler, standardizer, step)))
    pairs = np.stack([np.stack(pair) for pair in forecast_error_pairs(assets, setup.verification)])
    errors = _score(assets, GivenPairs(pairs).pieces(64))
    return Missed(states.anomaly, states.difference, errors.difference)


def _score(assets: EuropeAssets, pairs: Iterable[ndarray]) -> UnexplainedVariance:
    layout = assets.standardizer.layout
    weights = jnp.asarray(layout.grid.latitude_weights, jnp.float32)
    plain = Objective(weights, jnp.ones((layout.shape[0], layout.grid.shape[0])), assets.setup.objective)
    return unexplained_variance(assets.code, pairs, plain)


def _every(samples: StoredSamples) -> Iterator[ndarray]:
    """All samples, a block at a time."""
    return samples.spread(len(samples.blocks), each=samples.count)
