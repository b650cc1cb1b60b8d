"""Whether the derivatives of a forecast model are its derivatives, in standardised anomalies.

    Q(h) = [M(x + h d) - M(x - h d)] / 2h,    bend(h) = |[M(x + h d) - M(x)] - [M(x) - M(x - h d)]| / 2h |Q|
    miss(h) = |M'd - Q(h)| / |Q|,             <M' d, w> = <d, M'^T w>  with w = M' d

d is smooth, a mixture of planetary waves of unit size in every channel, so that h is the size of a perturbation in
climatological standard deviations: from that of a background error down. Of a smooth model miss and bend fall with h
until rounding raises them. The physics of others switches, and a threshold that is passed on one side only is as large
in bend(h), which knows nothing of M', as in miss(h). So M' is held against Q at the h of the least bend: what M' misses
there beyond the bend is no switch but an error.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array
from numpy import ndarray

from latentda.fields import Standardizer
from latentda.forecast import ForecastModel, host_failures_told
from latentda.workflows.background import State
from latentda.workflows.check import Check

SIZES = (1.0, 0.3, 0.1, 0.03, 0.01)
"""h of the perturbations."""

LINEAR = 0.05
"""Share of Q by which M'd may miss it where forecasts do not bend."""

BENT = 1.5
"""The same, over the bend, where they do."""

USELESS = 0.5
"""Share of Q beyond which no bend excuses a miss."""

TRANSPOSED = 1e-3
"""Share by which the two products may differ."""

WAVES = 4
"""Largest wavenumber of d, zonal and meridional."""

TINY = float(np.finfo(np.float64).tiny)


@host_failures_told()
def derivative_checks(model: ForecastModel, state: State, standardizer: Standardizer) -> list[Check]:
    """The laws of the tangent linear and the adjoint of one step.

    Args:
        model: a differentiable one.
        state: what it starts from.
        standardizer: of the anomalies.

    Raises:
        UserError: the model fails.
    """
    step = _step(model, state.hours, standardizer)
    at = standardizer.to_anomaly(state.values, np.int32(state.hours))
    direction = jnp.asarray(_waves(model.layout.shape), at.dtype)
    _, tangent = jax.jit(lambda x, d: jax.jvp(step, (x,), (d,)))(at, direction)
    (pulled,) = jax.jit(lambda x, w: jax.vjp(step, x)[1](w))(at, tangent)
    run = jax.jit(step)

    def moved(h: float) -> ndarray:
        return np.asarray(run(at + h * direction), np.float64)

    sides = {h: (moved(h), moved(-h)) for h in SIZES}
    return [
        _linear(moved(0.0), np.asarray(tangent, np.float64), sides),
        _transposed(np.asarray(tangent, np.float64), np.asarray(direction, np.float64), np.asarray(pulled, np.float64)),
    ]


def _linear(value: ndarray, tangent: ndarray, sides: dict[float, tuple[ndarray, ndarray]]) -> Check:
    bends, misses = {}, {}
    for h, (ahead, behind) in sides.items():
        quotient = (ahead - behind) / (2.0 * h)
        length = max(float(np.linalg.norm(quotient)), TINY)
        bends[h] = float(np.linalg.norm(ahead - 2.0 * value + behind)) / (2.0 * h * length)
        misses[h] = float(np.linalg.norm(tangent - quotient)) / length
    h = min(bends, key=lambda size: bends[size])
    allowed = min(LINEAR + BENT * bends[h], USELESS)
    found = (
        f"M'd misses differences of forecasts by {100 * misses[h]:.2g} % of their size, h = {h:g} sd; forward and "
        f"backward ones are {100 * bends[h]:.2g} % from their mean"
    )
    if bends[h] > LINEAR:
        found += f": the model has switches, which no derivative follows; they explain {100 * allowed:.0f} % at most"
    return Check("tangent linear", found, misses[h] < allowed)


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
