"""``latentda experiment``: cycled twin experiments by name, many seeds and methods side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from latentda.cli.europe import europe
from latentda.cli.revisit import OUT, impact, minimisers, posterior
from latentda.cli.show import console, one_sentence, table, track, where
from latentda.cli.worlds import WorldOption, chosen_world
from latentda.user_error import UserError

if TYPE_CHECKING:
    from latentda.verification import Score
    from latentda.verification.comparison import Comparison

app = typer.Typer(no_args_is_help=True, help="Cycled experiments with known truth, and with real data.")

Name = Annotated[str, typer.Argument(help="Of the experiment; see 'latentda experiment list'.")]
Methods = Annotated[str, typer.Option(help="Comma-separated names; empty for the experiment's own.")]
Folder = Annotated[Path, typer.Option(help="Folder of experiments, which share a nature run; a killed run goes on.")]
Factors = Annotated[Path | None, typer.Option(help="YAML of background-error factors, as 'tune' writes it.")]

app.command()(europe)
app.command()(posterior)
app.command()(impact)
app.command()(minimisers)


@app.command("list")
def list_experiments() -> None:
    """The experiments by name."""
    from latentda.experiments.twin.catalogue import CATALOGUE

    header = ["name", "cycle (h)", "spin-up (days)", "scored (days)"]
    rows = [[s.name, s.interval_hours, s.spinup_days, s.scored_days] for s in CATALOGUE.values()]
    table("Cycled twin experiments", header, rows)


@app.command()
def run(
    name: Name,
    methods: Methods = "",
    seeds: Annotated[str, typer.Option(help="How many seeds (3), or which (0,2).")] = "1",
    days: Annotated[int | None, typer.Option(min=1, help="Scored days, over the experiment's own.")] = None,
    spinup_days: Annotated[int | None, typer.Option(min=0, help="Days of spin-up, over the experiment's own.")] = None,
    json: Annotated[Path | None, typer.Option(help="Where to write the scores; default: OUT/NAME/scores.json.")] = None,
    out: Folder = OUT,
    world: WorldOption = None,
    factors: Factors = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes, each with its share of the cores.")] = 1,
) -> None:
    """Run methods and seeds of an experiment, write their scores and print how the methods compare."""
    with one_sentence():
        from latentda.cli.progress_lines import JobLines
        from latentda.experiments.twin.campaign import Campaign, plan, run_campaign
        from latentda.experiments.twin.catalogue import find_experiment
        from latentda.verification import write_scores

        setup = plan(find_experiment(name), _names(methods), days, spinup_days, factors)
        campaign = Campaign(setup, seed_numbers(seeds), out, chosen_world(world))
        with JobLines(campaign.titles) as lines:
            outcome = run_campaign(campaign, workers, lines.listen, track=track)
        _print_failures(outcome.failures)
        if not outcome.scores:
            raise UserError("No run has finished, so there is nothing to score.")
        file = json or out / setup.name / "scores.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        write_scores(outcome.scores, file)
        print_comparison(outcome.scores)
        where(file)
        if outcome.failures:
            raise UserError(f"{len(outcome.failures)} of {len(campaign.runs)} runs failed; see the lines above.")


@app.command()
def tune(
    name: Name,
    methods: Methods = "",
    cycles: Annotated[int, typer.Option(min=2, help="Of each of the two rounds; the second half counts.")] = 40,
    out: Folder = OUT,
    world: WorldOption = None,
    factors: Annotated[Path | None, typer.Option(help="YAML to write to; default: OUT/factors.yaml.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes, each with its share of the cores.")] = 1,
) -> None:
    """Estimate every method's background-error factor from the innovations of a training period."""
    with one_sentence():
        from latentda.cli.progress_lines import JobLines
        from latentda.experiments.twin.campaign import Campaign, plan
        from latentda.experiments.twin.catalogue import find_experiment
        from latentda.experiments.twin.factors import write_factors
        from latentda.experiments.twin.tuning import ROUNDS
        from latentda.experiments.twin.tuning import tune as run_tuning

        campaign = Campaign(plan(find_experiment(name), _names(methods)), (0,), out, chosen_world(world))
        titles = [f"{name} {m}" for m in campaign.setup.methods if m != "free_run"]
        with JobLines(titles) as lines:
            tuned = run_tuning(campaign, cycles, workers, lines.listen, track=track)
        _print_failures(tuned.failures)
        file = factors or out / "factors.yaml"
        if tuned.factors:
            write_factors(file, name, {m: f[-1] for m, f in tuned.factors.items()})
            header = ["method", "before", *(f"after round {k + 1}" for k in range(ROUNDS))]
            table("Factor on background-error variances", header, [[m, *f] for m, f in tuned.factors.items()])
            where(file)
        if tuned.failures:
            raise UserError(f"{len(tuned.failures)} methods could not be tuned; see the lines above.")


