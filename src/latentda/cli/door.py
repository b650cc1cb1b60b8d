"""``latentda world``, ``assimilate``, ``cycle`` and ``verify``: own fields, own model, own reports."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from latentda.cli.show import console, one_sentence, table, track, warnings_shown, where
from latentda.cli.worlds import chosen_world

if TYPE_CHECKING:
    from latentda.verification import FitRow
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
            variables=_names(variables),
            levels=[float(level) for level in _numbers(levels)],
            orography=orography,
            start=start,
            end=end,
            annual=annual,
            diurnal=diurnal,
        )
        _print_world(made)
        where(made.folder)


def assimilate(
    world: Annotated[Path, typer.Option(help="Folder of a world, from 'world create'.")],
    background: Annotated[str, typer.Option(help="Store with the state at the time of the analysis.")],
    observations: Annotated[list[Path], typer.Option(help="File of reports; once for each, or several after one.")],
    out: Annotated[Path, typer.Option(help="Folder of the results.")],
    more: Annotated[list[Path] | None, typer.Argument(help="Further files of reports.", metavar="[FILE]...")] = None,
    time: Annotated[str | None, typer.Option(help="Of the analysis; by default the background's.")] = None,
    method: Annotated[str, typer.Option(help="Name of a method; docs/methods.md lists them.")] = "latent_3dvar",
    model: Annotated[str | None, typer.Option(help="What links the times of a window; the world's.")] = None,
    columns: Annotated[str | None, typer.Option(help="For CSV and frames: YAML of their columns, or 'metar'.")] = None,
    checks: Annotated[Path | None, typer.Option(help="YAML of quality control, instead of the grid's own.")] = None,
    errors: Annotated[Path | None, typer.Option(help="YAML of observation errors.")] = None,
    window: Annotated[float | None, typer.Option(min=0.0, help="Hours before and after that count.")] = None,
    slots: Annotated[str, typer.Option(help="Of a window, hours after its start, such as 0,6,12.")] = "",
    withhold: Annotated[float, typer.Option(min=0.0, max=1.0, help="Share of stations kept back to verify.")] = 0.0,
    tune: Annotated[bool, typer.Option("--tune", help="Size of the background error from the innovations.")] = False,
    posterior: Annotated[int, typer.Option(min=0, help="Draws of the analysis error: writes its spread.")] = 0,
    members: Annotated[int, typer.Option(min=0, help="The same, and writes the draws as an ensemble.")] = 0,
    kind: Annotated[str, typer.Option("--format", help="Of the fields: nc or zarr.")] = "nc",
    seed: Annotated[int, typer.Option(help="Of the withheld stations and of draws.")] = 0,
) -> None:
    """Combine a background with reports: analysis, increment, feedback, scores and a report with pictures."""
    with one_sentence(), warnings_shown():
        from latentda.observations import read_error_table, read_quality_control
        from latentda.user_error import UserError
        from latentda.workflows.analyst import AssimilationSettings
        from latentda.workflows.assimilate import assimilate as run

        if kind not in ("nc", "zarr"):
            raise UserError(f"The fields are written as nc or zarr, not as {kind}.")
        settings = AssimilationSettings(
            method,
            None if tune else 1.0,
            slots=tuple(int(slot) for slot in _numbers(slots)),
            window_hours=window,
            withheld=withhold,
            seed=seed,
            checks=read_quality_control(checks) if checks else None,
            errors=read_error_table(errors) if errors else None,
            posterior=max(posterior, members),
            keep_members=members > 0,
        )
        result = run(
            chosen_world(world), background, [*observations, *(more or [])], time,
            method=method, model=model, columns=columns, settings=settings,
        )  # fmt: skip
        paths = result.write(out, kind)  # type: ignore[arg-type]
        _print_fit(result.done.fits(), result.done.time)
        console.print(_ending(result.facts), highlight=False)
        for path in paths.values():
            where(path)


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

        layout = sample_layout(rows, columns, poles=poles, region=_numbers(region))
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
    kind = {"lat-lon": "regular", "gaussian": "Gaussian", "regional": "a region"}.get(layout.grid.kind, layout.grid.kind)
    title = f"{made.settings.name}: {layout.grid.shape[0]} x {layout.grid.shape[1]}, {kind}; {made.states} states, {made.period}"
    table(title, ["name", "variable", f"levels ({layout.vertical.units or 'none'})", "spread, top to bottom", "units"], rows)
    for name, reason in made.left_out.items():
        console.print(f"left out: {name}, {reason}", highlight=False)
    console.print(f"orography: {made.orography or 'none, so reports from the ground cannot be used'}", highlight=False)
    console.print(f"analyses every {made.settings.interval_hours} h", highlight=False)


def _print_fit(fits: list[FitRow], when: str) -> None:
    from latentda.figures.style import shown_units
    from latentda.grid import variable

    rows: list[list[Any]] = []
    for fit in (fit for fit in fits if fit.layer is None):
        known = variable(fit.variable)
        factor, units = shown_units(known.units)
        numbers = [factor * fit.background_rms, factor * fit.analysis_rms]
        rows.append([f"{known.title} ({units})", "used" if fit.used else "withheld", fit.count, *numbers])
    table(f"Root mean squares, {when}", ["variable", "data", "number", "O-B", "O-A"], rows)


def _ending(facts: Any) -> str:
    from latentda.reports.endings import advice

    return f"{facts['iterations']} iterations, {advice(facts)}; {facts['used']} of {facts['data']} data used."


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _numbers(text: str) -> list[float]:
    from latentda.user_error import UserError

    try:
        return [float(name) for name in _names(text)]
    except ValueError as error:
        raise UserError(f"Numbers with commas between them were wanted; got '{text}'.") from error


__all__ = ["assimilate", "sample", "world"]
