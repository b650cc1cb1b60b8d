"""Bounds of observation errors: what an error that a file brings can mean.

An error above half of what the atmosphere can do says that nothing was measured, as a missing value that has come
through does. An error far below the background's brings no more information than one a hundredth of it, which already
gives the datum all but 1e-4 of the weight, but it makes the Hessian's condition number s_b^2 / s_o^2, and rounding
errors take the place of the other data.

Source: Andersson et al. (2000), doi 10.1002/qj.49712656512, on the convergence where errors of observations are small.
"""

from __future__ import annotations

import warnings

import numpy as np
import pyarrow as pa
from jaxtyping import Bool, Float
from numpy import ndarray

from latentda.observations.quality import PHYSICAL_RANGES
from latentda.observations.soundings import variable_numbers
from latentda.observations.table import SCHEMA, VARIABLES, column, refuse, used

SHARPEST = 0.01
"""Least observation error, as a share of the background error's standard deviation; smaller ones count as this."""
ABSURD = 0.001
"""Share below which an error cannot be meant and is named in a warning; above, as of humidity in dry air, it may be."""


def check_error_size(table: pa.Table) -> pa.Table:
    """Refuse data whose error is above half of their variable's range, `PHYSICAL_RANGES`: verdict `error_size`.

    Null errors pass: they are not known yet.
    """
    widest = np.array([0.5 * (high - low) for low, high in (PHYSICAL_RANGES[name] for name in VARIABLES)])
    return refuse(table, column(table, "error") > widest[variable_numbers(table)], "error_size")


def raise_errors(table: pa.Table, background_error: Float[ndarray, " row"]) -> pa.Table:
    """Raise errors of used data to the share `SHARPEST` of the background error there; a warning names absurd ones.

    Args:
        table: the observations.
        background_error: s_b of every row, SI; NaN where it is not known.
    """
    error = column(table, "error").astype(np.float64)
    expected = np.asarray(background_error, np.float64)
    sharp = used(table) & (error < SHARPEST * expected)
    if not sharp.any():
        return table
    _tell(table, sharp & (error < ABSURD * expected))
    raised = pa.array(np.where(sharp, SHARPEST * expected, error), pa.float32(), from_pandas=True)
    return table.set_column(table.schema.get_field_index("error"), SCHEMA.field("error"), raised)


def _tell(table: pa.Table, absurd: Bool[ndarray, " row"]) -> None:
    if absurd.any():
        names, counts = np.unique(column(table, "variable")[absurd].astype(str), return_counts=True)
        told = ", ".join(f"{count} of {name}" for name, count in zip(names, counts, strict=True))
        warnings.warn(
            f"errors of observations below {ABSURD:g} of the background error there cannot be meant and count as "
            f"{SHARPEST:g} of it: {told}",
            stacklevel=3,
        )
