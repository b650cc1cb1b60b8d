"""How fast minimisers find the analyses of a finished run: cost, gradient norm and J_o / p by decoder passes.

A pass is an evaluation of the cost with its gradient, or of the linearised cost with its own: each goes once through
decoder, forecast and operators, and once back. All minimisers solve the same problems, and the cost that counts as
converged is that of a long Gauss-Newton iteration of three outer loops.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from latentda.assimilation import Adam, GaussNewton, Lbfgs, Minimiser, Minimum
from latentda.experiments.checks.revisit import Revisit
from latentda.figures.files import save_figure
from latentda.figures.style import dress, legend_beside, new_figure
from latentda.files import write_json
from latentda.user_error import UserError

NEAR = (0.01, 0.001)
"""Shares of the converged cost within which a minimiser has arrived."""

MINIMISERS: Mapping[str, Minimiser] = {
    "Gauss-Newton": GaussNewton(60, tolerance=1e-4),
    "L-BFGS": Lbfgs(100, tolerance=1e-4),
    "Adam, rate 0.1": Adam(400, rate=0.1),
}
CONVERGED = GaussNewton(120, outer_loops=3, tolerance=1e-5)
COLOURS = ("#0072b2", "#009e73", "#d55e00")


@dataclass(frozen=True, eq=False)
class MinimiserCurve:
    """What one minimiser did in one analysis.

    Attributes:
        passes: evaluations so far, after each iteration.
        cost: J.
        gradient_norm: |grad J| over its first value.
        observation_cost: J_o / p.
        arrived: passes until J is within each share :data:`NEAR` of the converged cost; None if it never is.
    """

    passes: np.ndarray
    cost: np.ndarray
    gradient_norm: np.ndarray
    observation_cost: np.ndarray
    arrived: tuple[int | None, ...]


@dataclass(frozen=True, eq=False)
class MinimiserCheck:
    """The outcome over some analyses.

    Attributes:
        curves: of every analysis, by minimiser.
        converged: J of every analysis at its end.
    """

    curves: Mapping[str, list[MinimiserCurve]]
    converged: list[float]


def check_minimisers(revisits: Iterable[Revisit]) -> MinimiserCheck:
    """Every minimiser on every analysis.

    Raises:
        UserError: there is no analysis.
    """
    curves: dict[str, list[MinimiserCurve]] = {name: [] for name in MINIMISERS}
    converged = []
    for one in revisits:

        def found(minimiser: Minimiser, one: Revisit = one) -> Minimum:
            method = replace(one.method, minimiser=minimiser)
            return method.solve(one.analysis.background, (one.term,), one.hours).minimum

        lowest = float(np.asarray(found(CONVERGED).cost).min())
        converged.append(lowest)
        for name, minimiser in MINIMISERS.items():
            curves[name].append(curve(found(minimiser), lowest, int(np.sum(np.asarray(one.term.valid)))))
    if not converged:
        raise UserError("There is no analysis to minimise again.")
    return MinimiserCheck(curves, converged)


def curve(minimum: Minimum, lowest: float, data: int) -> MinimiserCurve:
    """The iterations that were done, of a minimum with so many data.

    Args:
        minimum: the outcome.
        lowest: the converged cost.
        data: p.
    """
    done = int(minimum.iterations) + 1
    cost, norm, length, passes = (
        np.asarray(row)[:done]
        for row in (minimum.cost, minimum.gradient_norm, minimum.control_norm, minimum.evaluations)
    )
    near = [np.flatnonzero(cost <= (1.0 + share) * lowest) for share in NEAR]
    arrived = tuple(int(passes[there[0]]) if there.size else None for there in near)
    return MinimiserCurve(passes, cost, norm / norm[0], (cost - 0.5 * length**2) / max(data, 1), arrived)


def pass_rows(check: MinimiserCheck) -> list[list[object]]:
    """Minimiser, share, passes until J is that near (mean, least, most), and in how many analyses it came there."""
    rows: list[list[object]] = []
    for k, share in enumerate(NEAR):
        for name, curves in check.curves.items():
            arrived = [passes for one in curves if (passes := one.arrived[k]) is not None]
            numbers = [round(float(np.mean(arrived)), 1), min(arrived), max(arrived)] if arrived else ["–"] * 3
            rows.append([name, f"{share:.1%}", *numbers, f"{len(arrived)} of {len(curves)}"])
    return rows


def write_minimisers(check: MinimiserCheck, title: str, folder: Path) -> list[Path]:
    """Write ``minimisers.png`` and ``minimisers.json``, each whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    content = {
        "converged_cost": check.converged,
        "shares": list(NEAR),
        "passes": {name: [list(one.arrived) for one in curves] for name, curves in check.curves.items()},
    }
    return [
        save_figure(minimiser_figure(check, title), folder / "minimisers.png"),
        write_json(folder / "minimisers.json", content),
    ]


def minimiser_figure(check: MinimiserCheck, title: str) -> Figure:
    """Cost over the converged one, gradient norm, and J_o / p by passes; thin lines are single analyses."""
    figure = new_figure(11.0, 3.8, title)
    panels = figure.subplots(1, 3)
    for (name, curves), colour in zip(check.curves.items(), COLOURS, strict=True):
        for k, (one, lowest) in enumerate(zip(curves, check.converged, strict=True)):
            style = {"color": colour, "linewidth": 1.0, "alpha": 0.7, "label": name if k == 0 else None}
            above = np.maximum(one.cost / lowest - 1.0, 1e-6)
            for axes, values in zip(panels, (above, one.gradient_norm, one.observation_cost), strict=True):
                axes.plot(one.passes, values, **style)
    for share in NEAR:
        panels[0].axhline(share, color="0.3", linewidth=0.8, linestyle="--")
    words = ("Cost above the converged one", "Norm of the gradient", "Observation cost a datum")
    units = ("J / J converged - 1 (dashed: what the table counts)", "over its first value", "J_o / p")
    for axes, heading, unit in zip(panels, words, units, strict=True):
        axes.set_xscale("log")
        dress(axes, heading, "passes", unit, lines="y")
    panels[0].set_yscale("log")
    panels[1].set_yscale("log")
    legend_beside(panels[2])
    return figure
