"""``latentda world`` and ``latentda sample``: the folder of a world, and files to try everything on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from latentda.cli.lists import names, numbers
from latentda.cli.show import console, one_sentence, table, track, warnings_shown, where

if TYPE_CHECKING:
    from latentda.workflows.create_world import CreatedWorld


world = typer.Typer(no_args_is_help=True, help="Make the folder of a world from a store of fields.")


@world.command("create")
def create(
    folder: Annotated[Path, typer.Argument(help="Folder of the world to make.")],
    data: Annotated[str, typer.Option(help="Store of states (Zarr, NetCDF or GRIB), a path or a URL.")],
    variables: Annotated[str, typer.Option(help="Comma-separated, such as z,t,u,v,q,msl; all that vary.")] = "",
    levels: Annotated[str, typer.Option(help="Comma-separated, hPa or sigma; all.")] = "",
    orography: Annotated[str | None, typer.Option(help="Store of the orography; by default that of --data.")] = None,
    start: Annotated[str | None, typer.Option(help="First date of the states for climatology and scales.")] = None,
    end: Annotated[str | None, typer.Option(help="End of that period, exclusive.")] = None,
    annual: Annotated[int | None, typer.Option(min=0, help="Harmonics of the year; as many as can be told.")] = None,
    diurnal: Annotated[int | None, typer.Option(min=0, help="Harmonics of the day; likewise.")] = None,
) -> None:
    """Make a world: its grid, levels and variables, climatology and scales, orography; say what was found."""
    with one_sentence(), warnings_shown():
        from latentda.workflows.create_world import create_world

        made = create_world(
            folder,
            data,
            variables=names(variables),
            levels=numbers(levels),
            orography=orography,
            start=start,
            end=end,
            annual=annual,
            diurnal=diurnal,
        )
        _print_world(made)
        where(made.folder)


def sample(
    out: Annotated[Path, typer.Argument(help="New folder of the files.")],
    rows: Annotated[int, typer.Option(min=8, help="Of the grid, from pole to pole.")] = 32,
    columns: Annotated[int, typer.Option(min=8, help="Of the grid, around the globe.")] = 64,
    poles: Annotated[bool, typer.Option("--poles", help="Rows on the poles, north first, as ERA5 has them.")] = False,
    region: Annotated[str, typer.Option(help="Instead: south,north,west,east in degrees.")] = "",
    days: Annotated[int, typer.Option(min=30, help="Of states, every 6 h.")] = 400,
    seed: Annotated[int, typer.Option(help="Of the weather and of the reports.")] = 0,
) -> None:
    """Write a small synthetic atmosphere with forecasts and reports, to try everything on."""
    with one_sentence():
        from latentda.experiments.sample.files import SampleSettings, write_sample
        from latentda.experiments.sample.layouts import sample_layout

        layout = sample_layout(rows, columns, poles=poles, region=numbers(region))
        for path in write_sample(out, layout, SampleSettings(days, seed=seed), track=track):
            where(path)


def _print_world(made: CreatedWorld) -> None:
    import numpy as np

    from latentda.figures.style import shown_units
    from latentda.grid import level_name

    layout, scale = made.layout, np.asarray(made.standardizer.scale)
    rows: list[list[Any]] = []
    for short in layout.variables:
        indices = layout.indices(short)
        known = layout.channels[indices[0]].variable
        factor, units = shown_units(known.units)
        levels = ", ".join(level_name(level) for level in layout.levels_of(short)) if known.has_levels else "surface"
        spread = " to ".join(f"{factor * value:.3g}" for value in dict.fromkeys(scale[indices[[0, -1]]].tolist()))
        rows.append([short, known.title, levels, spread, units])
    kind = {"lat-lon": "regular", "gaussian": "Gaussian", "regional": "a region"}.get(
        layout.grid.kind, layout.grid.kind
    )
    size = " x ".join(map(str, layout.grid.shape))
    title = f"{made.settings.name}: {size}, {kind}; {made.states} states, {made.period}"
    table(
        title,
        ["name", "variable", f"levels ({layout.vertical.units or 'none'})", "spread, top to bottom", "units"],
        rows,
    )
    for name, reason in made.left_out.items():
        console.print(f"left out: {name}, {reason}", highlight=False)
    console.print(f"orography: {made.orography or 'none, so reports from the ground cannot be used'}", highlight=False)
    console.print(f"analyses every {made.settings.interval_hours} h", highlight=False)
