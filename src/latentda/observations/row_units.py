"""Units of rows that are data: each row may have its own, or each variable."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from jaxtyping import Bool
from numpy import ndarray

from latentda.grid.units import Conversion
from latentda.observations.column_units import to_table_unit
from latentda.observations.table import ObservationError


def row_conversions(
    variables: ndarray, units: ndarray | None, by_variable: Mapping[str, str]
) -> tuple[ndarray, ndarray, Bool[ndarray, " row"]]:
    """How the observation of each row becomes SI.

    Args:
        variables: of the rows, as the table names them.
        units: of the rows, "" where none is told; None where the file has no such column.
        by_variable: units of variables, where the row tells none.

    Returns:
        Scale and offset of each row, and where a unit is unknown or of another kind of quantity.
    """
    told = np.full(len(variables), "", dtype=object) if units is None else units
    scale, offset = np.ones(len(variables)), np.zeros(len(variables))
    wrong = np.zeros(len(variables), dtype=bool)
    for variable, unit in set(zip(variables.tolist(), told.tolist(), strict=True)):
        rows = (variables == variable) & (told == unit)
        try:
            found = to_table_unit(variable, unit or by_variable.get(variable, ""))
        except ObservationError:
            wrong |= rows
            found = Conversion()
        scale[rows], offset[rows] = found.scale, found.offset
    return scale, offset, wrong
