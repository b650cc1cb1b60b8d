"""The commands. Heavy imports wait until a command runs, so that ``--help`` answers at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from latentda.cli import assimilate, benchmark, check, diagnose, experiment, observations, single, train, verify, world
from latentda.cli.show import console, one_sentence, table, track, warnings_shown, where
from latentda.cli.terminal import never_refuse_a_sign
from latentda.cli.worlds import WorldOption, chosen_world

if TYPE_CHECKING:
    from latentda.verification import FitRow, Score

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="Data assimilation of the global atmosphere in a learned latent space.",
)
app.add_typer(world.world, name="world", rich_help_panel="Start here")
app.command("assimilate", rich_help_panel="Start here")(assimilate.assimilate)
app.command("cycle", rich_help_panel="Start here")(assimilate.cycle)
app.command("verify", rich_help_panel="Verify")(verify.verify)
app.command("sample", rich_help_panel="Simulate")(world.sample)
app.add_typer(train.train, name="train", rich_help_panel="Learn")
app.add_typer(train.estimate, name="estimate", rich_help_panel="Learn")
app.add_typer(observations.app, name="observations", rich_help_panel="Observe")
app.add_typer(experiment.app, name="experiment", rich_help_panel="Verify")
app.add_typer(check.app, name="check", rich_help_panel="Verify")
app.command("diagnose", rich_help_panel="Observe")(diagnose.diagnose)
app.command("single-observation", rich_help_panel="Verify")(single.single_observation)
app.command("benchmark", rich_help_panel="Verify")(benchmark.benchmark)

Out = Annotated[Path, typer.Option(help="Folder of the results; an interrupted run in it goes on.")]


@app.command(rich_help_panel="Start here")
def demo(
    real: Annotated[bool, typer.Option("--real", help="Assimilate real radiosondes and surface reports.")] = False,
    reports: Annotated[
        list[Path] | None, typer.Option(help="With --real: your own file of reports; several make cycles.")
    ] = None,
    out: Out = Path("latentda-output/demo"),
    cycles: Annotated[int, typer.Option(min=2, help="Analyses of the idealized cycle.")] = 20,
    methods: Annotated[str, typer.Option(help="Comma-separated names of methods; empty for the usual ones.")] = "",
    seed: Annotated[int, typer.Option(help="Of the observation errors, or of the withheld stations.")] = 0,
    world: WorldOption = None,
    climate_error: Annotated[
        float, typer.Option(min=0.0, help="With --real: error of the model's climate in standard deviations; 0: none.")
    ] = 1.0,
    errors: Annotated[
        Path | None, typer.Option(help="With --real: YAML of observation errors, as 'diagnose --errors' writes it.")
    ] = None,
) -> None:
    """Run the main job: an idealized cycle of three methods, scored, with a report (a few minutes)."""
    with one_sentence():
        from latentda.experiments.demo import run_demo, run_real_demo, shipped_reports
        from latentda.experiments.real.real import RealSetUp
        from latentda.experiments.twin.demo import TwinSetUp
        from latentda.observations import read_error_table

        names = tuple(methods.split(",")) if methods else None
        if real:
            out = out if out != Path("latentda-output/demo") else Path("latentda-output/demo-real")
            own = read_error_table(errors) if errors else None
            setup = RealSetUp(seed=seed, methods=names or RealSetUp.methods, climate_error=climate_error, errors=own)
            chosen = chosen_world(world, "climatology")
            with warnings_shown():
                outcome = run_real_demo(reports or [shipped_reports()], setup, chosen, out, track=track)
            _print_fits(outcome.fits)
        else:
            spinup = min(4, cycles // 4)
            twin = TwinSetUp(methods=names or TwinSetUp.methods, cycles=cycles, spinup_cycles=spinup, seed=seed)
            outcome = run_demo(twin, chosen_world(world), out, track=track)
            _print_errors(outcome.scores)
        where(outcome.scores_file)
        where(outcome.report)


@app.command(rich_help_panel="Simulate")
def simulate(
    days: Annotated[int, typer.Option(help="Length of the run, a multiple of 5.")],
    out: Annotated[Path, typer.Option(help="Zarr store to write; an interrupted run into it goes on.")],
    start: Annotated[
        str | None, typer.Option(help="First date, such as 2000-01-01; default: the start state's.")
    ] = None,
    every_hours: Annotated[int, typer.Option(help="Interval of the stored states.")] = 6,
    initial: Annotated[Path | None, typer.Option(help="Restart file to start from; default: the spun-up one.")] = None,
    imperfect: Annotated[bool, typer.Option("--imperfect", help="Changed physics parameters.")] = False,
    from_rest: Annotated[
        bool, typer.Option("--from-rest", help="Start from an atmosphere at rest, to spin up.")
    ] = False,
    save_start: Annotated[Path | None, typer.Option(help="Write the last state as a small start file.")] = None,
) -> None:
    """Run the embedded world (T31, 8 levels) and store u, v, T, q, geopotential and surface pressure."""
    with one_sentence():
        from latentda.forecast import jcm_model
        from latentda.forecast.embedded.simulation import restart_file, write_rest, write_start
        from latentda.forecast.embedded.simulation import simulate as run

        model = jcm_model(imperfect=imperfect)
        if from_rest:
            initial = out.with_name(out.name + ".rest")
            if not initial.exists():  # a run that goes on began from it
                write_rest(model, start or "1999-01-01", initial)
        store = run(model, days, out, start=start, every_hours=every_hours, initial=initial, track=track)
        if save_start:
            where(write_start(model, restart_file(out), save_start))
        where(store)


@app.command(rich_help_panel="Simulate")
def reforecast(
    data: Annotated[str, typer.Option(help="Store of the embedded world's states, a path or a URL.")],
    out: Annotated[Path, typer.Option(help="Zarr store to write; an interrupted run into it goes on.")],
    lead_hours: Annotated[int, typer.Option(help="Of every forecast, a multiple of 6.")] = 72,
    stride: Annotated[int, typer.Option(min=1, help="Start from every so many states.")] = 1,
    start: Annotated[str | None, typer.Option(help="First date of the initial states.")] = None,
    end: Annotated[str | None, typer.Option(help="End of their period, exclusive.")] = None,
    imperfect: Annotated[bool, typer.Option("--imperfect", help="Changed physics parameters.")] = False,
) -> None:
    """Forecast from many states of a store and keep the forecasts under their valid times."""
    with one_sentence():
        from latentda.fields import StoreSampler
        from latentda.forecast import jcm_model
        from latentda.forecast import reforecast as run

        model = jcm_model(imperfect=imperfect)
        where(run(model, StoreSampler(data, model.layout, start, end, stride), lead_hours, out, track=track))


def _print_errors(scores: list[Score]) -> None:
    from latentda.methods import METHODS

    kinds = ("background", "analysis")
    mean = {(s.method, s.kind): s.rmse for s in scores if s.channel == "mean" and s.kind in kinds}
    methods = list(dict.fromkeys(s.method for s in scores))
    rows = [[METHODS[m].title, *(mean[m, kind] for kind in kinds)] for m in methods]
    table("Error over climatological spread, mean over channels", ["method", *kinds], rows)


def _print_fits(fits: Mapping[str, Sequence[FitRow]]) -> None:
    from latentda.cli.fits import FIT_HEADER, fit_rows
    from latentda.methods import METHODS

    withheld = {name: (fit for fit in own if not fit.used) for name, own in fits.items()}
    rows = [[METHODS[name].title, *row] for name, own in withheld.items() for row in fit_rows(own)]
    table("Root mean squares at withheld stations", ["method", *FIT_HEADER], rows)


def main() -> None:
    """Entry point of the ``latentda`` command."""
    never_refuse_a_sign()
    app()


__all__ = ["app", "console", "main"]
