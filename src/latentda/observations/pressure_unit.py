"""Pascal or hectopascal: what the pressures of a file are that does not say.

| the greatest pressure of data aloft | taken as |
| --- | --- |
| above 1100 | Pa, the table's unit |
| above 100, up to 1100 | hPa, with a warning: in Pa the data would all lie above 11 hPa, some 31 km |
| up to 100 | refused: both may be |

The first block of a file with such data decides for the whole file.
"""

from __future__ import annotations

import warnings

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray

from latentda.observations.row_notes import RowNotes, RowWarning
from latentda.observations.table import ObservationError

GREATEST_HPA = 1100.0
_SURELY_HPA = 100.0


class PressureUnit:
    """The unit of the pressures of one file, as its data tell."""

    def __init__(self, notes: RowNotes):
        self._named = notes.named
        self._factor: float | None = None

    def pascals(
        self, pressure: Float[ndarray, " row"], aloft: Bool[ndarray, " row"], column: str
    ) -> Float[ndarray, " row"]:
        """Pressures in Pa.

        Args:
            pressure: as the file has them.
            aloft: rows whose pressure locates something.
            column: the file's name of the column.

        Raises:
            ObservationError: the unit cannot be told, or one part of the file tells another one than the rest.
        """
        known = pressure[aloft & np.isfinite(pressure) & (pressure > 0.0)]
        if known.size:
            top = float(known.max())
            if self._factor is None:
                self._factor = self._told(top, column)
            elif self._factor != 1.0 and top > GREATEST_HPA:
                raise ObservationError(
                    f"{self._named} has pressures of hPa and of Pa in the column {column}; a column map must say its "
                    f"unit, as in 'pres: {column} [Pa]'"
                )
        return pressure if self._factor is None else pressure * self._factor

    def _told(self, top: float, column: str) -> float:
        if top > GREATEST_HPA:
            return 1.0
        if top <= _SURELY_HPA:
            raise ObservationError(
                f"{self._named} has pressures aloft of at most {top:g} in the column {column}, which may be Pa or hPa; "
                f"a column map must say which, as in 'pres: {column} [hPa]'"
            )
        text = f"the pressures in the column {column} are at most {top:g} and were taken as hPa"
        advice = f"if they are Pa, say so in a column map, 'pres: {column} [Pa]'"
        warnings.warn(RowWarning(f"{self._named}: {text}; {advice}"), stacklevel=2)
        return 100.0
