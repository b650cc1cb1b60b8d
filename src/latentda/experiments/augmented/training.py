"""Learning the code and the step of the augmented Lorenz-96, in stages.

1. The code, on states: the least reconstruction error.
2. Its decoder alone, on codes refined by Gauss-Newton; a few times, since the codes are the best of the decoder before.
3. The codes standardised: mean zero, covariance the identity.
4. The step, on refined codes, two steps chained.
5. If asked for, both together by the published loss.

States are a perfect run of the system; a filter's Q is estimated from runs apart from these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpy import ndarray

from latentda.experiments.augmented.learned import CODES, NETWORKS, Learned
from latentda.experiments.augmented.system import AugmentedLorenz96, nature_run
from latentda.networks import StandardizedCode, VectorCode, standardized_code
from latentda.progress import Track, silent
from latentda.training import TrainingSettings, chain_loss, joint_loss, reconstruction_loss, refine_codes, train


@dataclass(frozen=True)
class Plan:
    """How long and on what.

    Attributes:
        runs: independent runs to train on.
        steps: states of each.
        code: stage 1.
        decoder: stage 2, each time.
        rounds: how often.
        step: stage 4.
        joint: stage 5.
        chained: steps of a chain.
        seed: of runs and networks.
    """

    runs: int = 64
    steps: int = 800
    code: TrainingSettings = TrainingSettings(9000, 128, 1e-2, 0.0, 0.02)
    decoder: TrainingSettings = TrainingSettings(2000, 256, 3e-3, 0.0, 0.02)
    rounds: int = 2
    step: TrainingSettings = TrainingSettings(12000, 256, 5e-3, 0.0, 0.02)
    joint: TrainingSettings | None = None
    chained: int = 2
    seed: int = 1


class Trainer:
    """Trains networks of any names on one nature run; names with the same code share it.

    Attributes:
        system: what is learnt.
        plan: how.
        checkpoints: folder in which a stopped training finds what it had.
        track: shows progress.
    """

    def __init__(
        self, system: AugmentedLorenz96, plan: Plan, checkpoints: Path | None = None, track: Track = silent
    ) -> None:
        self.system, self.plan, self.checkpoints, self.track = system, plan, checkpoints, track
        self._key = jax.random.key(plan.seed)
        z = nature_run(system, jax.random.fold_in(self._key, 1), plan.runs + 1, plan.steps)
        x = np.asarray(jax.jit(jax.vmap(jax.vmap(system.lift)))(z))
        self._states, self._held_out = x[:-1], x[-1]
        self._codes: dict[str, tuple[StandardizedCode, Array]] = {}

    def learn(self, name: str) -> tuple[Learned, dict[str, float]]:
        """Train the networks of a name; also their errors on a run held out, see :func:`errors_of`.

        Args:
            name: one of :data:`~latentda.experiments.augmented.learned.NETWORKS`.
        """
        plan, new = self.plan, NETWORKS[name]
        if new.code not in self._codes:
            self._codes[new.code] = self._learn_code(new.code, new.rate)
        code, codes = self._codes[new.code]
        series = np.asarray(codes).reshape(*self._states.shape[:2], -1)
        step = new.step(series.shape[-1], jax.random.fold_in(self._key, 3))
        step = self._fit(step, chain_loss, windows(series, plan.chained), plan.step, f"{name}-step")
        learned = Learned(code, step)
        if plan.joint is not None:
            pieces = windows(self._states, plan.chained)
            learned = Learned(*self._fit((code, step), joint_loss, pieces, plan.joint, f"{name}-joint"))
        return learned, errors_of(learned, jnp.asarray(self._held_out))

    def _learn_code(self, kind: str, rate: float) -> tuple[StandardizedCode, Array]:
        """Stages 1 to 3; also the codes of all states."""
        plan, states = self.plan, self._states.reshape(-1, self._states.shape[-1])
        points, latent = self.system.W.shape
        code = CODES[kind](points, latent, jax.random.fold_in(self._key, 2))
        code = self._fit(code, reconstruction_loss, states, _slowed(plan.code, rate), f"{kind}-code")
        some = states[::4]
        for k in range(plan.rounds):
            pairs = some, np.asarray(refined(code, some))
            code = self._fit(code, _decoding, pairs, _slowed(plan.decoder, rate), f"{kind}-decoder-{k + 1}")
        codes = refined(code, states)
        standardized = standardized_code(code, codes)
        return standardized, jax.vmap(standardized.standardized)(codes)

    def _fit(
        self, module: Any, loss: Callable[[Any, Any], Array], samples: Any, settings: TrainingSettings, stage: str
    ) -> Any:
        count = len(jax.tree.leaves(samples)[0])

        def batches(step: int) -> Any:
            chosen = np.random.default_rng([self.plan.seed, step]).integers(0, count, settings.batch_size)
            return jax.tree.map(lambda array: array[chosen], samples)

        def shown(items: Iterable[Any], _: str, total: int) -> Iterable[Any]:
            return self.track(items, f"training {stage}", total)

        path = self.checkpoints / f"{stage}.checkpoint" if self.checkpoints else None
        return train(module, loss, batches, settings, checkpoint=path, track=shown).module


def refined(code: VectorCode, states: Float[Array, "sample point"] | ndarray) -> Float[Array, "sample latent"]:
    """Codes E(x) after Gauss-Newton."""
    states = jnp.asarray(states)
    return refine_codes(code.decode, states, jax.jit(jax.vmap(code.encode))(states))


def errors_of(learned: Learned, states: Float[Array, "time point"]) -> dict[str, float]:
    """Root mean square errors of reconstruction (raw and refined code) and of a step, on states a step apart."""

    def rms(difference: Array) -> float:
        return float(jnp.sqrt(jnp.mean(difference**2)))

    code = learned.code
    raw, fine = jax.vmap(code.encode)(states), refined(code, states)
    return {
        "reconstruction": rms(jax.vmap(code.decode)(raw) - states),
        "reconstruction of refined codes": rms(jax.vmap(code.decode)(fine) - states),
        "one step of the code": rms(jax.vmap(learned.step)(fine[:-1]) - fine[1:]),
    }


def windows(series: Float[ndarray, "run time number"], chained: int) -> Float[ndarray, "sample length number"]:
    """All pieces of ``chained`` + 1 values in a row."""
    pieces = np.lib.stride_tricks.sliding_window_view(series, chained + 1, axis=1)
    return pieces.swapaxes(-1, -2).reshape(-1, chained + 1, series.shape[-1])


def _slowed(settings: TrainingSettings, rate: float) -> TrainingSettings:
    return replace(settings, learning_rate=rate * settings.learning_rate)


def _decoding(code: VectorCode, batch: tuple[Array, Array]) -> Float[Array, ""]:
    states, codes = batch
    return jnp.mean((jax.vmap(code.decode)(codes) - states) ** 2)
