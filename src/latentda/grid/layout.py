"""The layout: what each channel of a state array is, and where its points lie.

A state is an array ``(channel, latitude, longitude)``. The layout names each channel by variable and
level and knows the grid and the vertical coordinate, so no other code counts channels by hand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from latentda.grid.horizontal import Grid
from latentda.grid.variables import Variable, variable
from latentda.grid.vertical import NoLevels, PressureLevels, SigmaLevels, Vertical, level_name
from latentda.user_error import NotThereError, UserError

SHOWN = 5
"""Channels that a sentence names."""


@dataclass(frozen=True)
class Channel:
    """One horizontal field of a state: a variable, and its level (hPa or sigma) if it has one."""

    short: str
    level: float | None = None

    @property
    def variable(self) -> Variable:
        """The physical quantity."""
        return variable(self.short)

    @property
    def name(self) -> str:
        """``t@500`` on a level, ``sp`` at the surface."""
        return self.short if self.level is None else f"{self.short}@{level_name(self.level)}"


@dataclass(frozen=True)
class Layout:
    """Grid, vertical coordinate and channels of a state.

    Attributes:
        grid: the horizontal grid.
        vertical: the levels, ordered downwards.
        channels: what each entry of the channel axis is.
    """

    grid: Grid
    vertical: Vertical
    channels: tuple[Channel, ...]

    def __post_init__(self) -> None:
        names = [channel.name for channel in self.channels]
        twice = {name for name in names if names.count(name) > 1}
        if not names or twice:
            raise UserError(f"A layout needs distinct channels; got {sorted(twice) or 'none'}.")
        known = {level_name(level) for level in self.vertical.levels}
        strange = [c.name for c in self.channels if c.level is not None and level_name(c.level) not in known]
        if strange:
            raise UserError(f"Channels {strange} lie on levels that the vertical does not have.")

    @property
    def shape(self) -> tuple[int, int, int]:
        """``(channel, latitude, longitude)``."""
        return (len(self.channels), *self.grid.shape)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The channels' names, in order."""
        return tuple(channel.name for channel in self.channels)

    @property
    def variables(self) -> tuple[str, ...]:
        """Short names in order of first appearance."""
        return tuple(dict.fromkeys(channel.short for channel in self.channels))

    def index(self, name: str, level: float | None = None) -> int:
        """Position of a channel, by ``"t@500"`` or by variable and level.

        Raises:
            NotThereError: no such channel; the message lists what there is.
        """
        wanted = name if level is None else f"{name}@{level_name(level)}"
        if wanted not in self.names:
            raise NotThereError(f"No channel {wanted!r}; the layout has {', '.join(self.names)}.")
        return self.names.index(wanted)

    def indices(self, short: str) -> np.ndarray:
        """Positions of all channels of one variable, ordered downwards."""
        found = [i for i, channel in enumerate(self.channels) if channel.short == short]
        return np.asarray(sorted(found, key=lambda i: self.channels[i].level or 0.0), dtype=int)

    def levels_of(self, short: str) -> tuple[float, ...]:
        """The levels on which a variable stands, ordered downwards."""
        return tuple(float(self.channels[i].level or 0.0) for i in self.indices(short))

    def select(self, shorts: Sequence[str]) -> Layout:
        """The layout of some variables only."""
        kept = tuple(channel for channel in self.channels if channel.short in shorts)
        return Layout(self.grid, self.vertical, kept)

    def differs_from(self, other: Layout) -> str:
        """What is different about its states, in words that follow "does not suit"; empty where nothing is."""
        ours, theirs = (set(layout.names) for layout in (self, other))
        if ours != theirs:
            found = {"it lacks": theirs - ours, "it has also": ours - theirs}
            return ", ".join(f"{words} {_listed(sorted(names))}" for words, names in found.items() if names)
        if self.names != other.names:
            return f"its channels come in another order, {_listed(self.names)} for {_listed(other.names)}"
        if self.vertical.units != other.vertical.units:
            return f"its levels are in {self.vertical.units or 'no units'}, not {other.vertical.units or 'no units'}"
        return self.grid.differs_from(other.grid)

    def to_dict(self) -> dict:
        """A JSON-ready description; :func:`layout_from_dict` undoes it."""
        return {
            "grid": {
                "kind": self.grid.kind,
                "periodic": self.grid.periodic,
                "latitude": list(self.grid.latitude),
                "longitude": list(self.grid.longitude),
            },
            "vertical": {"units": self.vertical.units, "levels": list(self.vertical.levels)},
            "channels": [[channel.short, channel.level] for channel in self.channels],
        }


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:SHOWN])
    return shown if len(names) <= SHOWN else f"{shown}, ... ({len(names)})"


def build_layout(
    grid: Grid, vertical: Vertical, on_levels: Mapping[str, Sequence[float]], surface: Sequence[str]
) -> Layout:
    """A layout from ``{variable: levels}`` and surface variables, in that order."""
    channels = [Channel(short, level) for short, levels in on_levels.items() for level in levels]
    channels += [Channel(short) for short in surface]
    return Layout(grid, vertical, tuple(channels))


def vertical_from_units(units: str, levels: Sequence[float]) -> Vertical:
    """The vertical coordinate whose levels carry ``units`` (``hPa``, ``sigma`` or none)."""
    if not levels:
        return NoLevels()
    kinds: dict[str, type[PressureLevels] | type[SigmaLevels]] = {"hPa": PressureLevels, "sigma": SigmaLevels}
    if units not in kinds:
        raise UserError(f"Unknown level units {units!r}: use 'hPa' or 'sigma'.")
    return kinds[units](tuple(float(level) for level in levels))


def layout_from_dict(description: dict) -> Layout:
    """Rebuild a layout from :meth:`Layout.to_dict`."""
    grid = description["grid"]
    vertical = description["vertical"]
    return Layout(
        Grid(tuple(grid["latitude"]), tuple(grid["longitude"]), grid["periodic"], grid["kind"]),
        vertical_from_units(vertical["units"], vertical["levels"]),
        tuple(Channel(short, level) for short, level in description["channels"]),
    )
