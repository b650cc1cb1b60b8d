"""One observation around one background: what a method makes of it.

The increment of a single observation y = H(x_b) + d with error sigma_o is one column of B, seen through the method:

    x_a - x_b = B h d / (h^T B h + sigma_o^2)        where H is linear, h its row,

so it shows which correlations a prior believes in, how far they reach, and whether they know the flow of the day.
Source: Thepaut, Courtier, Belaud & Lemaitre (1996), doi 10.1002/qj.49712253012.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np
import pyarrow as pa

from latentda.assimilation import Variational
from latentda.assimilation.intake import Intake
from latentda.experiments.single.background import Background
from latentda.experiments.single.observation import SingleAnalysis, SingleObservation, nearest_channel
from latentda.methods import METHODS, Options, require_methods
from latentda.user_error import UserError
from latentda.world import WorldFolder

USUAL_METHODS = ("3dvar", "latent_3dvar")
"""Those compared where none is named, as far as a world can."""


def usual_methods(world: WorldFolder) -> tuple[str, ...]:
    """The usual methods that a world has the files of.

    Raises:
        UserError: it has those of none.
    """
    missing = {name: METHODS[name].missing(world) for name in USUAL_METHODS}
    ready = tuple(name for name, reason in missing.items() if not reason)
    if not ready:
        raise UserError(missing[USUAL_METHODS[0]])
    return ready


def single_observation(
    observation: SingleObservation,
    background: Background,
    methods: Sequence[str],
    world: WorldFolder,
    *,
    factor: float = 1.0,
) -> list[SingleAnalysis]:
    """Assimilate one observation by each method.

    Args:
        observation: the datum.
        background: x_b.
        methods: names from :data:`latentda.methods.catalogue.METHODS` that assimilate.
        world: scales, network and background errors.
        factor: on the background errors' variances.

    Raises:
        UserError: an unknown method or one that makes no analysis of one time, or a place where the background has no
            equivalent.
    """
    analyst = SingleAnalyst(background, methods, world, factor)
    # The station stands on the model's own surface, whatever its height: both heights are 0.
    intake = Intake(world.layout, np.zeros(world.layout.grid.shape))
    table = observation.table(_equivalent(intake, observation, background) + observation.departure, background.hours)
    return list(analyst.analyses(observation, table, intake))


class SingleAnalyst:
    """Methods around one background, for any number of observations one by one.

    Attributes:
        background: x_b.
        methods: by name.
    """

    def __init__(self, background: Background, methods: Sequence[str], world: WorldFolder, factor: float = 1.0):
        """See :func:`single_observation`."""
        require_methods(methods)
        if "free_run" in methods:
            raise UserError("The run without assimilation has no increment; leave free_run out.")
        windows = [name for name in methods if METHODS[name].four_d]
        if windows:
            raise UserError(f"A single observation has one time; {', '.join(windows)} takes several, leave it out.")
        self.background, self._world = background, world
        self.methods = {name: METHODS[name].build(world, Options(factor=factor)) for name in methods}

    @cached_property
    def _scale(self) -> np.ndarray:
        return np.asarray(self._world.standardizer.scale, np.float64)[:, None, None]

    def analyses(self, observation: SingleObservation, table: pa.Table, intake: Intake) -> Iterator[SingleAnalysis]:
        """One of each method.

        Args:
            observation: the datum.
            table: the same as a row.
            intake: makes it a term of the cost.
        """
        background, layout = self.background, self._world.layout
        term = intake.term(table, background.hours)
        anomaly = self._world.standardizer.to_anomaly(background.state, np.int32(background.hours))
        channel = nearest_channel(observation, background, layout)
        for name, method in self.methods.items():
            assert isinstance(method, Variational)
            found = method.solve(anomaly, (term,), background.hours)
            before, after = (np.ravel(d[0]) for d in (found.observation_background, found.observation_analysis))
            row = int(np.argmax(np.abs(before)))
            fitted = float(1.0 - after[row] / before[row]) if before[row] else 0.0
            change = np.asarray(found.increment, np.float64)
            if channel is None:
                channel = int(np.argmax(np.abs(change).max((1, 2))))
            yield SingleAnalysis(
                name, observation, background, self._scale * change, fitted, found.result.advice, channel
            )  # fmt: skip


def _equivalent(intake: Intake, observation: SingleObservation, background: Background) -> float:
    value = float(intake.equivalents(observation.table(0.0, background.hours), background.state)[0])
    if np.isfinite(value):
        return value
    layout = intake.layout
    where = f" at {observation.level_hpa:g} hPa" if observation.level_hpa else ""
    place = f"{observation.latitude:g} N {observation.longitude:g} E"
    if observation.variable not in layout.variables:
        raise UserError(
            f"The background has no {observation.variable}{where} over {place}: its states hold "
            f"{', '.join(layout.variables)}, and there it cannot be derived from them."
        )
    raise UserError(
        f"The background has no {observation.variable}{where} over {place}: below its ground, above its top or off its "
        "grid; choose another place or level."
    )
