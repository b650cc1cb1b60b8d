"""``latentda observations``: look at files of reports and convert them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from latentda.cli.show import one_sentence, table, where

app = typer.Typer(no_args_is_help=True, help="Read, summarise and convert observations.")

Files = Annotated[list[Path], typer.Argument(help="prepBUFR, WMO BUFR or Parquet files.")]


@app.command()
def summary(files: Files) -> None:
    """Count the data of files by message class and variable."""
    with one_sentence():
        from latentda.observations import concatenate, read_observations
        from latentda.observations import summary as summarise

        counted = summarise(concatenate([read_observations(path) for path in files])).to_pylist()
        rows = [[row["class"], row["variable"], row["total"]] for row in counted]
        table(", ".join(str(path) for path in files), ["class", "variable", "data"], rows)


@app.command()
def convert(
    files: Files, out: Annotated[Path, typer.Option(help="Parquet file to write.")] = Path("observations.parquet")
) -> None:
    """Read files of any kind into one observation table."""
    with one_sentence():
        from latentda.observations import concatenate, read_observations, write_table

        write_table(concatenate([read_observations(path) for path in files]), out)
        where(out)
