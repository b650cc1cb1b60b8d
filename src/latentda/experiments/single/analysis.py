"""One observation around one background: what a method makes of it.

The increment of a single observation y = H(x_b) + d with error sigma_o is one column of B, seen through the method:

    x_a - x_b = B h d / (h^T B h + sigma_o^2)        where H is linear, h its row,

so it shows which correlations a prior believes in, how far they reach, and whether they know the flow of the day.
Source: Thepaut, Courtier, Belaud & Lemaitre (1996), doi 10.1002/qj.49712253012.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from latentda.assimilation import Variational
from latentda.assimilation.intake import Intake
from latentda.experiments.single.background import Background
from latentda.experiments.single.observation import SingleAnalysis, SingleObservation, require_variable
from latentda.methods import METHODS, Options, require_methods
from latentda.user_error import UserError
from latentda.world import WorldFolder


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
        UserError: an unknown method or one that assimilates nothing, a variable that the state does not hold, or
            a place where the background has no equivalent.
    """
    require_methods(methods)
    if "free_run" in methods:
        raise UserError("The run without assimilation has no increment; leave free_run out.")
    standardizer = world.standardizer
    layout = standardizer.layout
    require_variable(observation, layout)
    # The station stands on the model's own surface, whatever its height: both heights are 0.
    intake = Intake(layout, np.zeros(layout.grid.shape))
    equivalent = _equivalent(intake, observation, background)
    term = intake.term(observation.table(equivalent + observation.departure, background.hours), background.hours)
    anomaly = standardizer.to_anomaly(background.state, np.int32(background.hours))
    scale = np.asarray(standardizer.scale, np.float64)[:, None, None]
    made: list[SingleAnalysis] = []
    for name in methods:
        method = METHODS[name].build(world, Options(factor=factor))
        assert isinstance(method, Variational)
        analysis = method.solve(anomaly, (term,), background.hours)
        before, after = (np.ravel(d[0]) for d in (analysis.observation_background, analysis.observation_analysis))
        row = int(np.argmax(np.abs(before)))
        fitted = float(1.0 - after[row] / before[row]) if before[row] else 0.0
        increment = scale * np.asarray(analysis.increment, np.float64)
        made.append(SingleAnalysis(name, observation, background, increment, fitted, analysis.result.advice))
    return made


def _equivalent(intake: Intake, observation: SingleObservation, background: Background) -> float:
    value = float(intake.equivalents(observation.table(0.0, background.hours), background.state)[0])
    if np.isfinite(value):
        return value
    where = f" at {observation.level_hpa:g} hPa" if observation.level_hpa else ""
    raise UserError(
        f"The background has no {observation.variable}{where} over {observation.latitude:g} N "
        f"{observation.longitude:g} E: below its ground, above its top or off its grid; choose another place or level."
    )
