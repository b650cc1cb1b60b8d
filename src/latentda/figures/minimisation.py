"""How the minimisations of a cycled run went: cost, gradient and fit, cycle after cycle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy import ndarray

from latentda.figures.style import Looks, dress, legend_beside, look_of, new_figure, time_axis

Facts = Sequence[Mapping[str, Any]]


def minimisation_figure(runs: Mapping[str, tuple[ndarray, Facts]], title: str, looks: Looks) -> Figure:
    """Panels over time, a colour a method: J before (dashed) and after, |grad J| left over, J_o / p before and after.

    Args:
        runs: times and facts of the cycles of each method.
        title: over all panels.
        looks: of the methods.
    """
    figure = new_figure(13.0, 3.6, title)
    cost, gradient, fit = figure.subplots(1, 3)
    for method, (times, facts) in runs.items():
        look = look_of(method, looks)
        for axes, name in ((cost, "cost"), (fit, "observation_cost")):
            for end, line in (("background", "--"), ("analysis", "-")):
                values = [fact[f"{name}_{end}"] for fact in facts]
                label = look.title if line == "-" else None
                axes.plot(times, values, color=look.colour, linestyle=line, linewidth=1.2, label=label)
        gradient.plot(times, [fact["gradient_reduction"] for fact in facts], color=look.colour, linewidth=1.2)
    gradient.set_yscale("log")
    dress(cost, "Cost", "", "J (dashed: at the background)", lines="y")
    dress(gradient, "Norm of the gradient", "", "at the end over at the start", lines="y")
    dress(fit, "Observation cost a datum", "", "J_o / p (dashed: at the background)", lines="y")
    for axes in (cost, gradient, fit):
        time_axis(axes, np.concatenate([times for times, _ in runs.values()]))
    legend_beside(fit)
    return figure
