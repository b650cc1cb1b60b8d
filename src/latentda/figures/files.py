"""Figures on disk: PNG, whole or not at all."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from latentda.files import whole

DPI = 130
"""Resolution of the figures, in pixels an inch."""


def save_figure(figure: Figure, path: Path, dpi: int = DPI) -> Path:
    """Write a PNG.

    Raises:
        UserError: the file cannot be written.
    """
    with whole(path) as partial:
        figure.savefig(partial, format="png", dpi=dpi, metadata={"Software": None})
    return path
