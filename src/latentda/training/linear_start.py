"""The linear start of an autoencoder: a patch code that is good for the objective, from eigenvectors alone.

    minimise over rank-k P:   r tr (I - P) A (I - P)^T  +  d tr S^-2 (I - P) B (I - P)^T

A and B are the area-weighted second moments of patches of anomalies and of differences, S the differences' root mean
square by channel. With one metric for both terms, G = (r + d S^-2) / (r + d), the minimum is known: P = t V V^T t^-1
with t = G^(-1/2) and V the leading eigenvectors of t^-1 (r' A + d' B) t^-1. The factors r' = r / ((r + d) mean G) and
d' = d mean S^-2 / ((r + d) mean G) leave each term its share. Without differences (d = 0) G is 1 and these are the
principal components of the patches; without reconstruction (r = 0) those of the differences in units of S.

The objective itself scales differences by latitude too, which no single metric does. So the start is the best, by the
objective on samples, of the codes for a few ratios r : d, the principal components of the states among them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from numpy import ndarray

from latentda.grid import Grid
from latentda.networks import AutoencoderSettings, LinearPatchCode, to_patches
from latentda.training.objective import ColumnDivergence, Objective, ObjectiveSettings
from latentda.user_error import UserError

_SMALLEST_VARIANCE = 1e-4
"""Least variance on a row, as a share of the global mean: 1 / s^2 stays finite where a channel does not change."""

_STATE_SHARES = (1.0, 0.8, 0.5, 0.0)
"""The ratios tried: r, with d = 1 - r."""


@dataclass(frozen=True, eq=False)
class SampleMoments:
    """Second moments of a training period.

    Attributes:
        anomaly: A, of patches of states.
        difference: B, of patches of differences within a sample; zero for single states.
        difference_variance: zonal mean of the squared differences.
        state_shape: ``(channel, lat, lon)``.
        grid: where the states lie.
    """

    anomaly: Float[ndarray, "features features"]
    difference: Float[ndarray, "features features"]
    difference_variance: Float[ndarray, "channel lat"]
    state_shape: tuple[int, int, int]
    grid: Grid

    def objective(self, settings: ObjectiveSettings, divergence: ColumnDivergence | None = None) -> Objective:
        """The loss with this period's variances."""
        weights = self.grid.latitude_weights
        mean = (self.difference_variance * weights).mean(axis=1, keepdims=True)
        floor = np.maximum(_SMALLEST_VARIANCE * mean, 1e-12)
        precision = 1.0 / np.maximum(self.difference_variance, floor)
        return Objective(jnp.asarray(weights, jnp.float32), jnp.asarray(precision, jnp.float32), settings, divergence)


def sample_moments(
    samples: Iterable[Float[ndarray, "sample time channel lat lon"]], patch: int, grid: Grid
) -> SampleMoments:
    """Moments of samples, each one state or a pair, in one pass."""
    # One weight a token, not a point, so that the columns of V stay orthonormal.
    area = to_patches(jnp.asarray(grid.area_weights, jnp.float32)[None], patch, grid.periodic).mean(-1)
    moment = partial(_moment, patch=patch, periodic=grid.periodic, weights=area / area.size)
    anomaly = difference = square = np.zeros(())
    states = pairs = channels = 0
    for batch in samples:
        channels = batch.shape[2]
        flat = batch.reshape(-1, *batch.shape[2:])
        change = np.diff(batch, axis=1).reshape(-1, *batch.shape[2:])
        anomaly = anomaly + np.asarray(moment(jnp.asarray(flat, jnp.float32)), np.float64)
        difference = difference + np.asarray(moment(jnp.asarray(change, jnp.float32)), np.float64)
        square = square + np.einsum("pcyx->cy", change.astype(np.float64) ** 2) / grid.shape[1]
        states, pairs = states + len(flat), pairs + len(change)
    pairs = max(pairs, 1)
    return SampleMoments(anomaly / states, difference / pairs, square / pairs, (channels, *grid.shape), grid)


def principal_components(
    moments: SampleMoments, settings: AutoencoderSettings, objective: ObjectiveSettings
) -> LinearPatchCode:
    """The linear patch code of an objective's ratio r : d; a token's units are its standard deviation over the states.

    Raises:
        UserError: more latent channels than a patch has numbers.
    """
    features = len(moments.anomaly)
    if settings.latent > features:
        raise UserError(
            f"{settings.latent} latent channels are more than the {features} numbers of a patch; choose fewer, or "
            "larger patches."
        )
    metric, states, differences = _metric(moments, settings.patch, objective)
    mixed = states * moments.anomaly + differences * moments.difference
    scale = 1.0 / np.sqrt(metric)
    _, vectors = np.linalg.eigh(mixed / scale / scale[:, None])
    leading = vectors[:, : -settings.latent - 1 : -1]
    scaled = leading / scale[:, None]
    variance = np.einsum("fk,fg,gk->k", scaled, moments.anomaly, scaled)
    return LinearPatchCode(
        jnp.asarray(leading, jnp.float32),
        jnp.asarray(np.sqrt(np.maximum(variance, 1e-12)), jnp.float32),
        settings.patch,
        moments.state_shape,
        jnp.asarray(scale, jnp.float32),
        moments.grid.periodic,
    )


def best_linear_code(
    moments: SampleMoments,
    settings: AutoencoderSettings,
    objective: Objective,
    samples: Iterable[Float[ndarray, "sample time channel lat lon"]],
) -> LinearPatchCode:
    """The code with the least loss on the samples among those of a few ratios.

    Raises:
        UserError: more latent channels than a patch has numbers.
    """
    shares = _STATE_SHARES if objective.settings.difference else (1.0,)
    codes = [principal_components(moments, settings, ObjectiveSettings(r, 1.0 - r)) for r in shares]
    if len(codes) == 1:
        return codes[0]
    total = np.zeros(len(codes))
    for batch in samples:
        total += [float(_loss(objective, code, jnp.asarray(batch))) for code in codes]
    return codes[int(np.argmin(total))]


@partial(jax.jit, static_argnames=("patch", "periodic"))
def _moment(states: jax.Array, *, patch: int, periodic: bool, weights: jax.Array) -> Float[jax.Array, "i j"]:
    """Summed over states, of their patches with weights a token."""
    patches = jax.vmap(lambda a: to_patches(a, patch, periodic))(states)
    return jnp.einsum("sti,t,stj->ij", patches, weights, patches)


@eqx.filter_jit
def _loss(objective: Objective, code: LinearPatchCode, batch: jax.Array) -> jax.Array:
    """Summed over samples."""
    return objective(code, batch) * len(batch)


def _metric(
    moments: SampleMoments, patch: int, objective: ObjectiveSettings
) -> tuple[Float[ndarray, " features"], float, float]:
    """G a feature, and the factors of A and B."""
    r, d = objective.reconstruction, objective.difference
    if d == 0:
        return np.ones(len(moments.anomaly)), 1.0, 0.0
    variance = (moments.difference_variance * moments.grid.latitude_weights).mean(axis=1)
    precision = np.repeat(1.0 / np.maximum(variance, 1e-12), patch**2)
    metric = (r + d * precision) / (r + d)
    return metric, r / (r + d) / metric.mean(), d * precision.mean() / (r + d) / metric.mean()
