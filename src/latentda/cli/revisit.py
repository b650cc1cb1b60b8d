"""``latentda experiment posterior``, ``impact`` and ``minimisers``: more about the analyses of a finished run."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from latentda.cli.impacts import print_impact
from latentda.cli.show import one_sentence, table, track, where
from latentda.cli.worlds import WorldOption, chosen_world

if TYPE_CHECKING:
    from latentda.experiments.checks.revisit import Revisit
    from latentda.experiments.twin.run import Run

Name = Annotated[str, typer.Argument(help="Of the experiment, as 'experiment run' had it.")]
Method = Annotated[str, typer.Option(help="The run's method.")]
Seed = Annotated[int, typer.Option(help="The run's seed.")]
Root = Annotated[Path, typer.Option(help="Folder of experiments, OUT of 'experiment run'.")]

OUT = Path("latentda-output/experiments")


def _opened(
    name: str, method: str, seed: int, out: Path, world: Path | None, doing: str
) -> tuple[Run, Iterable[Revisit]]:
    """A finished run and its analyses made again, one after the other under a progress bar."""
    from latentda.experiments.checks.revisit import open_run, revisit, starts_of

    run = open_run(name, method, seed, out, chosen_world(world))
    return run, track(revisit(run), doing, len(starts_of(run)))


def posterior(
    name: Name,
    method: Method = "latent_3dvar",
    seed: Seed = 0,
    pairs: Annotated[int, typer.Option(min=1, help="Eigenpairs of each Hessian.")] = 200,
    members: Annotated[int, typer.Option(min=2, help="Samples of each posterior.")] = 20,
    perturbed: Annotated[int, typer.Option(min=0, help="Perturbed analyses of each, as a cross-check.")] = 0,
    out: Root = OUT,
    world: WorldOption = None,
) -> None:
    """Check the posterior of a run's analyses: spread against error, rank of the truth, degrees of freedom."""
    with one_sentence():
        from latentda.experiments.checks.posterior import check_posterior, ratio_rows, write_check
        from latentda.methods import METHODS

        run, visits = _opened(name, method, seed, out, world, "posteriors")
        check = check_posterior(visits, pairs=pairs, members=members, perturbed=perturbed)
        header = ["channel", "posterior", *(["perturbed analyses"] if perturbed else [])]
        table("Spread over the error of the mean", header, ratio_rows(check))
        freedom = zip(check.used, check.degrees_of_freedom, check.largest, check.smallest, strict=True)
        header = ["data", "degrees of freedom for signal", "largest eigenvalue", "smallest found"]
        table("Hessians", header, list(freedom))
        for path in write_check(check, f"{METHODS[method].title}, {name}", run.folder / "posterior"):
            where(path)


def impact(
    name: Name,
    method: Method = "latent_3dvar",
    seed: Seed = 0,
    out: Root = OUT,
    world: WorldOption = None,
) -> None:
    """Tell what each kind of observation did to the error of day-long forecasts from a run's analyses."""
    with one_sentence():
        from latentda.experiments.checks.impact import twin_impact, write_impact
        from latentda.methods import METHODS

        run, visits = _opened(name, method, seed, out, world, "impacts")
        found = twin_impact(visits)
        print_impact(found, f"Impact on 24 h forecasts, mean of {found.analyses} analyses")
        for path in write_impact(found, f"{METHODS[method].title}, {name}", run.folder / "impact"):
            where(path)


def minimisers(
    name: Name,
    method: Method = "latent_3dvar",
    seed: Seed = 0,
    out: Root = OUT,
    world: WorldOption = None,
) -> None:
    """Find a run's analyses again by every minimiser: cost, gradient and fit by passes through the decoder."""
    with one_sentence():
        from latentda.experiments.checks.minimisers import check_minimisers, pass_rows, write_minimisers
        from latentda.methods import METHODS

        run, visits = _opened(name, method, seed, out, world, "minimisations")
        check = check_minimisers(visits)
        header = ["minimiser", "within", "passes", "least", "most", "arrived"]
        table("Passes until the cost is near the converged one", header, pass_rows(check))
        for path in write_minimisers(check, f"{METHODS[method].title}, {name}", run.folder / "minimisers"):
            where(path)
