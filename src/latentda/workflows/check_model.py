"""Whether a forecast model will serve: one step of it from one state, and what must hold of any model.

    M(0) = 1,     M(2 step) = M(step) M(step),     members as single forecasts,     all values finite,

and of one that has a derivative the laws of :mod:`~latentda.workflows.check_derivative`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy import ndarray

from latentda.fields import Standardizer
from latentda.forecast import ForecastModel
from latentda.user_error import UserError
from latentda.workflows.background import State
from latentda.workflows.check import Check
from latentda.workflows.check_derivative import derivative_checks

ROUNDING = 1e-3
"""Differences below this share of what a step changes, or of a standard deviation, are rounding."""

RESTARTED = 0.3
"""Share of what a step changes that a model may lose where it is stopped and started again in between, or compiled
otherwise; a wrong time, lead or member changes as much as a step does."""

LARGE_CHANGE = 3.0
"""No variable of weather changes in a step by so many of its climatological standard deviations."""


@dataclass(frozen=True)
class Change:
    """What a step changes of a variable, over all its levels.

    Attributes:
        variable: its short name.
        rms: root mean square, SI units.
        largest: the largest change, SI units.
        relative: root mean square in climatological standard deviations.
    """

    variable: str
    rms: float
    largest: float
    relative: float


@dataclass(frozen=True)
class ModelReport:
    """What is known of a model.

    Attributes:
        step_hours: of the model.
        checks: what was asked of it; after a forecast that failed nothing more.
        changes: of every variable.
    """

    step_hours: int
    checks: list[Check] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether all did."""
        return all(check.passed for check in self.checks)


def check_model(model: ForecastModel, state: State, standardizer: Standardizer) -> ModelReport:
    """Try a model that suits the world, as :func:`~latentda.world.build_model` makes it.

    Args:
        model: the model.
        state: what it starts from.
        standardizer: the world's, for the sizes of things.
    """
    trial = _Trial(model, state.values, state.hours, standardizer)
    report = ModelReport(model.step_hours)
    try:
        report.checks.extend(trial.laws())
        report.changes.extend(trial.changes())
        report.checks.extend(trial.sizes(report.changes))
        derivative = "yes" if model.differentiable else "no: it serves in 3D-Var, not in 4D-Var"
        report.checks.append(Check("differentiable", derivative, True))
        if model.differentiable:
            report.checks.extend(derivative_checks(model, state, standardizer))
    except UserError as error:
        report.checks.append(Check("the model runs", str(error), False))
    return report


@dataclass(frozen=True, eq=False)
class _Trial:
    model: ForecastModel
    state: ndarray
    hours: int
    standardizer: Standardizer

    def run(self, state: ndarray, start: int, *steps: int) -> ndarray:
        """Forecasts to so many steps."""
        leads = tuple(self.model.step_hours * k for k in steps)
        return np.asarray(self.model.propagate(state, np.int32(start), leads))

    @cached_property
    def later(self) -> ndarray:
        """The state one step on."""
        return self.run(self.state, self.hours, 1)[0]

    def laws(self) -> Iterator[Check]:
        """What holds of forecasts."""
        layout, step, next_hours = self.model.layout, self.model.step_hours, self.hours + self.model.step_hours
        grid = "{} x {}".format(*layout.grid.shape)
        order = "northern" if layout.grid.north_first else "southern"
        yield Check("layout and step", f"{len(layout.channels)} channels, {grid}, {order} row first; {step} h", True)
        finite = bool(np.isfinite(self.later).all())
        began = time.perf_counter()
        again = self.run(self.state, self.hours, 1)[0]
        yield Check("a forecast is finite", f"and a step takes {time.perf_counter() - began:.2g} s", finite)
        yield self.same("the same state has the same forecast", again, self.later)
        yield self.same("no lead is the state itself", self.run(self.state, self.hours, 0)[0], self.state)
        both, second = self.run(self.state, self.hours, 1, 2), self.run(self.later, next_hours, 1)[0]
        yield self.same("two steps are one after the other", both, np.stack([self.later, second]), RESTARTED)
        members = np.stack([self.state, self.later])
        together = np.asarray(self.model.propagate_members(members, np.int32(self.hours), (step,)))[:, 0]
        alone = np.stack([self.later, self.run(self.later, self.hours, 1)[0]])
        yield self.same("members are single forecasts", together, alone, RESTARTED)

    def same(self, name: str, one: ndarray, other: ndarray, share: float = ROUNDING) -> Check:
        """Whether two forecasts are one but for a share of what a step changes."""
        apart, change = self.size(one - other), self.size(self.later - self.state)
        found = f"they differ by {apart:.2g} sd, a step changes {change:.2g} sd"
        return Check(name, found, apart <= share * max(change, ROUNDING))

    def size(self, difference: ndarray) -> float:
        """Root mean square in climatological standard deviations."""
        scale = np.asarray(self.standardizer.scale, np.float64)[:, None, None]
        return float(np.sqrt(np.mean((difference.astype(np.float64) / scale) ** 2)))

    def changes(self) -> Iterator[Change]:
        """What a step changes."""
        layout, difference = self.model.layout, (self.later - self.state).astype(np.float64)
        scale = np.asarray(self.standardizer.scale, np.float64)[:, None, None]
        for short in layout.variables:
            rows = layout.indices(short)
            squares = difference[rows] ** 2 * layout.grid.area_weights
            rms, relative = (float(np.sqrt(np.mean(x))) for x in (squares, squares / scale[rows] ** 2))
            yield Change(short, rms, float(np.abs(difference[rows]).max()), relative)

    def sizes(self, changes: list[Change]) -> Iterator[Check]:
        """Whether a step changes about as much as weather does."""
        worst = max(changes, key=lambda change: change.relative)
        found = f"{worst.relative:.2g} sd at most, in {worst.variable}"
        yield Check(f"a step changes less than {LARGE_CHANGE:g} sd", found, worst.relative < LARGE_CHANGE)
        upright, turned = (self.size(later - self.state) for later in (self.later, self.later[:, ::-1]))
        found = f"{upright:.2g} sd from the state, upside down {turned:.2g} sd"
        yield Check("latitudes keep their order", found, turned >= 0.5 * upright)
