"""Whether posteriors are right: spread against analysis error, and the rank of the truth, over a cycled twin."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import jax
import numpy as np
from matplotlib.figure import Figure

from latentda.assimilation import perturbed_analyses, posterior
from latentda.experiments.checks.revisit import Revisit
from latentda.figures.files import save_figure
from latentda.figures.style import dress, legend_beside, new_figure
from latentda.files import write_json
from latentda.grid import Layout
from latentda.user_error import UserError
from latentda.verification import EnsembleSums, ensemble_sums, merge_ensembles

VARIABLES = ("t", "u", "v", "q")
COLOURS = {"t": "#d55e00", "u": "#0072b2", "v": "#009e73", "q": "#cc79a7"}


@dataclass(frozen=True, eq=False)
class PosteriorCheck:
    """The outcome over some analyses.

    Attributes:
        sums: spread, error and ranks.
        perturbed: the same of perturbed analyses, if there are any.
        degrees_of_freedom: of each analysis, of the eigenpairs looked for.
        used: data of each analysis.
        largest: leading eigenvalue of each Hessian.
        smallest: that of the last pair: near 1 nothing is left out.
        layout: of the states.
    """

    sums: EnsembleSums
    perturbed: EnsembleSums | None
    degrees_of_freedom: tuple[float, ...]
    used: tuple[int, ...]
    largest: tuple[float, ...]
    smallest: tuple[float, ...]
    layout: Layout


def check_posterior(
    revisits: Iterable[Revisit], *, pairs: int, members: int, perturbed: int = 0, seed: int = 0
) -> PosteriorCheck:
    """Posterior samples of every analysis against the truth.

    Args:
        revisits: the analyses.
        pairs: eigenpairs of each Hessian.
        members: samples of each posterior.
        perturbed: perturbed analyses of each, at least two, as a cross-check; none by default.
        seed: of the samples.

    Raises:
        UserError: one perturbed analysis, or no revisits.
    """
    if perturbed == 1:
        raise UserError("One perturbed analysis has no spread; ask for two or more, or for none.")
    others: list[EnsembleSums] = []
    parts, freedom, used, largest, smallest = [], [], [], [], []
    layout = None
    for number, one in enumerate(revisits):
        found = posterior(one.method, one.analysis, (one.term,), one.hours, pairs=pairs, seed=seed)
        key = jax.random.fold_in(jax.random.key(seed), number)
        states = np.stack([one.physical(x) for x in np.asarray(found.samples(key, members))])
        layout = one.model.layout
        parts.append(ensemble_sums(states, one.truth.at(one.hours), layout))
        if perturbed:
            background, terms = one.analysis.background, (one.term,)
            made = perturbed_analyses(one.method, background, terms, one.hours, jax.random.fold_in(key, 1), perturbed)
            states = np.stack([one.physical(x) for x in np.asarray(made)])
            others.append(ensemble_sums(states, one.truth.at(one.hours), layout))
        freedom.append(float(found.degrees_of_freedom))
        used.append(int(np.sum(np.asarray(one.term.valid))))
        largest.append(float(found.pairs.value[0]))
        smallest.append(float(found.pairs.value[-1]))
    if layout is None:
        raise UserError("There is no analysis to check.")
    together, beside = merge_ensembles(parts), merge_ensembles(others) if others else None
    return PosteriorCheck(together, beside, tuple(freedom), tuple(used), tuple(largest), tuple(smallest), layout)


def ratio_rows(check: PosteriorCheck) -> list[list[object]]:
    """Spread over error, a channel a row; behind it that of the perturbed analyses, if there are any."""
    both = [check.sums] + ([check.perturbed] if check.perturbed else [])
    return [[name, *(float(sums.ratio[k]) for sums in both)] for k, name in enumerate(check.layout.names)]


def write_check(check: PosteriorCheck, title: str, folder: Path) -> list[Path]:
    """Write ``posterior.png`` and ``posterior.json``, each whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    content = {
        "analyses": check.sums.cases,
        "spread_over_error": {row[0]: row[1] for row in ratio_rows(check)},
        **({"spread_over_error_perturbed": {row[0]: row[2] for row in ratio_rows(check)}} if check.perturbed else {}),
        "degrees_of_freedom": list(check.degrees_of_freedom),
        "data": list(check.used),
        "largest_eigenvalue": list(check.largest),
        "smallest_eigenvalue": list(check.smallest),
        "rank_frequencies": {
            name: row.tolist() for name, row in zip(check.layout.names, check.sums.frequencies, strict=True)
        },
    }
    return [
        save_figure(check_figure(check, title), folder / "posterior.png"),
        write_json(folder / "posterior.json", content),
    ]


def check_figure(check: PosteriorCheck, title: str) -> Figure:
    """Ratios by level (dashed: perturbed analyses), and ranks of the truth, all levels of a variable together."""
    figure = new_figure(9.5, 3.8, title)
    left, right = figure.subplots(1, 2)
    layout = check.layout
    for name in VARIABLES:
        if name not in layout.variables:
            continue
        rows = layout.indices(name)
        left.plot(
            check.sums.ratio[rows], layout.levels_of(name), color=COLOURS[name], marker="o", markersize=3, label=name
        )
        if check.perturbed:
            dashes = {"color": COLOURS[name], "linestyle": "--", "linewidth": 1.0}
            left.plot(check.perturbed.ratio[rows], layout.levels_of(name), **dashes)
        ranks = check.sums.frequencies[rows].mean(axis=0)
        right.step(np.arange(ranks.size), ranks * ranks.size, where="mid", color=COLOURS[name], label=name)
    left.axvspan(0.8, 1.25, color="0.92", zorder=0)
    left.invert_yaxis()
    dress(left, "Spread over error", "ratio (grey: 0.8 to 1.25)", f"level ({layout.vertical.units})", lines="x")
    right.axhline(1.0, color="0.6", linewidth=0.8)
    right.set_ylim(bottom=0.0)
    right.set_xticks(np.arange(0, check.sums.ranks.shape[1], 5))
    dress(right, "Rank of the truth", "samples below the truth", "frequency over the uniform one", lines="y")
    legend_beside(right)
    return figure
