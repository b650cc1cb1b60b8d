"""Standardised anomalies: the form in which every method sees a state.

    a = (x - c(t)) / s        x = c(t) + s a

with c(t) the climatology and s one scale a channel, the area-weighted standard deviation of x - c(t).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float
from numpy import ndarray

from latentda.fields.climatology import Climatology, fit_climatology
from latentda.files import fitting, read_arrays, write_arrays
from latentda.grid import Hours, Layout, layout_from_dict
from latentda.user_error import UserError

KIND = "climatology and scales"

Pieces = Callable[[], Iterable[tuple[ndarray, ndarray]]]
"""Called once a pass, yields ``(hours, states)`` pieces of a training period."""


class Standardizer(eqx.Module):
    """Physical states to standardised anomalies and back.

    Attributes:
        climatology: the mean state as a function of time.
        scale: one positive number a channel, the channel's units.
        layout: what the channels are.
    """

    climatology: Climatology
    scale: Float[Array, " channel"]
    layout: Layout = eqx.field(static=True)

    def to_anomaly(
        self, state: Float[ArrayLike, "*any channel lat lon"], hours: Hours
    ) -> Float[Array, "*any channel lat lon"]:
        """a = (x - c(t)) / s."""
        return (jnp.asarray(state) - self.climatology.mean(hours)) / self.scale[:, None, None]

    def to_physical(
        self, anomaly: Float[Array, "*any channel lat lon"], hours: Hours
    ) -> Float[Array, "*any channel lat lon"]:
        """x = c(t) + s a."""
        return self.climatology.mean(hours) + self.scale[:, None, None] * anomaly


def fit_standardizer(
    pieces: Pieces, layout: Layout, *, annual: int | None = 2, diurnal: int | None = 1
) -> Standardizer:
    """Fit the climatology, then the scales, in two passes over the training states.

    Args:
        pieces: the training states.
        layout: what their channels are.
        annual: see :func:`~latentda.fields.climatology.fit_climatology`.
        diurnal: likewise.

    Raises:
        UserError: states that cannot tell the harmonics apart, or a channel that never varies.
    """
    climatology = fit_climatology(pieces(), annual=annual, diurnal=diurnal)
    weights = layout.grid.area_weights
    square, count = np.zeros(layout.shape[0]), 0
    for hours, states in pieces():
        mean = climatology.means(hours)
        square += np.einsum("tcyx,yx->c", (states - mean) ** 2, weights) / weights.size
        count += len(hours)
    scale = np.sqrt(square / count)
    flat = [name for name, s in zip(layout.names, scale, strict=True) if not s > 0]
    if flat:
        raise UserError(f"Channels {flat} never differ from their climatology; leave them out.")
    return Standardizer(climatology, jnp.asarray(scale, jnp.float32), layout)


def unit_standardizer(layout: Layout) -> Standardizer:
    """The identity: zero climatology, unit scales (small systems, tests)."""
    zero = Climatology(jnp.zeros((1, *layout.shape)), 0, 0)
    return Standardizer(zero, jnp.ones(layout.shape[0]), layout)


def write_standardizer(standardizer: Standardizer, path: str | Path) -> None:
    """Write to a file; the harmonics in units of a channel's scale."""
    climatology = standardizer.climatology
    scale = np.asarray(standardizer.scale)
    coefficients = np.asarray(climatology.coefficients)
    header = {
        "layout": standardizer.layout.to_dict(),
        "annual": climatology.annual,
        "diurnal": climatology.diurnal,
    }
    arrays = {
        "mean": coefficients[0],
        "harmonics": (coefficients[1:] / scale[:, None, None]).astype(np.float32),
        "scale": scale,
    }
    write_arrays(path, KIND, arrays, header)


def read_standardizer(path: str | Path) -> Standardizer:
    """Read what :func:`write_standardizer` wrote.

    Raises:
        UserError: the file is missing, damaged or something else.
    """
    arrays, header = read_arrays(path, KIND)
    with fitting(path, KIND):
        layout, scale = layout_from_dict(header["layout"]), arrays["scale"]
        harmonics = arrays["harmonics"].astype(np.float32) * scale[:, None, None]
        coefficients = np.concatenate([arrays["mean"][None], harmonics])
        climatology = Climatology(jnp.asarray(coefficients), int(header["annual"]), int(header["diurnal"]))
        return Standardizer(climatology, jnp.asarray(scale), layout)
