"""``latentda estimate pairs`` and ``... background-error``: from forecasts or a nature run to background errors."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from latentda.cli.show import console, one_sentence, table, track, warnings_shown, where

if TYPE_CHECKING:
    import numpy as np

    from latentda.grid import Layout
    from latentda.workflows.forecast_pairs import MadePairs
    from latentda.world import WorldFolder


class Source(StrEnum):
    """Where pairs come from."""

    cycle = "cycle"
    verification = "verification"
    nature = "nature"
    climatology = "climatology"


class ErrorKind(StrEnum):
    """What the background is."""

    forecast = "forecast"
    climatology = "climatology"


class Space(StrEnum):
    """Where background errors are wanted."""

    model = "model"
    latent = "latent"
    both = "both"


World = Annotated[
    Path, typer.Option("--world", "--assets", help="Folder of the world: its scales, weights and background errors.")
]
Forecasts = Annotated[
    str | None, typer.Option(help="Store of forecasts with several leads (Zarr, NetCDF, GRIB), a path or a URL.")
]
Members = Annotated[str | None, typer.Option(help="Store of an ensemble, along number, member or realization.")]
Short = Annotated[
    int | None,
    typer.Option(help="The shorter lead (h), by default the nearest to 24; of --members the only one."),
]
Long = Annotated[int | None, typer.Option(help="The longer lead (h), by default a day more, or the nearest to that.")]
Start = Annotated[str | None, typer.Option(help="First date of the period.")]
End = Annotated[str | None, typer.Option(help="End of the period, exclusive.")]


def pairs(
    world: World,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder of the cycling run and of the pairs; of forecasts the file, by default the world's."),
    ] = None,
    forecasts: Forecasts = None,
    members: Members = None,
    short: Short = None,
    long: Long = None,
    data: Annotated[
        str | None, typer.Option(help="Store of a nature run (Zarr, NetCDF or GRIB), a path or a URL.")
    ] = None,
    count: Annotated[int, typer.Option(help="Number of cycles, or of pairs from nature.")] = 560,
    start: Annotated[
        str | None, typer.Option(help="First date of the period; of a cycling run by default 2001-02-01.")
    ] = None,
    factor: Annotated[float, typer.Option(help="On the variances of the first background error.")] = 5.0,
    source: Annotated[Source, typer.Option(help="Which pairs of a nature run; see above.")] = Source.cycle,
    network: Annotated[str, typer.Option(help="What the cycling run observes; see 'experiment run'.")] = "sonde",
    end: End = None,
) -> None:
    """Make pairs of states valid at one time whose differences stand for background errors.

    From an archive: [b]--forecasts[/b], two leads valid at one time, or [b]--members[/b], an ensemble and its mean.
    From a nature run of the embedded world, [b]--data[/b]:
    [b]cycle[/b]: 24 h and 48 h forecasts of a cycling run (needs a first background error in the world's folder).
    [b]verification[/b]: the nature run's own states and the backgrounds of such a cycling run.
    [b]nature[/b]: 24 h and 72 h forecasts from the nature run itself, for that first estimate.
    [b]climatology[/b]: the climatological mean and the states of the nature run from start to end.
    """
    with one_sentence(), warnings_shown():
        from latentda.world import WorldFolder

        folder = WorldFolder(world)
        _require_one(forecasts=forecasts, members=members, data=data)
        if data is None:
            file = out / "pairs.safetensors" if out is not None and not out.suffix else out
            made = _from_archive(folder, forecasts, members, short, long, start, end, file)
            from latentda.workflows.estimate import sizes_of_pairs

            _print_sizes(str(made), folder.layout, sizes_of_pairs(made.file, folder))
            where(made.file)
        else:
            where(_from_nature(folder, data, out, source, count, start, end, factor, network))


def background_error(
    world: World,
    pairs: Annotated[Path | None, typer.Option(help="File of pairs.")] = None,
    forecasts: Forecasts = None,
    members: Members = None,
    short: Short = None,
    long: Long = None,
    start: Start = None,
    end: End = None,
    kind: Annotated[ErrorKind, typer.Option(help="Errors of short forecasts, or of a climatological mean.")] = (
        ErrorKind.forecast
    ),
    space: Annotated[Space, typer.Option(help="Latent space needs a trained autoencoder.")] = Space.both,
    localization_radius_km: Annotated[
        float | None, typer.Option(help="Where correlations end; by default 12000, of localised samples 6000.")
    ] = None,
    smooth_sd: Annotated[float, typer.Option(min=0.0, max=1.0, help="Weight of zonal-mean variances.")] = 0.5,
    zonal_model_space: Annotated[
        bool, typer.Option("--zonal-model-space", help="Also that of '3dvar_zonal' (a large file).")
    ] = False,
) -> None:
    """Estimate the background errors of model space and of latent space.

    From an archive: [b]--forecasts[/b], two leads valid at one time, or [b]--members[/b], an ensemble; the pairs stay
    in the world's folder. Or from [b]--pairs[/b] that are there.
    """
    with one_sentence(), warnings_shown():
        from latentda.workflows.estimate import make_background_errors
        from latentda.world import WorldFolder

        folder = WorldFolder(world, kind.value)
        _require_one(pairs=pairs, forecasts=forecasts, members=members)
        told, file = "", pairs
        if file is None:
            made = _from_archive(folder, forecasts, members, short, long, start, end, None)
            told, file = str(made), made.file
        estimated = make_background_errors(
            file,
            folder,
            localization_radius_km=localization_radius_km,
            smooth_sd=smooth_sd,
            zonal_model_space=zonal_model_space,
            space=space.value,
        )
        _print_sizes(told or f"{estimated.pairs} pairs", folder.layout, estimated.sizes)
        for note in estimated.notes:
            console.print(note, soft_wrap=True, highlight=False)
        for path in estimated.paths:
            where(path)


def _require_one(**given: object) -> None:
    from latentda.user_error import UserError

    if sum(value is not None for value in given.values()) != 1:
        names = [f"--{name}" for name in given]
        raise UserError(f"Give one of {', '.join(names[:-1])} and {names[-1]}.")


def _from_archive(
    world: WorldFolder,
    forecasts: str | None,
    members: str | None,
    short: int | None,
    long: int | None,
    start: str | None,
    end: str | None,
    out: Path | None,
) -> MadePairs:
    from latentda.workflows.forecast_pairs import make_forecast_pairs, make_member_pairs

    if forecasts is not None:
        return make_forecast_pairs(forecasts, world, out, short=short, long=long, start=start, end=end, track=track)
    assert members is not None
    return make_member_pairs(members, world, out, lead=short, start=start, end=end, track=track)


def _from_nature(
    world: WorldFolder,
    data: str,
    out: Path | None,
    source: Source,
    count: int,
    start: str | None,
    end: str | None,
    factor: float,
    network: str,
) -> Path:
    from latentda.experiments.twin import pairs as made
    from latentda.user_error import UserError

    if out is None:
        raise UserError("Pairs of a nature run want a folder; name it with --out.")
    out.mkdir(parents=True, exist_ok=True)
    file = out / "pairs.safetensors"
    if source is Source.nature:
        return made.nature_pairs(data, world, count, file, track=track)
    if source is Source.climatology:
        return made.climatological_pairs(data, world, start or "2001-02-01", end, file)
    run = made.cycling_run(
        data, world, start or "2001-02-01", count, out / "cycles", network=network, factor=factor, track=track
    )
    if source is Source.cycle:
        return made.cycling_pairs(run, world, file, track=track)
    return made.verification_pairs(data, run, world, file)


def _print_sizes(title: str, layout: Layout, sizes: np.ndarray) -> None:
    """Standard deviations by level and variable, in units that people read."""
    from latentda.figures.words import shown_channel
    from latentda.grid import level_name, variable

    def heading(short: str) -> str:
        return shown_channel(short)[1]

    def size(short: str, level: float | None) -> float | str:
        found = {(c.short, c.level): sd for c, sd in zip(layout.channels, sizes.tolist(), strict=True)}
        value = found.get((short, level))
        return "" if value is None else value * shown_channel(short)[0]

    upper = [short for short in layout.variables if variable(short).has_levels]
    surface = [short for short in layout.variables if short not in upper]
    rows = [[level_name(level), *(size(short, level) for short in upper)] for level in layout.vertical.levels]
    console.print(f"{title}; standard deviation of their differences:", soft_wrap=True, highlight=False)
    if upper:
        table("", [f"level ({layout.vertical.units})", *map(heading, upper)], rows)
    if surface:
        table("", list(map(heading, surface)), [[size(short, None) for short in surface]])
