"""Places, channels and variables in the words of figures and tables."""

from __future__ import annotations

from latentda.figures.maps import degrees
from latentda.figures.style import shown_units
from latentda.grid import Channel, Layout, level_name, variable


def place_words(latitude: float, longitude: float) -> str:
    """``46.1°N 14.5°E``."""
    return f"{degrees(round(latitude, 1), 'N', 'S')} {degrees(round(longitude, 1), 'E', 'W')}"


def channel_words(channel: Channel, layout: Layout) -> str:
    """``temperature, σ 0.51``."""
    if channel.level is None:
        return channel.variable.title
    level = level_name(channel.level)
    return f"{channel.variable.title}, " + (f"σ {level}" if layout.vertical.units == "sigma" else f"{level} hPa")


def shown_variable(name: str) -> tuple[float, str]:
    """Factor from SI units, and the words of a column: ``(1000.0, "specific humidity (g kg⁻¹)")``."""
    known = variable(name)
    factor, units = shown_units(known.units)
    return factor, f"{known.title} ({units})"


def shown_channel(name: str) -> tuple[float, str]:
    """The same by the name of a channel or a variable: ``(1000.0, "q@0.835 (g kg⁻¹)")``."""
    factor, units = shown_units(variable(name.partition("@")[0]).units)
    return factor, f"{name} ({units})"
