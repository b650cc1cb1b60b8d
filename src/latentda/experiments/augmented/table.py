"""The augmented Lorenz-96 table: every row in every world with every network of observations, and who wins.

Seeds and scanned settings stand side by side in one compiled scan over the cycles. Of a scan the setting with the
lowest mean error over the seeds is taken: a favour done to rivals, since it is found on the scored runs.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

from latentda.experiments.augmented.costs import Cost
from latentda.experiments.augmented.filters import run_filters
from latentda.experiments.augmented.methods import Assets, Method
from latentda.experiments.augmented.setup import AugmentedTwin, draw
from latentda.files import write_json
from latentda.progress import Track, silent
from latentda.user_error import UserError


@dataclass(frozen=True)
class TableRow:
    """What one method scored.

    Attributes:
        method: name.
        settings: space and Q in words.
        world: whether the truth has model noise.
        observed: network of observations.
        members: N.
        seeds: of the runs.
        errors: analysis error in x of each seed.
        mean: over the seeds.
        spread: standard deviation over the seeds.
        scanned: how many settings the best was taken of; 1 is a method that is not tuned.
        inflation: of the best.
        size: of Q of the best.
        seconds: wall-clock time of all seeds and settings, compilation included.
    """

    method: str
    settings: str
    world: str
    observed: str
    members: int
    seeds: tuple[int, ...]
    errors: tuple[float, ...]
    mean: float
    spread: float
    scanned: int
    inflation: float
    size: float
    seconds: float


def run_method(
    name: str,
    method: Method,
    made: Assets,
    world: str,
    observed: str,
    seeds: Sequence[int],
    twin: AugmentedTwin,
) -> tuple[TableRow, list[dict[str, Any]]]:
    """Run one row; also its scores, of background and analysis of every seed with the best setting.

    Raises:
        UserError: no seed, or nothing left to score.
    """
    if not seeds or twin.spinup_cycles >= twin.cycles:
        raise UserError(f"Nothing to score: seeds {tuple(seeds)}, {twin.cycles} cycles.")
    start = time.perf_counter()
    network = twin.observed[observed]
    given = draw(twin, network, twin.noises[world], tuple(seeds), method.members)
    errors = run_filters(method.build, made, jnp.asarray(method.scan), given, network, twin.error)
    scores = np.asarray(errors)[:, :, twin.spinup_cycles :].mean(axis=2)
    # A filter that has diverged to infinity is no better than one that knows nothing of a unit variance.
    scores = np.where(np.isfinite(scores), scores, LOST)
    best = int(scores[..., 1].mean(axis=1).argmin())
    found = scores[best]
    row = TableRow(
        name,
        method.settings,
        world,
        observed,
        method.members,
        tuple(int(seed) for seed in seeds),
        tuple(float(error) for error in found[:, 1]),
        float(found[:, 1].mean()),
        float(found[:, 1].std(ddof=1)) if len(seeds) > 1 else 0.0,
        len(method.scan),
        *method.scan[best],
        time.perf_counter() - start,
    )
    common: dict[str, Any] = {"experiment": f"augmented-lorenz96-{world}-{observed}", "method": name, "channel": "x"}
    common |= {"lead_hours": 0, "twin": "identical", "count": twin.cycles - twin.spinup_cycles}
    return row, [
        common | {"seed": seed, "kind": kind, "rmse": float(rmse)}
        for seed, pair in zip(row.seeds, found, strict=True)
        for kind, rmse in zip(("background", "analysis"), pair, strict=True)
    ]


LOST = 2.0**0.5
"""Error of an independent state: the truth is lost."""


def run_table(
    rows: Mapping[str, Method],
    made: Mapping[str, Assets],
    seeds: Sequence[int],
    twin: AugmentedTwin,
    track: Track = silent,
) -> tuple[list[TableRow], list[dict[str, Any]]]:
    """Run every row in every world with every network; returns the table and the scores behind it.

    Args:
        rows: methods by name.
        made: what they are made of, by world.
        seeds: one experiment each.
        twin: the set-up.
        track: shows progress.
    """
    runs = [
        (world, observed, name)
        for world in made
        for observed in twin.observed
        for name, row in rows.items()
        if twin.noises[world] > 0.0 or not row.noisy
    ]
    table, scores = [], []
    for world, observed, name in track(runs, "filters", len(runs)):
        row, found = run_method(name, rows[name], made[world], world, observed, seeds, twin)
        table.append(row)
        scores += found
    return table, scores


def write_table(table: Sequence[TableRow], scores: Sequence[dict[str, Any]], costs: Sequence[Cost], path: Path) -> Path:
    """Write ``{"table": [...], "scores": [...], "costs": [...]}`` as JSON; ``read_scores`` reads the second part."""
    rows = {"table": [asdict(row) for row in table], "scores": list(scores), "costs": [asdict(cost) for cost in costs]}
    return write_json(path, rows)
