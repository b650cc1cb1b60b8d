"""The size of the background error from the innovations of an analysis."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from latentda.assimilation.first_guess import FirstGuess
from latentda.assimilation.intake import Intake
from latentda.observations import column, used
from latentda.priors import innovation_factor

GROSS = 6.0
"""Normalised innovations beyond so many medians are left out: gross errors, which a check removes only later."""


def tuned(intake: Intake, table: pa.Table, guess: FirstGuess, hours: int) -> tuple[float, Intake]:
    """The factor on the background error's variances by the used data of a table, and the intake that expects it.

    Args:
        intake: with draws of the background error.
        table: the observations, with errors.
        guess: the background.
        hours: of the analysis, since 1970.

    Raises:
        UserError: no datum has an equivalent.
    """
    rows = used(table)
    equivalent, spread = intake.expectation(table, guess, hours, rows)
    innovation, spread = (column(table, "observation") - equivalent)[rows], spread[rows]
    error = column(table, "error")[rows]
    normal = np.abs(innovation) / np.hypot(error, spread)
    innovation = np.where(normal <= GROSS * np.nanmedian(normal), innovation, np.nan)
    factor = innovation_factor(innovation, error, spread)
    return factor, intake.scaled(factor)
