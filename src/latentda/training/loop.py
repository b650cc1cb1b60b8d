"""The one training loop: AdamW, warm-up then cosine, clipped gradients, checkpoints, exact resume.

The batch of step k depends on the seed and on k alone, so a run that was killed and resumed ends in the same
weights as one that was not.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from safetensors import safe_open
from safetensors.numpy import save_file

from latentda.progress import Track, silent

Loss = Callable[[Any, Any], jax.Array]
"""``loss(module, batch)`` -> scalar."""

Batches = Callable[[int], Any]
"""``batches(step)`` -> the batch of that step, a pytree of host arrays."""


@dataclass(frozen=True)
class TrainingSettings:
    """How to train.

    Attributes:
        steps: optimisation steps.
        batch_size: states a step.
        learning_rate: peak rate.
        weight_decay: AdamW's decoupled decay.
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
    """A trained module and the loss of every step (NaN for steps of an earlier process)."""

    module: Any
    losses: np.ndarray


def train(
    module: Any,
    loss: Loss,
    batches: Batches,
    settings: TrainingSettings,
    *,
    checkpoint: str | Path | None = None,
    track: Track = silent,
) -> Trained:
    """Minimise ``loss`` over the arrays of ``module``.

    Args:
        module: an Equinox module.
        loss: scalar loss of a module and a batch.
        batches: gives the batch of a step.
        settings: see :class:`TrainingSettings`.
        checkpoint: file to write now and then, and to resume from if it exists.
        track: shows progress.

    Raises:
        FloatingPointError: the loss became NaN or infinite; the last checkpoint is kept.
        ValueError: the checkpoint belongs to another module.
    """
    optimiser = _optimiser(settings)
    weights, static = eqx.partition(module, eqx.is_inexact_array)
    state = optimiser.init(weights)
    losses = np.full(settings.steps, np.nan)
    first = 0
    checkpoint = Path(checkpoint) if checkpoint else None
    if checkpoint and checkpoint.exists():
        (weights, state), first, losses = _restore((weights, state), checkpoint, losses)

    @eqx.filter_jit
    def step(weights: Any, state: Any, batch: Any) -> tuple[Any, Any, jax.Array]:
        value, gradient = jax.value_and_grad(lambda w: loss(eqx.combine(w, static), batch))(weights)
        updates, state = optimiser.update(gradient, state, weights)
        return optax.apply_updates(weights, updates), state, value

    for k in track(range(first, settings.steps), "training", settings.steps - first):
        weights, state, value = step(weights, state, batches(k))
        losses[k] = float(value)
        if not np.isfinite(losses[k]):
            raise FloatingPointError(f"The loss is {losses[k]} at step {k}; lower the learning rate.")
        if checkpoint and ((k + 1) % settings.checkpoint_every == 0 or k + 1 == settings.steps):
            _save((weights, state), k + 1, losses, checkpoint)
    return Trained(eqx.combine(weights, static), losses)


def batch_positions(count: int, settings: TrainingSettings, step: int) -> np.ndarray:
    """Which of ``count`` states make the batch of a step: every epoch a fresh permutation."""
    size = min(settings.batch_size, count)
    per_epoch = count // size
    epoch, within = divmod(step, per_epoch)
    order = np.random.default_rng([settings.seed, epoch]).permutation(count)
    return np.sort(order[within * size : (within + 1) * size])


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
        optax.adamw(rate, b2=0.99, weight_decay=settings.weight_decay),
    )


def _save(pytree: Any, step: int, losses: np.ndarray, path: Path) -> None:
    arrays = {f"{i:05d}": np.array(leaf) for i, leaf in enumerate(jax.tree.leaves(pytree))}
    arrays["losses"] = losses
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".part")
    save_file(arrays, str(partial), {"step": json.dumps(step)})
    partial.replace(path)


def _restore(pytree: Any, path: Path, losses: np.ndarray) -> tuple[Any, int, np.ndarray]:
    leaves, tree = jax.tree.flatten(pytree)
    try:
        with safe_open(str(path), "numpy") as file:
            step = json.loads(file.metadata()["step"])
            stored = [file.get_tensor(f"{i:05d}") for i in range(len(leaves))]
            done = file.get_tensor("losses")
    except Exception as error:
        raise ValueError(f"{path} is no checkpoint of this training: {error}") from error
    if any(s.shape != np.shape(leaf) for s, leaf in zip(stored, leaves, strict=True)):
        raise ValueError(f"{path} is the checkpoint of another network; remove it or rename the new one.")
    losses[: min(step, losses.size)] = done[: min(step, losses.size)]
    restored = [jnp.asarray(s, jnp.asarray(leaf).dtype) for s, leaf in zip(stored, leaves, strict=True)]
    return jax.tree.unflatten(tree, restored), step, losses
