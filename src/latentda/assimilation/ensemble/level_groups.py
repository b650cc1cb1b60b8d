"""The channels of a layout that share a transform: those of one level, and those of the ground."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray

from latentda.grid import Layout


@dataclass(frozen=True, eq=False)
class LevelGroups:
    """The groups, from the top to the ground.

    Attributes:
        channels: of each group; -1 in padding.
        log_pressure: ln p of each group in every column, p in Pa.
    """

    channels: Int[ndarray, "group channel"]
    log_pressure: Float[ndarray, "group column"]


def level_groups(layout: Layout, ground: Float[ndarray, "lat lon"], *, together: bool = False) -> LevelGroups:
    """The groups of a layout.

    Args:
        layout: of the states.
        ground: ln p_s of every column.
        together: one group of all channels, for localisation in the horizontal alone.
    """
    surface = np.asarray(ground, float).reshape(-1)
    if together:
        return LevelGroups(np.arange(len(layout.channels))[None], surface[None])
    levels = [*layout.vertical.levels, None]
    own = [[i for i, channel in enumerate(layout.channels) if channel.level == level] for level in levels]
    held = [(level, group) for level, group in zip(levels, own, strict=True) if group]
    channels = np.full((len(held), max(len(group) for _, group in held)), -1)
    for row, (_, group) in enumerate(held):
        channels[row, : len(group)] = group
    return LevelGroups(channels, np.stack([_log_pressure(layout, level, surface) for level, _ in held]))


def _log_pressure(layout: Layout, level: float | None, surface: ndarray) -> ndarray:
    if level is None:
        return surface
    return surface + np.log(level) if layout.vertical.units == "sigma" else np.full_like(surface, np.log(100.0 * level))
