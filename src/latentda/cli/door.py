"""``latentda world``, ``assimilate``, ``cycle`` and ``verify``: own fields, own model, own reports."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from latentda.cli.show import console, one_sentence, table, track, warnings_shown, where
from latentda.cli.worlds import chosen_world

if TYPE_CHECKING:
    from latentda.verification import FitRow
    from latentda.workflows.analyst import AssimilationSettings
    from latentda.workflows.create_world import CreatedWorld
    from latentda.workflows.verify import Verified

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
    pairs: Annotated[int, typer.Option(min=1, help="Eigenpairs that the draws are made of.")] = 200,
    kind: Annotated[str, typer.Option("--format", help="Of the fields: nc or zarr.")] = "nc",
    seed: Annotated[int, typer.Option(help="Of the withheld stations and of draws.")] = 0,
) -> None:
    """Combine a background with reports: analysis, increment, feedback, scores and a report with pictures."""
    with one_sentence(), warnings_shown():
        from latentda.user_error import UserError
        from latentda.workflows.assimilate import assimilate as run

        if kind not in ("nc", "zarr"):
            raise UserError(f"The fields are written as nc or zarr, not as {kind}.")
        settings = _settings(method, tune, slots, window, withhold, seed, checks, errors)
        settings = replace(settings, posterior=max(posterior, members), pairs=pairs, keep_members=members > 0)
        result = run(
            chosen_world(world), background, [*observations, *(more or [])], time,
            method=method, model=model, columns=columns, settings=settings,
        )  # fmt: skip
        paths = result.write(out, kind)  # type: ignore[arg-type]
        _print_fit(result.done.fits(), result.done.time)
        console.print(_ending(result.facts), highlight=False)
        for path in paths.values():
            where(path)


def cycle(
    world: Annotated[Path, typer.Option(help="Folder of a world, from 'world create'.")],
    background: Annotated[str, typer.Option(help="Store with the state at the first analysis time.")],
    observations: Annotated[list[str], typer.Option(help="File, folder, or pattern such as 'obs/*.parquet'.")],
    start: Annotated[str, typer.Option(help="First analysis time, such as 2024-06-01T00.")],
    end: Annotated[str, typer.Option(help="No analysis is later.")],
    out: Annotated[Path, typer.Option(help="Folder of the results; a killed run in it goes on.")],
    more: Annotated[list[str] | None, typer.Argument(help="Further files of reports.", metavar="[FILE]...")] = None,
    method: Annotated[str, typer.Option(help="Name of a method; docs/methods.md lists them.")] = "latent_3dvar",
    model: Annotated[str | None, typer.Option(help="What forecasts; the world's.")] = None,
    forecasts: Annotated[str, typer.Option(help="Leads (h) of forecasts to keep, such as 24,48,72.")] = "",
    columns: Annotated[str | None, typer.Option(help="For CSV and frames: YAML of their columns, or 'metar'.")] = None,
    checks: Annotated[Path | None, typer.Option(help="YAML of quality control, instead of the grid's own.")] = None,
    errors: Annotated[Path | None, typer.Option(help="YAML of observation errors.")] = None,
    window: Annotated[float | None, typer.Option(min=0.0, help="Hours before and after that count.")] = None,
    slots: Annotated[str, typer.Option(help="Of a window, hours after its start, such as 0,6,12.")] = "",
    withhold: Annotated[float, typer.Option(min=0.0, max=1.0, help="Share of stations kept back to verify.")] = 0.0,
    tune: Annotated[bool, typer.Option("--tune", help="Size of the background error from the innovations.")] = False,
    seed: Annotated[int, typer.Option(help="Of the withheld stations.")] = 0,
) -> None:
    """Analysis, forecast, analysis: with your own model and reports, over days or months."""
    with one_sentence(), warnings_shown():
        from latentda.workflows.cycle import cycle as run

        settings = _settings(method, tune, slots, window, withhold, seed, checks, errors)
        done = run(
            chosen_world(world), background, [*observations, *(more or [])], start, end, out,
            method=method, model=model, leads=[int(lead) for lead in _numbers(forecasts)], columns=columns,
            settings=settings, track=track,
        )  # fmt: skip
        _print_fit(done.fits, f"{done.cycles} analyses")
        stores = ("analysis.zarr", "background.zarr", *(["forecast.zarr"] if forecasts else []))
        for name in (*stores, "scores.json", "report.html"):
            where(out / name)


def verify(
    store: Annotated[str, typer.Argument(help="Store of states to verify (Zarr, NetCDF or GRIB).")],
    truth: Annotated[str | None, typer.Option(help="Store of the truth, on the same grid.")] = None,
    observations: Annotated[list[str] | None, typer.Option(help="Reports: scores at points.")] = None,
    world: Annotated[Path | None, typer.Option(help="World, for anomaly correlations and its orography.")] = None,
    against: Annotated[str | None, typer.Option(help="Another store, verified beside it.")] = None,
    columns: Annotated[str | None, typer.Option(help="For CSV and frames: YAML of their columns.")] = None,
    window: Annotated[float, typer.Option(min=0.0, help="Hours before and after a state that count.")] = 3.0,
    out: Annotated[Path | None, typer.Option(help="JSON file of the scores.")] = None,
) -> None:
    """Score a store against a truth and against reports."""
    with one_sentence(), warnings_shown():
        from latentda.user_error import UserError
        from latentda.verification import fit_scores, write_scores
        from latentda.workflows.verify import verify as run
        from latentda.workflows.verify import verify_at_points

        if truth is None and not observations:
            raise UserError("Nothing to verify against: give --truth, --observations, or both.")
        place, scores = chosen_world(world) if world else None, []
        if truth is not None:
            standardizer = place.standardizer if place else None
            found = [run(one, truth, standardizer=standardizer, track=track) for one in (store, against) if one]
            _print_errors(found, store, against)
            scores += found[0].scores("analysis")
        if observations:
            fits = verify_at_points(store, observations, world=place, window_hours=window, columns=columns, track=track)
            _print_points(fits, store)
            scores += fit_scores(fits, experiment="verify", method="store", seed=0, twin="real")
        if out is not None:
            write_scores(scores, out)
            where(out)


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


def _settings(
    method: str,
    tune: bool,
    slots: str,
    window: float | None,
    withhold: float,
    seed: int,
    checks: Path | None,
    errors: Path | None,
) -> AssimilationSettings:
    from latentda.observations import read_error_table, read_quality_control
    from latentda.workflows.analyst import AssimilationSettings

    return AssimilationSettings(
        method,
        None if tune else 1.0,
        slots=tuple(int(slot) for slot in _numbers(slots)),
        window_hours=window,
        withheld=withhold,
        seed=seed,
        checks=read_quality_control(checks) if checks else None,
        errors=read_error_table(errors) if errors else None,
    )


def _print_errors(found: list[Verified], store: str, against: str | None) -> None:
    from latentda.figures.style import shown_units

    first, rows = found[0], []
    correlation = first.correlation
    for i, channel in enumerate(first.layout.channels):
        factor, units = shown_units(channel.variable.units)
        row: list[Any] = [channel.name, units, float(factor * first.sums.rmse[i]), float(factor * first.sums.bias[i])]
        if correlation is not None:
            row.append(float(correlation[i]))
        rows.append([*row, *(float(first.sums.rmse[i] / other.sums.rmse[i]) for other in found[1:])])
    header = ["channel", "units", "RMSE", "bias", *(["ACC"] if correlation is not None else [])]
    header += [f"RMSE / that of {Path(against).name}"] if against else []
    table(f"{Path(store).name}: {first.times}", header, rows)


def _print_points(fits: list[FitRow], store: str) -> None:
    from latentda.figures.style import shown_units
    from latentda.grid import variable

    rows: list[list[Any]] = []
    for fit in (fit for fit in fits if fit.layer is None):
        factor, units = shown_units(variable(fit.variable).units)
        numbers = [factor * fit.analysis_rms, factor * fit.analysis_bias]
        rows.append([f"{variable(fit.variable).title} ({units})", fit.count, *numbers])
    table(f"Observations minus {Path(store).name}", ["variable", "number", "RMS", "mean"], rows)


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


__all__ = ["assimilate", "cycle", "sample", "verify", "world"]