@app.command()
def report(
    folder: Annotated[Path, typer.Argument(help="Of one experiment, OUT/NAME of 'run'.")],
    world: WorldOption = None,
) -> None:
    """Write scores.json and report.html of all finished runs in an experiment's folder."""
    with one_sentence():
        from latentda.experiments.twin.findings import read_findings
        from latentda.experiments.twin.report import write_experiment_report
        from latentda.verification import write_scores

        findings = read_findings(folder, chosen_world(world))
        scores = findings.scores()
        write_scores(scores, folder / "scores.json")
        print_comparison(scores)
        where(write_experiment_report(findings, folder / "report.html"))


@app.command()
def linearity(
    methods: Annotated[str, typer.Option(help="Comma-separated names of methods.")] = "latent_3dvar",
    background: Annotated[str, typer.Option(help="A store of states, or 'climatology'.")] = "climatology",
    date: Annotated[str | None, typer.Option(help="Valid time of the background.")] = None,
    factor: Annotated[float, typer.Option(help="On the variances of every background error.")] = 1.0,
    out: Annotated[Path, typer.Option(help="Folder of figure and table.")] = Path("latentda-output/linearity"),
    world: WorldOption = None,
) -> None:
    """Measure how far the map from control to state is from its tangent, by size of the increment."""
    with one_sentence():
        from latentda.experiments.checks.linearity import SIZES, method_linearity, write_linearity
        from latentda.experiments.single.background import read_background
        from latentda.methods import METHODS

        chosen = chosen_world(world)
        found = method_linearity(_names(methods), read_background(background, chosen, date), chosen, factor=factor)
        header = ["method", *(f"{size:g} sd" for size in SIZES)]
        rows = [[METHODS[name].title, *map(float, series)] for name, series in found.items()]
        table("Relative error of the tangent", header, rows)
        for path in write_linearity(found, out):
            where(path)


def _print_failures(failures: Sequence[tuple[str, str]]) -> None:
    for title, sentence in failures:
        console.print(f"{title}: {sentence}", style="red", soft_wrap=True, highlight=False, markup=False)


def _names(methods: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in methods.split(",")) if methods else ()


def seed_numbers(text: str) -> tuple[int, ...]:
    """``3`` is three seeds, ``0,2`` these two, ``5,`` the one with this number.

    Raises:
        UserError: something else.
    """
    try:
        numbers = [int(part) for part in text.split(",") if part.strip()]
    except ValueError as error:
        raise UserError(f"Seeds are a number (3) or a list (0,2); got {text!r}.") from error
    chosen = tuple(numbers) if "," in text else tuple(range(numbers[0] if numbers else 0))
    if not chosen or min(chosen) < 0 or len(set(chosen)) < len(chosen):
        raise UserError(f"Seeds are a number (3) or a list (0,2) of different ones; got {text!r}.")
    return chosen


def print_comparison(scores: Sequence[Score]) -> None:
    """Errors of all methods, and their paired ratios to the best 3D-Var."""
    from latentda.methods import METHODS
    from latentda.verification.comparison import best_reference, compare

    leads = [s.lead_hours for s in scores if s.kind == "forecast"]
    kinds = [("analysis", 0), ("background", 0), *([("forecast", max(leads))] if leads else [])]
    reference = best_reference(scores)
    against = f", ratio to {METHODS[reference].title} paired over seeds" if reference else ""
    header = ["what", "method", "error", "ratio", "±", "seeds"]
    rows = [
        [kind if not lead else f"{lead / 24:g}-day forecast", METHODS[c.method].title, c.error, *_optional(c), c.seeds]
        for kind, lead in kinds
        for c in compare(scores, kind, lead)
    ]
    table(f"Error over climatological spread, mean over channels{against}", header, rows)


def _optional(row: Comparison) -> list[str]:
    return ["–" if value is None else f"{value:.3f}" for value in (row.ratio, row.standard_error)]
