"""Forecasts of an ensemble, shared by all devices."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from latentda.forecast.model import ForecastModel


def forecast_members(
    model: ForecastModel, states: Float[ArrayLike, "member channel lat lon"], hours: int, lead_hours: tuple[int, ...]
) -> Float[Array, "member lead channel lat lon"]:
    """M of every member: each device that JAX sees forecasts an equal share, at the same time as the others.

    A model on the host forecasts all of them, one after the other or as it likes.

    Args:
        model: M.
        states: physical units.
        hours: their valid time, since 1970.
        lead_hours: increasing, from there.
    """
    states, start = jnp.asarray(states), np.int32(hours)
    devices = jax.local_devices() if model.differentiable else jax.local_devices()[:1]
    if len(devices) == 1:
        return model.propagate_members(states, start, lead_hours)
    shares = jnp.array_split(states, min(len(devices), len(states)))
    # Calls return before their work is done, so that the devices work side by side.
    made = [
        model.propagate_members(jax.device_put(share, device), start, lead_hours)
        for share, device in zip(shares, devices, strict=False)
    ]
    return jnp.concatenate([jax.device_put(part, devices[0]) for part in made])
