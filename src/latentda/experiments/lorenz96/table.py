"""The Lorenz-96 identical twin: observe every variable, score the analysis, compare with the published table.

A cycle forecasts truth and analysis by one observation interval to the window's start t_k, observes the truth at the
window's end s_k = t_k + L intervals, and analyses the state at t_k:

    x_b(t_k) = M(x_a(t_{k-1})),    y = x_t(s_k) + e,  e ~ N(0, R),    x_a(t_k) = argmin J.

Scored is what the analysis makes of the newest observations, at s_k, also in DAPPER: the time mean of the spatial
RMS error of M_L(x_a(t_k)) - x_t(s_k). In three dimensions L = 0. Of an ensemble its mean is scored. Set-up,
methods and sources: :mod:`latentda.experiments.lorenz96.setup`, :mod:`latentda.experiments.lorenz96.methods`.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from latentda.experiments.lorenz96.methods import METHODS
from latentda.experiments.lorenz96.setup import Lorenz96Twin, Method, Update
from latentda.files import write_json
from latentda.user_error import UserError


@dataclass(frozen=True)
class TableRow:
    """What one method scored, beside what it should.

    Attributes:
        method: name.
        settings: observation interval, window and what the method has, in words.
        seeds: of the runs.
        errors: analysis error of each seed.
        mean: over the seeds.
        published: the error in DAPPER's tables.
        band: between which the mean of three seeds must lie.
        inside: whether it does.
        seconds: wall-clock time of all seeds, compilation included.
    """

    method: str
    settings: str
    seeds: tuple[int, ...]
    errors: tuple[float, ...]
    mean: float
    published: float | None
    band: tuple[float, float]
    inside: bool
    seconds: float


def run_lorenz96(method: str, seeds: Sequence[int], twin: Lorenz96Twin | None = None) -> list[dict[str, Any]]:
    """Run the twin experiment for some seeds side by side.

    Args:
        method: one of :data:`~latentda.experiments.lorenz96.methods.METHODS`.
        seeds: one experiment each: truth, observation errors, what a filter draws.
        twin: the set-up; by default the published one.

    Returns:
        Two rows a seed, of the ``kind`` background and analysis; ``rmse`` is the time mean of the
        spatial RMS error over the ``count`` analyses scored.

    Raises:
        UserError: unknown method, no seed, or nothing left to score.
    """
    twin = twin or Lorenz96Twin()
    if method not in METHODS:
        raise UserError(f"Unknown method {method!r}; known are {', '.join(METHODS)}.")
    if not seeds or twin.spinup_cycles >= twin.cycles:
        raise UserError(f"Nothing to score: seeds {tuple(seeds)}, {twin.cycles} cycles.")
    keys = jax.vmap(jax.random.key)(jnp.asarray(seeds))
    chosen = METHODS[method]
    update = chosen.build(twin, chosen.window(twin.model))
    given = _given(twin, chosen.observed_every, chosen.window_intervals, keys)
    alone = jnp.broadcast_to(twin.start, (len(seeds), 1, *twin.start.shape))
    first = draw_members(twin, keys)[:, : chosen.members] if chosen.members > 1 else alone
    errors = np.asarray(_spatial_errors(twin, chosen, update, first, given))
    scores = errors[:, twin.spinup_cycles :].mean(axis=1)
    count = twin.cycles - twin.spinup_cycles
    row = {"experiment": "lorenz96", "method": method, "channel": "x", "lead_hours": 0, "twin": "identical"}
    return [
        row | {"seed": int(seed), "kind": kind, "rmse": float(rmse), "count": count}
        for seed, pair in zip(seeds, scores, strict=True)
        for kind, rmse in zip(("background", "analysis"), pair, strict=True)
    ]


def table_row(method: str, scores: Sequence[dict[str, Any]], seconds: float) -> TableRow:
    """Compare the scores of :func:`run_lorenz96` with the method's band."""
    chosen = METHODS[method]
    rows = [row for row in scores if row["kind"] == "analysis"]
    errors = tuple(row["rmse"] for row in rows)
    mean = float(np.mean(errors))
    settings = [f"observed every {chosen.observed_every}" if chosen.observed_every > 1 else "observed every step"]
    settings += [f"window {chosen.window_intervals}"] * (chosen.window_intervals > 0)
    return TableRow(
        method,
        ", ".join([*settings, chosen.settings]),
        tuple(row["seed"] for row in rows),
        errors,
        mean,
        chosen.published,
        chosen.band,
        chosen.inside(mean),
        seconds,
    )


