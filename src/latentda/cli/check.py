"""``latentda check``: whether what a user brings will serve, before anything long starts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from latentda.cli.show import one_sentence, table
from latentda.cli.worlds import WorldOption, chosen_world

if TYPE_CHECKING:
    from latentda.workflows.check_model import Change, ModelReport

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
        str | None, typer.Option(help="Of the state; default: the store's last, for the climatology 2000-01-01.")
    ] = None,
) -> None:
    """Check a forecast model: states, steps, sizes, speed, and its tangent linear and adjoint."""
    with one_sentence():
        from latentda.workflows.check_model import check_model as check
        from latentda.workflows.check_model import starting_state
        from latentda.world import build_model

        chosen = chosen_world(world)
        state, hours = starting_state(chosen, background, time)
        report = check(build_model(model, chosen), state, hours, chosen.standardizer)
        _print(report, model)
    if not report.passed:
        raise typer.Exit(1)


def _print(report: ModelReport, model: str) -> None:
    if report.changes:
        header = ["variable", "unit", "rms", "largest", "rms / climatological sd"]
        table(f"What {report.step_hours} h change", header, [_row(change) for change in report.changes])
    rows = [[check.name, check.found, "yes" if check.passed else "NO"] for check in report.checks]
    table(model, ["check", "found", "passed"], rows)


def _row(change: Change) -> list[str | float]:
    from latentda.figures.style import shown_units
    from latentda.grid import variable

    known = variable(change.variable)
    factor, units = shown_units(known.units)
    return [known.title, units, factor * change.rms, factor * change.largest, change.relative]
