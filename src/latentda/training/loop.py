"""The one training loop: AdamW, warm-up then cosine, clipped gradients, checkpoints, exact resume.

The batch of step k depends on the seed and on k alone, so a run that was killed and resumed ends in the same
weights as one that was not. A thread makes the next batches meanwhile; each is shared by all devices.

Sources: AdamW: Loshchilov and Hutter (2019), arXiv 1711.05101; the cosine schedule: the same authors (2017),
arXiv 1608.03983.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from time import perf_counter
from typing import Any

import equinox as eqx
import jax
import numpy as np
import optax

from latentda.progress import Track, silent
from latentda.runs.lock import only_writer
from latentda.training.checkpoint import Progress, restore_progress, save_progress
from latentda.training.devices import on_every_device, require_equal_shares, share_batch
from latentda.training.prefetch import prefetched
from latentda.training.throughput import Throughput, device_names, matmul_rate
from latentda.user_error import NotFiniteError

Loss = Callable[[Any, Any], jax.Array]
"""``loss(module, batch)`` -> scalar."""

Batches = Callable[[int], Any]
"""``batches(step)`` -> the batch of that step, a pytree of host arrays with a leading sample axis."""


@dataclass(frozen=True)
class TrainingSettings:
    """How to train.

    Attributes:
        steps: optimisation steps.
        batch_size: states a step.
        learning_rate: peak rate.
        weight_decay: AdamW's decoupled decay, of the weights that :func:`decaying` names.
        warm_up: share of the steps in which the rate rises linearly.
        clip: largest norm of the gradient.
        seed: of the batches and of the initial weights.
        checkpoint_every: steps between checkpoints.
    """

    steps: int = 2000
    batch_size: int = 16
    learning_rate: float = 1e-3
    weight_decay: float = 1e-2
    warm_up: float = 0.05
    clip: float = 1.0
    seed: int = 0
    checkpoint_every: int = 250


@dataclass(frozen=True, eq=False)
class Trained:
    """A trained module.

    Attributes:
        module: with the last step's weights.
        losses: of every step.
        throughput: of all steps.
    """

    module: Any
    losses: np.ndarray
    throughput: Throughput


def train(
    module: Any,
    loss: Loss,
    batches: Batches,
    settings: TrainingSettings,
    *,
    checkpoint: str | Path | None = None,
    described: Mapping[str, Any] | None = None,
    track: Track = silent,
) -> Trained:
    """Minimise ``loss`` over the arrays of ``module``.

    Args:
        module: an Equinox module.
        loss: scalar loss of a module and a batch: a mean over samples.
        batches: gives the batch of a step.
        settings: see :class:`TrainingSettings`.
        checkpoint: file to write now and then, and to resume from if it exists; another process that trains with it is
            waited for.
        described: all other settings on which the result depends, JSON-ready; kept in the checkpoint.
        track: shows progress.

    Raises:
        NotFiniteError: the loss became NaN or infinite; the last checkpoint is kept.
        ValueError: the checkpoint belongs to another module or other settings, or a batch cannot be shared equally by
            the devices.
    """
    require_equal_shares(settings.batch_size)
    path = Path(checkpoint) if checkpoint else None
    alone = jax.process_count() == 1  # the processes of one training share its checkpoint
    with only_writer(path) if path and alone else nullcontext():
        return _train(module, loss, batches, settings, path, _everything(settings, described or {}), track)


def _train(
    module: Any,
    loss: Loss,
    batches: Batches,
    settings: TrainingSettings,
    path: Path | None,
    everything: Mapping[str, Any],
    track: Track,
) -> Trained:
    optimiser = _optimiser(settings)
    weights, static = eqx.partition(module, eqx.is_inexact_array)
    progress = Progress((weights, optimiser.init(weights)), 0, np.zeros(0), 0.0)
    if path and path.exists():
        progress = restore_progress(progress.arrays, everything, path)

    def step(weights: Any, state: Any, batch: Any) -> tuple[Any, Any, jax.Array]:
        value, gradient = jax.value_and_grad(lambda w: loss(eqx.combine(w, static), batch))(weights)
        updates, state = optimiser.update(gradient, state, weights)
        return optax.apply_updates(weights, updates), state, value

    def keep(progress: Progress) -> None:
        if path and (progress.step % settings.checkpoint_every == 0 or progress.step == settings.steps):
            save_progress(progress, everything, path)

    rate = matmul_rate()
    progress, flops = _run(step, batches, progress, settings.steps, keep, track)
    speed = settings.steps / max(progress.seconds, 1e-9)
    throughput = Throughput(speed * settings.batch_size, speed * flops, rate, device_names())
    return Trained(eqx.combine(progress.arrays[0], static), progress.losses, throughput)


def _run(
    step: Callable, batches: Batches, progress: Progress, steps: int, keep: Callable[[Progress], None], track: Track
) -> tuple[Progress, float]:
    """Go on to the last step; also the floating-point operations of a step."""
    first, spent = progress.step, progress.seconds
    weights, state = jax.device_put(progress.arrays, on_every_device())
    losses = np.full(steps, np.nan)
    losses[:first] = progress.losses
    with prefetched(lambda k: share_batch(batches(k)), range(min(first, steps - 1), steps)) as upcoming:
        earliest = next(upcoming)
        compiled, flops = _compile(step, weights, state, earliest)
        start = perf_counter()
        remaining = track(range(first, steps), "training", steps - first)
        for k, batch in zip(remaining, chain([earliest], upcoming), strict=False):
            weights, state, value = compiled(weights, state, batch)
            losses[k] = float(value)
            if not np.isfinite(losses[k]):
                raise NotFiniteError(f"The loss is {losses[k]} at step {k}; lower the learning rate.")
            progress = Progress((weights, state), k + 1, losses, spent + perf_counter() - start)
            keep(progress)
    return progress, flops


def _compile(step: Callable, *arguments: Any) -> tuple[Callable, float]:
    """The compiled step, and the floating-point operations of one call on all devices."""
    lowered = jax.jit(step, out_shardings=on_every_device()).lower(*arguments)
    return lowered.compile(), float((lowered.cost_analysis() or {}).get("flops", 0.0))


def _everything(settings: TrainingSettings, described: Mapping[str, Any]) -> dict[str, Any]:
    """All settings that decide the result; how often checkpoints are written does not."""
    return {"training": {k: v for k, v in asdict(settings).items() if k != "checkpoint_every"}, **described}


def _optimiser(settings: TrainingSettings) -> optax.GradientTransformation:
    rate = optax.warmup_cosine_decay_schedule(
        0.0,
        settings.learning_rate,
        max(1, int(settings.warm_up * settings.steps)),
        settings.steps,
        0.01 * settings.learning_rate,
    )
    return optax.chain(
        optax.clip_by_global_norm(settings.clip),
        optax.adamw(rate, b2=0.99, weight_decay=settings.weight_decay, mask=decaying),
    )


def decaying(module: Any) -> Any:
    """Which leaves of a module decay: matrices of linear layers and kernels of convolutions, and nothing else.

    For these zero is the smallest map. For a norm's scale, a bias, a position's embedding or principal components from
    which training starts it is no better than any other value.
    """

    def marked(node: Any) -> Any:
        plain = jax.tree.map(lambda _: False, node)
        return eqx.tree_at(lambda layer: layer.weight, plain, True) if _is_layer(node) else plain

    return jax.tree.map(marked, module, is_leaf=_is_layer)


def _is_layer(node: Any) -> bool:
    return isinstance(node, eqx.nn.Linear | eqx.nn.Conv | eqx.nn.ConvTranspose)
