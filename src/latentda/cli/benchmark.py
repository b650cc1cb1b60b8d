"""``latentda benchmark``: the test of a small system, and whether we pass it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from latentda.cli.show import one_sentence, table, track, where
from latentda.user_error import UserError

SPEEDY = ("speedy-letkf-reg2", "speedy-letkf-raob")
SYSTEMS = ("lorenz96", "augmented-lorenz96", *SPEEDY)


def benchmark(
    system: Annotated[str, typer.Argument(help=" or ".join(SYSTEMS))] = "lorenz96",
    seeds: Annotated[int, typer.Option(min=1, help="Number of seeds, run side by side; the bands hold for 3.")] = 3,
    json: Annotated[
        Path | None, typer.Option(help="Where to write the scores; by default latentda-output/SYSTEM.json.")
    ] = None,
    networks: Annotated[
        str, typer.Option(help="augmented-lorenz96: quadratic, product, published, with commas between.")
    ] = "quadratic,product",
    weights: Annotated[
        Path | None,
        typer.Option(
            help="augmented-lorenz96: folder of trained networks; those that it lacks are trained into it. "
            "Without it those of the package."
        ),
    ] = None,
    cycles: Annotated[int, typer.Option(min=3, help="speedy-letkf: analyses, of which the last third counts.")] = 60,
) -> None:
    """Run the test of a system and print its table (lorenz96 a minute; the others ten or more)."""
    with one_sentence():
        if system not in SYSTEMS:
            raise UserError(f"Unknown system {system!r}; there are {', '.join(SYSTEMS)}.")
        path = json or Path("latentda-output") / f"{system}.json"
        if system == "lorenz96":
            _lorenz96(seeds, path)
        elif system in SPEEDY:
            _speedy(system, path, cycles)
        else:
            _augmented(seeds, path, tuple(name.strip() for name in networks.split(",")), weights)


def _lorenz96(seeds: int, path: Path) -> None:
    from latentda.experiments.lorenz96.table import run_table, write_table

    found, scores = run_table(range(1, seeds + 1))
    header = ["method", "mean", "published", "band", "inside", "s"]
    shown = [
        [
            row.method,
            row.mean,
            "" if row.published is None else f"{row.published:.2f}",
            f"{row.band[0]:g}-{row.band[1]:g}",
            "yes" if row.inside else "NO",
            round(row.seconds),
        ]
        for row in found
    ]
    # Narrow enough for any terminal; settings and single seeds are in the file.
    table("Lorenz-96, identical twin, analysis error", header, shown)
    where(write_table(found, scores, path))


def _speedy(name: str, path: Path, cycles: int) -> None:
    from latentda.experiments.speedy.run import run_speedy, write_result
    from latentda.experiments.speedy.setup import PUBLISHED_SECONDS
    from latentda.figures.words import shown_variable
    from latentda.world import embedded_world

    done = run_speedy(name, embedded_world(), path.parent / "speedy-letkf" / "nature", cycles, track=track)
    shown = []
    for row in done.rows:
        factor, words = shown_variable(row.variable)
        printed = row.published
        pairs = (row.background, printed.background), (row.analysis, printed.analysis)
        errors = (row.background_error, printed.background_error)
        numbers = [f"{factor * ours:.3g} ({factor * theirs:.3g})" for ours, theirs in (*pairs, errors)]
        shown.append([words, round(row.count), *numbers, f"{factor * row.analysis_error:.3g}"])
    header = ["variable", "data", "O-B", "O-A", "background error", "analysis error"]
    table(f"{name}, mean of the last {done.scored} of {done.cycles} cycles (published, reg2)", header, shown)
    times = {"analysis": done.analysis_seconds, "forecasts": done.forecast_seconds}
    told = [[what, f"{ours:.2f}", f"{PUBLISHED_SECONDS[what]:.2f}"] for what, ours in times.items()]
    table(
        "Seconds a cycle", ["", "here", "published, four processes"], [*told, ["peak memory, MiB", done.peak_mib, ""]]
    )
    where(write_result(done, path))


def _augmented(seeds: int, path: Path, networks: tuple[str, ...], weights: Path | None) -> None:
    from latentda.experiments.augmented.costs import run_costs, timed
    from latentda.experiments.augmented.methods import assets, methods
    from latentda.experiments.augmented.setup import AugmentedTwin
    from latentda.experiments.augmented.table import run_table, write_table
    from latentda.experiments.augmented.weights import learned_networks

    twin = AugmentedTwin()
    learned = learned_networks(networks, weights, twin.system, track)
    made = {world: assets(twin, world, learned) for world in twin.noises}
    found, scores = run_table(methods(learned), made, range(1, seeds + 1), twin, track)
    costs = run_costs(timed(made["noise"]), twin)
    for world in twin.noises:
        mine = [row for row in found if row.world == world]
        shown = [
            [
                name,
                *(f"{row.mean:.4f} ({row.spread:.4f})" for row in mine if row.method == name),
                next("no" if row.scanned == 1 else f"best of {row.scanned}" for row in mine if row.method == name),
            ]
            for name in dict.fromkeys(row.method for row in mine)
        ]
        title = f"Augmented Lorenz-96, identical twin, {WORLDS[world]}: analysis error in x (spread of seeds)"
        table(title, ["method", *twin.observed, "tuned"], shown)
    cycles = [[cost.method, f"{cost.milliseconds:.2f}", f"{cost.ratio:.2f}"] for cost in costs]
    table("Cost of a cycle", ["method", "processor ms", "over etkf-q-x"], cycles)
    where(write_table(found, scores, costs, path))


WORLDS = {"noise": "truth with model noise", "perfect": "truth without model noise"}
