"""``latentda experiment europe``: networks from real daily analyses, real radiosondes, a year of cycles."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from latentda.cli.show import one_sentence, table, track, where

if TYPE_CHECKING:
    from latentda.experiments.europe.europe import EuropeRun


def europe(
    data: Annotated[Path, typer.Option(help="NetCDF of z500, t850 and msl, ERA-Interim at 12 UTC, 2000 to 2010.")],
    reports: Annotated[Path, typer.Option(help="Radiosondes of 2008-12-08 12 UTC (WMO BUFR or Parquet).")],
    out: Annotated[Path, typer.Option(help="Folder of the results; a killed run in it goes on.")] = Path(
        "latentda-output/europe"
    ),
    methods: Annotated[str, typer.Option(help="Comma-separated names of methods; empty for the usual ones.")] = "",
) -> None:
    """Train over Europe, assimilate real radiosondes, cycle through a year, and write scores and a report."""
    with one_sentence():
        from latentda.experiments.europe.europe import run_europe
        from latentda.experiments.europe.report import write_europe_report
        from latentda.experiments.europe.setup import EuropeSetUp

        setup = EuropeSetUp(methods=tuple(methods.split(","))) if methods else EuropeSetUp()
        run = run_europe(data, reports, setup, out, track=track)
        _print(run)
        where(out / "scores.json")
        where(write_europe_report(run, out / "report.html"))


def _print(run: EuropeRun) -> None:
    from latentda.experiments.europe import tables as tables

    for title, (header, rows) in {
        "Forecasts of the verification period, root mean square errors": tables.forecasts(run),
        "Variance that the autoencoder misses, verification period": tables.missed(run),
        "Background errors, tuned": tables.sizes(run),
        "Cycles, root mean square errors, means over seeds": tables.cycles(run),
        "Real radiosondes, withheld stations": tables.withheld(run),
        "Real radiosondes, against ERA-Interim": tables.against_reanalysis(run),
    }.items():
        shown: list[list[Any]] = [list(row) for row in rows]
        table(title, header, shown)
