"""Whether the derivatives of a forecast model are its derivatives, in standardised anomalies.

    M(x + h d) - M(x) = h M'(x) d + O(h^2),         <M' d, w> = <d, M'^T w>  with w = M' d

d is smooth, a mixture of planetary waves of unit size in every channel.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpy import ndarray

from latentda.fields import Standardizer
from latentda.forecast import ForecastModel, host_failures_told
from latentda.workflows.check import Check

SIZES = (0.1, 0.03, 0.01)
"""h of the linearisation."""

LINEAR = 0.05
"""Share of h M'd by which the best of the differences may miss it."""

TRANSPOSED = 1e-3
"""Share by which the two products may differ."""

WAVES = 4
"""Largest wavenumber of d, zonal and meridional."""

TINY = float(np.finfo(np.float64).tiny)


@host_failures_told()
def derivative_checks(
    model: ForecastModel, state: Float[ndarray, "channel lat lon"], hours: int, standardizer: Standardizer
) -> list[Check]:
    """The laws of the tangent linear and the adjoint of one step.

    Args:
        model: a differentiable one.
        state: physical units.
        hours: its valid time, since 1970.
        standardizer: of the anomalies.

    Raises:
        UserError: the model fails.
    """
    step = _step(model, hours, standardizer)
    at = standardizer.to_anomaly(state, np.int32(hours))
    direction = jnp.asarray(_waves(model.layout.shape), at.dtype)
    value, tangent = jax.jit(lambda x, d: jax.jvp(step, (x,), (d,)))(at, direction)
    (pulled,) = jax.jit(lambda x, w: jax.vjp(step, x)[1](w))(at, tangent)
    run = jax.jit(step)
    moved = {h: np.asarray(run(at + h * direction), np.float64) for h in SIZES}
    return [
        _linear(np.asarray(value, np.float64), np.asarray(tangent, np.float64), moved),
        _transposed(np.asarray(tangent, np.float64), np.asarray(direction, np.float64), np.asarray(pulled, np.float64)),
    ]


def _linear(value: ndarray, tangent: ndarray, moved: dict[float, ndarray]) -> Check:
    length = max(float(np.linalg.norm(tangent)), TINY)
    misses = [float(np.linalg.norm(later - value - h * tangent)) / (h * length) for h, later in moved.items()]
    shares = ", ".join(f"{miss:.1e}" for miss in misses)
    found = f"h M'd misses M(x + h d) - M(x) by {shares} of its size, h = {', '.join(map(str, moved))}"
    return Check("tangent linear", found, min(misses) < LINEAR)


def _transposed(tangent: ndarray, direction: ndarray, pulled: ndarray) -> Check:
    forward, backward = float(np.sum(tangent**2)), float(np.sum(direction * pulled))
    apart = abs(forward - backward) / max(forward, TINY)
    found = f"<M'd, w> = {forward:.7g}, <d, M'^T w> = {backward:.7g}; they differ by {apart:.1e}"
    return Check("adjoint", found, apart < TRANSPOSED)


def _step(model: ForecastModel, hours: int, standardizer: Standardizer) -> Callable[[Array], Array]:
    """M of standardised anomalies."""
    start, length = jnp.int32(hours), model.step_hours

    def step(anomaly: Array) -> Array:
        later = model.propagate(standardizer.to_physical(anomaly, start), start, (length,))[0]
        return standardizer.to_anomaly(later, start + length)

    return step


def _waves(shape: tuple[int, int, int]) -> ndarray:
    """A smooth field of unit size in every channel."""
    channels, rows, columns = shape
    rng = np.random.default_rng(0)
    numbers = np.arange(WAVES + 1)[:, None]
    meridional = np.cos(np.pi * numbers * (np.arange(rows) + 0.5) / rows)
    phases = rng.uniform(0.0, 2.0 * np.pi, (channels, WAVES + 1, WAVES + 1, 1))
    zonal = np.cos(2.0 * np.pi * numbers * np.arange(columns) / columns + phases)
    fields: ndarray = np.einsum("cml,my,cmlx->cyx", rng.normal(size=phases.shape[:-1]), meridional, zonal)
    return fields / np.sqrt(np.mean(fields**2, axis=(1, 2), keepdims=True))
