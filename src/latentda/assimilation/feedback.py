"""Feedback: the observation table after an analysis, every datum with what became of it.

| column | meaning |
| --- | --- |
| background, analysis | H(x_b), H(x_a) at the datum's time, in its units; null where the model has none |
| background_error | standard deviation of the background there; null for data that a check of their own has refused |
| error | standard deviation of the observation that was used |
| weight | of variational quality control, 1 without it |
| used, verdict | whether it was assimilated, or which check refused it |

Source: the ODB of ECMWF and the diagnostics files of NCEP's GSI keep the same.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy import ndarray

from latentda.assimilation import huber_weight
from latentda.assimilation.first_guess import FirstGuess
from latentda.assimilation.intake import Intake
from latentda.observations import column, used
from latentda.observations.verdicts import CHECKED

FEEDBACK_COLUMNS = ("background", "analysis", "background_error", "weight")


def feedback(intake: Intake, table: pa.Table, hours: int, first_guess: FirstGuess, analysis: ndarray) -> pa.Table:
    """The table with its feedback columns.

    Args:
        intake: of the cycle.
        table: after the cycle's checks.
        hours: time of the analysis, hours since 1970.
        first_guess: the cycle's background.
        analysis: x_a, physical units.
    """
    checked = np.isin(column(table, "verdict").astype(str), CHECKED)
    background, spread = intake.expectation(table, first_guess, hours, checked)
    moved = background - intake.equivalents(table, first_guess.background)
    after = intake.equivalents(table, analysis) + moved
    error = column(table, "error").astype(float)
    departure = np.where(used(table), (after - column(table, "observation")) / error, 0.0)
    weight = np.asarray(huber_weight(np.nan_to_num(departure), intake.huber_limit))
    for name, values in zip(FEEDBACK_COLUMNS, (background, after, spread, weight), strict=True):
        table = table.append_column(name, pa.array(values, pa.float32(), from_pandas=True))
    return table


def feedback_file(folder: Path, cycle: int) -> Path:
    """Where the feedback of a cycle lies."""
    return folder / f"feedback_{cycle:05d}.parquet"
