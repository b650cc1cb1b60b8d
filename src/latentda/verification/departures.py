"""Departures: a feedback table as arrays, the matter of every diagnostic in observation space.

    O-B = y - H(x_b),    O-A = y - H(x_a),    A-B = (O-B) - (O-A),

and the normalised background departure

    (O-B) / sqrt( sigma_o^2 + sigma_b^2 ),

which is Gaussian of variance one where the errors are what they were assumed to be.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from jaxtyping import Bool, Float, Shaped
from numpy import ndarray

from latentda.observations import ObservationError, column, used
from latentda.observations.error_profiles import pressure_of_height
from latentda.observations.verdicts import CHECKED
from latentda.verification.observation_fit import Columns

_NEEDED = ("background", "analysis", "background_error")
"""What a feedback table has beyond an observation table, as far as diagnostics need it."""


@dataclass(frozen=True, eq=False)
class Departures:
    """One entry a datum, SI units; NaN where the model has no equivalent.

    Attributes:
        background: O-B.
        analysis: O-A.
        error: sigma_o as assumed.
        background_error: sigma_b as assumed, of the equivalent.
        variable: short names.
        message_class: of the reports.
        pressure: Pa; of data located by height that of an atmosphere of one temperature; NaN where there is neither.
        used: assimilated, and both departures known.
        verdict: of quality control.
    """

    background: Float[ndarray, " datum"]
    analysis: Float[ndarray, " datum"]
    error: Float[ndarray, " datum"]
    background_error: Float[ndarray, " datum"]
    variable: Shaped[ndarray, " datum"]
    message_class: Shaped[ndarray, " datum"]
    pressure: Float[ndarray, " datum"]
    used: Bool[ndarray, " datum"]
    verdict: Shaped[ndarray, " datum"]

    @property
    def expected(self) -> Float[ndarray, " datum"]:
        """sqrt( sigma_o^2 + sigma_b^2 )."""
        return np.hypot(self.error, self.background_error)

    @property
    def normalised(self) -> Float[ndarray, " datum"]:
        """The normalised background departure."""
        return self.background / self.expected

    @property
    def checked(self) -> Bool[ndarray, " datum"]:
        """Data that were used, or could have been, with a normalised departure."""
        return np.isin(self.verdict.astype(str), CHECKED) & np.isfinite(self.normalised)


def departures(table: pa.Table) -> Departures:
    """The departures of a feedback table.

    Raises:
        ObservationError: the table has no feedback.
    """
    require_feedback(table)
    value = column(table, "observation").astype(np.float64)
    background, analysis = (value - column(table, name).astype(np.float64) for name in ("background", "analysis"))
    error, background_error = (column(table, name).astype(np.float64) for name in ("error", "background_error"))
    # Where the analysis lowers the surface pressure, the lowest data of a sounding fall below its ground.
    known = np.isfinite(background) & np.isfinite(analysis)
    return Departures(
        background,
        analysis,
        error,
        background_error,
        column(table, "variable"),
        column(table, "class"),
        pressures(table),
        used(table) & known,
        column(table, "verdict"),
    )


def pressures(table: pa.Table) -> Float[ndarray, " datum"]:
    """Pressure of each datum (Pa), from its height by a scale height of 7 km where it has none; NaN without either."""
    pressure = column(table, "pres").astype(np.float64)
    return np.where(np.isnan(pressure), pressure_of_height(column(table, "height")), pressure)


def fit_columns(table: pa.Table) -> Columns:
    """What :func:`observation_fit` needs of a feedback table; data with the verdict ``withheld`` are the withheld ones.

    Raises:
        ObservationError: the table has no feedback.
    """
    d = departures(table)
    withheld = (d.verdict == "withheld") & np.isfinite(d.background) & np.isfinite(d.analysis)
    value = column(table, "observation").astype(np.float64)
    return Columns(value, value - d.background, value - d.analysis, d.variable, d.pressure, d.used, withheld)


def has_feedback(table: pa.Table) -> bool:
    """Whether a table has the columns of feedback."""
    return set(_NEEDED) <= set(table.column_names)


def require_feedback(table: pa.Table, name: object = "the table") -> None:
    """Refuse a table without feedback.

    Raises:
        ObservationError: it lacks columns; the message calls the table ``name``.
    """
    missing = [wanted for wanted in _NEEDED if wanted not in table.column_names]
    if missing:
        raise ObservationError(
            f"{name} holds observations without feedback of an analysis: it lacks {', '.join(missing)}; an experiment "
            "that keeps feedback, or `latentda demo --real`, writes it"
        )
