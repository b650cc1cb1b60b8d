"""``latentda check``: whether what a user brings will serve, before anything long starts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from latentda.cli.show import one_sentence, table, warnings_shown
from latentda.cli.worlds import WorldOption, chosen_world

if TYPE_CHECKING:
    from latentda.workflows.check import Check
    from latentda.workflows.check_model import Change, ModelReport
    from latentda.workflows.check_world import WorldReport

app = typer.Typer(no_args_is_help=True, help="Check what you bring, before anything long starts.")


@app.command("model")
def check_model(
    model: Annotated[
        str,
        typer.Argument(
            help="numpy:module:function, jax:module:function, torch:module:Class, onnx:FILE, 'command:LINE', "
            "module:maker, or a name; options follow behind ?, such as ?step_hours=6."
        ),
    ],
    world: WorldOption = None,
    background: Annotated[
        Path | None, typer.Option(help="A store with a state to start from; default: the climatology of the time.")
    ] = None,
    time: Annotated[
        str | None, typer.Option(help="Of the state, where the store has several; of the climatology 2000-01-01.")
    ] = None,
) -> None:
    """Check a forecast model: states, steps, sizes, speed, and its tangent linear and adjoint."""
    with one_sentence():
        from latentda.workflows.background import climatological_state, read_background
        from latentda.workflows.check_model import check_model as check
        from latentda.world import build_model

        chosen = chosen_world(world)
        if background is None:
            state = climatological_state(chosen.standardizer, time)
        else:
            state = read_background(background, chosen.layout, time)
        report = check(build_model(model, chosen), state, chosen.standardizer)
        _print(report, model)
    if not report.passed:
        raise typer.Exit(1)


@app.command("world")
def check_world(folder: Annotated[Path, typer.Argument(help="Folder of a world.")]) -> None:
    """Check a world: units, its code's error, the background error's spread and adjoint, what an analysis costs."""
    with one_sentence(), warnings_shown():
        from latentda.workflows.check_world import check_world as check

        report = check(chosen_world(folder))
        _print_sizes(report)
        table(f"{folder}", ["check", "found", "passed"], [_verdict(one) for one in report.checks])
        rows = [[name, reason or "yes"] for name, reason in report.methods.items()]
        table("Methods that can run", ["method", "yes, or what is missing"], rows)
    if not report.passed:
        raise typer.Exit(1)


def _print_sizes(report: WorldReport) -> None:
    """Spread of the background error and what the code leaves, a row a channel."""
    from latentda.figures.style import shown_units

    rows: list[list[str | float]] = []
    for i, channel in enumerate(report.layout.channels):
        factor, units = shown_units(channel.variable.units)
        sizes = [float(factor * one[i]) for one in (report.climate, *report.spread.values())]
        left = [report.unexplained.get(channel.name, float("nan"))] if report.unexplained else []
        rows.append([channel.name, units, *sizes, *left])
    header = ["channel", "units", "climate", *report.spread, *(["left by the code"] if report.unexplained else [])]
    table("Standard deviations: of the climate, of background errors", header, rows)


def _verdict(one: Check) -> list[str]:
    return [one.name, one.found, "yes" if one.passed else "NO"]


def _print(report: ModelReport, model: str) -> None:
    if report.changes:
        header = ["variable", "unit", "rms", "largest", "rms / climatological sd"]
        table(f"What {report.step_hours} h change", header, [_row(change) for change in report.changes])
    table(model, ["check", "found", "passed"], [_verdict(one) for one in report.checks])


def _row(change: Change) -> list[str | float]:
    from latentda.figures.style import shown_units
    from latentda.grid import variable

    known = variable(change.variable)
    factor, units = shown_units(known.units)
    return [known.title, units, factor * change.rms, factor * change.largest, change.relative]
