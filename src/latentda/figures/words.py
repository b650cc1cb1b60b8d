"""Places and channels in the words of figures."""

from __future__ import annotations

from latentda.figures.maps import degrees
from latentda.grid import Channel, Layout, level_name


def place_words(latitude: float, longitude: float) -> str:
    """``46.1°N 14.5°E``."""
    return f"{degrees(round(latitude, 1), 'N', 'S')} {degrees(round(longitude, 1), 'E', 'W')}"


def channel_words(channel: Channel, layout: Layout) -> str:
    """``temperature, σ 0.51``."""
    if channel.level is None:
        return channel.variable.title
    level = level_name(channel.level)
    return f"{channel.variable.title}, " + (f"σ {level}" if layout.vertical.units == "sigma" else f"{level} hPa")
