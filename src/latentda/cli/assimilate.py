"""``latentda assimilate`` and ``latentda cycle``: own background, own reports, own model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from latentda.cli.fits import FIT_HEADER, fit_rows
from latentda.cli.impacts import print_impact
from latentda.cli.lists import numbers
from latentda.cli.show import console, one_sentence, table, track, warnings_shown, where
from latentda.cli.worlds import chosen_world

if TYPE_CHECKING:
    from latentda.workflows.assimilated import AssimilationSettings

Method = Annotated[str, typer.Option(help="Name of a method; docs/methods.md lists them.")]
Columns = Annotated[str | None, typer.Option(help="For CSV and frames: YAML of their columns, or 'metar'.")]
Checks = Annotated[Path | None, typer.Option(help="YAML of quality control, instead of the grid's own.")]
Errors = Annotated[Path | None, typer.Option(help="YAML of observation errors.")]
Representativeness = Annotated[bool, typer.Option(help="Default errors grow with the spacing of the grid.")]
WindowHours = Annotated[float | None, typer.Option(min=0.0, help="Hours before and after that count.")]
Slots = Annotated[str, typer.Option(help="Of a window, hours after its start, such as 0,6,12.")]
Offsets = Annotated[str, typer.Option(help="Hours around an analysis at which the forecast meets data: -3,0,3.")]
Withhold = Annotated[float, typer.Option(min=0.0, max=1.0, help="Share of stations kept back to verify.")]
Localization = Annotated[str, typer.Option(help="Of an ensemble: km, or km and ln p, where its taper ends: 2500,1.5.")]
WithoutLost = Annotated[bool, typer.Option("--without-lost", help="Go on without members whose forecast blows up.")]
Tune = Annotated[bool, typer.Option("--tune", help="Background error sized by the innovations of each analysis.")]


def assimilate(
    world: Annotated[Path, typer.Option(help="Folder of a world, from 'world create'.")],
    background: Annotated[str, typer.Option(help="Store with the state at the time of the analysis.")],
    observations: Annotated[list[Path], typer.Option(help="File of reports; once for each, or several after one.")],
    out: Annotated[Path, typer.Option(help="Folder of the results.")],
    more: Annotated[list[Path] | None, typer.Argument(help="Further files of reports.", metavar="[FILE]...")] = None,
    time: Annotated[str | None, typer.Option(help="Of the analysis; by default the background's.")] = None,
    method: Method = "latent_3dvar",
    model: Annotated[str | None, typer.Option(help="Of windows, and forecasts of --impact; the world's.")] = None,
    columns: Columns = None,
    checks: Checks = None,
    errors: Errors = None,
    representativeness: Representativeness = True,
    window: WindowHours = None,
    slots: Slots = "",
    withhold: Withhold = 0.0,
    tune: Tune = False,
    tolerance: Annotated[float, typer.Option(min=0.0, help="Of the gradient's norm, at which minimising ends.")] = 0.01,
    posterior: Annotated[int, typer.Option(min=0, help="Draws of the analysis error: writes its spread.")] = 0,
    members: Annotated[int, typer.Option(min=0, help="Draws, or members of an ensemble method, to be written.")] = 0,
    pairs: Annotated[int, typer.Option(min=1, help="Eigenpairs that the draws are made of.")] = 200,
    localization: Localization = "",
    impact: Annotated[
        str | None, typer.Option(help="Store with the state --lead later: each datum's impact on that forecast.")
    ] = None,
    lead: Annotated[int, typer.Option(min=1, help="Hours of the forecast of --impact.")] = 24,
    kind: Annotated[str, typer.Option("--format", help="Of the fields: nc or zarr.")] = "nc",
    seed: Annotated[int, typer.Option(help="Of the withheld stations and of draws.")] = 0,
) -> None:
    """Combine a background with reports: analysis, increment, feedback, scores and a report with pictures."""
    with one_sentence(), warnings_shown():
        from latentda.user_error import UserError
        from latentda.workflows.assimilate import assimilate as run

        if kind not in ("nc", "zarr"):
            raise UserError(f"The fields are written as nc or zarr, not as {kind}.")
        settings = _settings(method, tune, slots, window, withhold, seed, checks, errors, representativeness)
        settings = _of_members(settings, members, localization)
        settings = replace(settings, posterior=max(posterior, members), pairs=pairs, keep_members=members > 0)
        settings = replace(settings, impact=impact, lead_hours=lead, tolerance=tolerance)
        result = run(
            chosen_world(world), background, [*observations, *(more or [])], time,
            model=model, columns=columns, settings=settings,
        )  # fmt: skip
        paths = result.write(out, kind)  # type: ignore[arg-type]
        table(f"Root mean squares, {result.done.time}", FIT_HEADER, fit_rows(result.done.fits()))
        if result.impact is not None:
            print_impact(result.impact, f"Impact on the {lead} h forecast")
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
    method: Method = "latent_3dvar",
    model: Annotated[str | None, typer.Option(help="What forecasts; the world's.")] = None,
    forecasts: Annotated[str, typer.Option(help="Leads (h) of forecasts to keep, such as 24,48,72.")] = "",
    offsets: Offsets = "0",
    columns: Columns = None,
    checks: Checks = None,
    errors: Errors = None,
    representativeness: Representativeness = True,
    window: WindowHours = None,
    slots: Slots = "",
    withhold: Withhold = 0.0,
    tune: Tune = False,
    members: Annotated[int, typer.Option(min=0, help="Of an ensemble method; 0: as many as it declares.")] = 0,
    localization: Localization = "",
    without_lost: WithoutLost = False,
    seed: Annotated[int, typer.Option(help="Of the withheld stations and of draws.")] = 0,
) -> None:
    """Analysis, forecast, analysis: with your own model and reports, over days or months."""
    with one_sentence(), warnings_shown():
        from latentda.workflows.cycle import cycle as run

        settings = _settings(method, tune, slots, window, withhold, seed, checks, errors, representativeness)
        settings = replace(_of_members(settings, members, localization), without_lost=without_lost)
        settings = replace(settings, offsets=tuple(int(hours) for hours in numbers(offsets)))
        done = run(
            chosen_world(world), background, [*observations, *(more or [])], start, end, out,
            model=model, leads=[int(lead) for lead in numbers(forecasts)], columns=columns,
            settings=settings, track=track,
        )  # fmt: skip
        table(f"Root mean squares, {done.cycles} analyses", FIT_HEADER, fit_rows(done.fits))
        stores = ("analysis.zarr", "background.zarr", "spread.zarr", "forecast.zarr")
        for name in (*(name for name in stores if (out / name).exists()), "scores.json", "report.html"):
            where(out / name)


def _settings(
    method: str,
    tune: bool,
    slots: str,
    window: float | None,
    withhold: float,
    seed: int,
    checks: Path | None,
    errors: Path | None,
    representativeness: bool,
) -> AssimilationSettings:
    from latentda.observations import read_error_table, read_quality_control
    from latentda.workflows.assimilated import AssimilationSettings

    return AssimilationSettings(
        method,
        None if tune else 1.0,
        slots=tuple(int(slot) for slot in numbers(slots)),
        window_hours=window,
        withheld=withhold,
        seed=seed,
        checks=read_quality_control(checks) if checks else None,
        errors=read_error_table(errors) if errors else None,
        representativeness=representativeness,
    )


def _of_members(settings: AssimilationSettings, members: int, localization: str) -> AssimilationSettings:
    """With the size of an ensemble and its radii.

    Raises:
        UserError: radii that are none, or for a method without members.
    """
    from latentda.assimilation.ensemble import Localization as Radii
    from latentda.user_error import UserError

    if localization and not settings.declared.ensemble:
        raise UserError(f"{settings.method} has no members to localise; leave --localization out.")
    radii = numbers(localization)
    if len(radii) > 2:
        raise UserError(f"--localization takes a radius in km and one in ln p, such as 2500,1.5; got {localization}.")
    chosen = Radii(radii[0], radii[1] if len(radii) > 1 else float("inf")) if radii else None
    return replace(settings, ensemble=members or None, localization=chosen)


def _ending(facts: Any) -> str:
    from latentda.reports.endings import advice

    how = (
        f"{facts['iterations']} iterations, {advice(facts)}" if "iterations" in facts else f"{facts['members']} members"
    )
    return f"{how}; {facts['used']} of {facts['data']} data used."
