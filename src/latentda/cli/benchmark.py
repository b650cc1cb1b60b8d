"""``latentda benchmark``: the published test of a small system, and whether we pass it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from latentda.cli.show import one_sentence, table, where
from latentda.user_error import UserError


def benchmark(
    system: Annotated[str, typer.Argument(help="lorenz96")] = "lorenz96",
    seeds: Annotated[int, typer.Option(min=1, help="Number of seeds, run side by side; the bands hold for 3.")] = 3,
    json: Annotated[Path, typer.Option(help="Where to write the scores.")] = Path("latentda-output/lorenz96.json"),
) -> None:
    """Run the published test of a small system and compare with its table (about a minute)."""
    with one_sentence():
        if system != "lorenz96":
            raise UserError(f"Unknown system {system!r}; there is lorenz96.")
        from latentda.experiments.lorenz96.table import run_table, write_table

        found, scores = run_table(range(1, seeds + 1))
        header = ["method", "mean", "published", "band", "inside", "s"]
        shown = [
            [
                row.method,
                row.mean,
                "" if row.published is None else f"{row.published:.2f}",
                f"{row.band[0]:g}-{row.band[1]:g}",
                "yes" if row.inside else "NO",
                round(row.seconds),
            ]
            for row in found
        ]
        # Narrow enough for any terminal; settings and single seeds are in the file.
        table("Lorenz-96, identical twin, analysis error", header, shown)
        where(write_table(found, scores, json))
