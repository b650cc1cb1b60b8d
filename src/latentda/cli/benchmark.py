"""``latentda benchmark``: the test of a small system, and whether we pass it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from latentda.cli.show import one_sentence, table, track, where
from latentda.user_error import UserError

SYSTEMS = ("lorenz96", "augmented-lorenz96")


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
) -> None:
    """Run the test of a small system and print its table (about a minute; augmented-lorenz96 about ten)."""
    with one_sentence():
        if system not in SYSTEMS:
            raise UserError(f"Unknown system {system!r}; there are {' and '.join(SYSTEMS)}.")
        path = json or Path("latentda-output") / f"{system}.json"
        if system == "lorenz96":
            _lorenz96(seeds, path)
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
