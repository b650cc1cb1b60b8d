"""Figures of a trained autoencoder: the loss over the steps, and a held-out state beside its reconstruction."""

from __future__ import annotations

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from matplotlib.figure import Figure
from numpy import ndarray

from latentda.fields import Standardizer
from latentda.figures.curves import Curve, training_curve
from latentda.figures.maps import map_panels
from latentda.figures.words import channel_words
from latentda.grid import Layout, datetime_of_hours, iso
from latentda.networks import Autoencoder


def loss_figure(losses: Float[ndarray, " step"], held_out: dict[str, float]) -> Figure:
    """The loss of every step with its running mean, and losses on held-out states by name as lines."""
    steps = np.arange(1, len(losses) + 1)
    width = max(1, len(losses) // 20)
    curves: dict[str, Curve] = {"batch of the step": (steps, losses)}
    if width > 1:
        mean = np.convolve(losses, np.ones(width) / width, "valid")
        curves[f"mean of {width} steps"] = (steps[width - 1 :], mean)
    return training_curve(steps.tolist(), curves, title="Training", references=held_out)


def reconstruction_figure(
    code: Autoencoder, standardizer: Standardizer, anomaly: Float[ndarray, "channel lat lon"], hours: int
) -> Figure:
    """Truth, reconstruction and their difference, of two channels, in physical units."""
    layout = standardizer.layout
    rebuilt = np.asarray(_rebuilt(code, jnp.asarray(anomaly)))
    truth, found = (np.asarray(standardizer.to_physical(jnp.asarray(a), hours)) for a in (anomaly, rebuilt))
    fields, titles, units, groups = [], [], [], []
    for row, i in enumerate(shown_channels(layout)):
        name = channel_words(layout.channels[i], layout)
        fields += [truth[i], found[i], found[i] - truth[i]]
        titles += [name, "reconstruction", "reconstruction \N{MINUS SIGN} truth"]
        units += [layout.channels[i].variable.units] * 3
        groups += [2 * row, 2 * row, 2 * row + 1]
    signed = [False, False, True] * (len(fields) // 3)
    title = f"Held-out state, {iso(datetime_of_hours(hours))}"
    return map_panels(fields, titles, layout.grid, units, signed=signed, groups=groups, columns=3, suptitle=title)


@eqx.filter_jit
def _rebuilt(code: Autoencoder, anomaly: Array) -> Array:
    return code.decode(code.encode(anomaly))


def shown_channels(layout: Layout) -> list[int]:
    """Two channels that differ much: the middle level of the first variable, and the lowest of the last on levels."""
    on_levels = [short for short in layout.variables if layout.channels[layout.indices(short)[0]].level is not None]
    if not on_levels:
        return list(range(min(2, len(layout.channels))))
    first, last = layout.indices(on_levels[0]), layout.indices(on_levels[-1])
    return list(dict.fromkeys([int(first[len(first) // 2]), int(last[-1])]))
