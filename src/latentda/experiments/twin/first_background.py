"""The first background of a seed's period: a forecast from the truth, made once and shared by all methods.

The world is chaotic and sums depend on the number of cores in their last digits, so two processes that
each made it would start from slightly different states.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from latentda.experiments.twin.catalogue import ExperimentSetUp
from latentda.experiments.twin.truth import Truth
from latentda.files import fitting, read_arrays, write_arrays
from latentda.forecast import ForecastModel, steps
from latentda.runs.lock import only_process

KIND = "first background"


def first_background(
    model: ForecastModel, truth: Truth, setup: ExperimentSetUp, begin_hours: int, folder: Path
) -> Float[ndarray, "channel lat lon"]:
    """The forecast of ``background_days`` from the true state of ``begin_hours``, kept in ``folder``.

    Args:
        model: the assimilating one.
        truth: of the period.
        setup: the twin and the lead.
        begin_hours: of the seed's period, hours since 1970.
        folder: shared by all experiments on the same nature run.
    """
    file = folder / f"{setup.twin}_{begin_hours:07d}_{setup.background_days}d.safetensors"
    if not file.exists():
        with only_process(folder):
            if not file.exists():  # nor has another process made it meanwhile
                write_arrays(file, KIND, {"state": _forecast(model, truth, setup, begin_hours)})
    arrays, _ = read_arrays(file, KIND)
    with fitting(file, KIND):
        return arrays["state"]


def _forecast(model: ForecastModel, truth: Truth, setup: ExperimentSetUp, begin_hours: int) -> ndarray:
    count = 24 * setup.background_days // setup.interval_hours
    state = truth.at(begin_hours)
    for later in steps(model, state, begin_hours, count, setup.interval_hours):
        state = later
    return state.astype(np.float32)