def run_table(seeds: Sequence[int], twin: Lorenz96Twin | None = None) -> tuple[list[TableRow], list[dict[str, Any]]]:
    """Run every method; returns the table and the scores behind it."""
    table, scores = [], []
    for method in METHODS:
        start = time.perf_counter()
        found = run_lorenz96(method, seeds, twin)
        table.append(table_row(method, found, time.perf_counter() - start))
        scores += found
    return table, scores


def write_table(table: Sequence[TableRow], scores: Sequence[dict[str, Any]], path: Path) -> Path:
    """Write ``{"table": [...], "scores": [...]}`` as JSON; ``read_scores`` reads the second part."""
    return write_json(path, {"table": [asdict(row) for row in table], "scores": list(scores)})


class _Given(NamedTuple):
    """What the methods of one seed are given: truth at the ends of all windows, observations of it, random keys."""

    truth: Float[Array, "seed cycle 1 1 point"]
    observed: Float[Array, "seed cycle point"]
    keys: PRNGKeyArray


# Apart from the analyses, so that methods that are given the same share its compilation.
@partial(jax.jit, static_argnums=(0, 1, 2))
def _given(twin: Lorenz96Twin, observed_every: int, ahead: int, keys: PRNGKeyArray) -> _Given:
    hours = range(ahead + 1, ahead + twin.cycles + 1)
    times = tuple(observed_every * twin.model.step_hours * k for k in hours)

    def one(key: Array) -> _Given:
        first, noises = jax.random.split(key)
        truth = twin.model.propagate(twin.draw_start(first), 0, times)
        noise = jnp.sqrt(twin.observation_variance) * jax.random.normal(noises, (twin.cycles, twin.model.points))
        draws = jax.random.split(jax.random.fold_in(key, 3), twin.cycles)
        return _Given(truth, truth.reshape(noise.shape) + noise, draws)

    return jax.vmap(one)(keys)


@partial(jax.jit, static_argnums=0)
def draw_members(twin: Lorenz96Twin, keys: PRNGKeyArray) -> Float[Array, "seed member 1 1 point"]:
    """About e_1, apart from the truth; as many as the largest ensemble has, of which smaller ones take the first."""
    most = max(method.members for method in METHODS.values())
    return jax.vmap(lambda key: twin.draw_start(jax.random.fold_in(key, 2), (most,)))(keys)


@eqx.filter_jit
def _spatial_errors(
    twin: Lorenz96Twin, method: Method, update: Update, first: Array, given: _Given
) -> Float[Array, "seed cycle kind"]:
    """Spatial RMS errors of background and analysis, every seed and cycle."""
    hours = method.observed_every * twin.model.step_hours

    def later(states: Array, intervals: int) -> Array:
        return twin.model.propagate_members(states, 0, (intervals * hours,))[:, 0] if intervals else states

    def error(states: Array, truth: Array) -> Float[Array, ""]:
        observed = later(states, method.window_intervals)
        return jnp.sqrt(jnp.mean((observed.mean(axis=0) - truth) ** 2))

    def cycle(states: Array, now: _Given) -> tuple[Array, Array]:
        background, analysis = update(later(states, 1), now.observed, now.keys)
        return analysis, jnp.stack([error(background, now.truth), error(analysis, now.truth)])

    return jax.vmap(lambda states, run: jax.lax.scan(cycle, states, run)[1])(first, given)
