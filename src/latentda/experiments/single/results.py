"""What a single-observation test leaves in its folder: figures and one JSON table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from latentda.experiments.single.description import describe
from latentda.experiments.single.figures import method_maps, method_sections
from latentda.experiments.single.observation import SingleAnalysis
from latentda.figures.files import save_figure
from latentda.files import write_json
from latentda.grid import Layout

TABLE = "increments.json"
"""Name of the table."""


def write_single_results(made: Sequence[SingleAnalysis], layout: Layout, folder: Path) -> list[Path]:
    """Write ``increments.png``, a ``section_METHOD.png`` a method, and the table.

    Returns:
        The files, the table last.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = [save_figure(method_maps(made, layout), folder / "increments.png")]
    files += [save_figure(figure, folder / f"section_{name}.png") for name, figure in method_sections(made, layout)]
    return [*files, write_table([describe(one, layout) for one in made], folder / TABLE)]


def write_table(rows: Sequence[dict[str, Any]], path: Path) -> Path:
    """Write ``{"increments": [...]}``, whole or not at all."""
    return write_json(path, {"increments": list(rows)})
