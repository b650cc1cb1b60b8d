"""What a user is told of an analysis that looks wrong: nothing used, most of it refused, an outcome cut short."""

from __future__ import annotations

import warnings

import numpy as np
import pyarrow as pa

from latentda.observations import ObservationError, column, used
from latentda.verification.data_impact import DataImpact

CUT_SHORT = 0.1
"""Share of the degrees of freedom that eigenpairs may leave out without a word."""

UNEXPLAINED = 0.1
"""Share of the change of a forecast's error by which the impacts of all data may miss it without a word."""

MOSTLY_REFUSED = 0.3
"""Share of the data that the first-guess check may refuse without a word."""


def require_some(told: pa.Table) -> None:
    """Check that a datum was used.

    Raises:
        ObservationError: none was; the sentence counts the reasons.
    """
    if used(told).any():
        return
    verdicts, counts = np.unique(column(told, "verdict").astype(str), return_counts=True)
    reasons = ", ".join(f"{name} {count}" for name, count in sorted(zip(verdicts, counts, strict=True)))
    raise ObservationError(
        f"None of the {told.num_rows} data can be used (refused by check: {reasons}); 'latentda observations summary' "
        "shows what the files hold."
    )


def warn_of_refused(told: pa.Table) -> None:
    """Warn where the first-guess check refused so much that something else is wrong."""
    refused = int((column(told, "verdict").astype(str) == "first_guess").sum())
    share = refused / (refused + int(used(told).sum()))
    if share > MOSTLY_REFUSED:
        _warn(
            f"{share:.0%} of the data differ from the background by more than the expected errors allow: is it of this "
            "time and grid, are the data in the units that they say, is the background error (--tune) large enough?"
        )


def warn_of_unexplained(impact: DataImpact) -> None:
    """Warn where the impacts are not those of the analysis that was made."""
    if abs(impact.explained - 1.0) > UNEXPLAINED:
        _warn(
            f"The impacts of the data add up to {impact.explained:.2f} of the change of the forecast's error: the "
            "minimisation ended before its minimum (a smaller --tolerance brings it nearer), or the forecast is far "
            "from linear in the increment."
        )


def warn_of_cut_short(pairs: int, told: float, every: float, uncertain: float) -> None:
    """Warn where eigenpairs leave out much of what the data tell.

    Args:
        pairs: their number.
        told: degrees of freedom for signal of them.
        every: of all, estimated.
        uncertain: standard error of that.
    """
    if every - 2.0 * uncertain > (1.0 + CUT_SHORT) * told:
        _warn(
            f"{pairs} eigenpairs tell {told:.0f} of the {every:.0f} degrees of freedom that the data tell (standard "
            f"error {uncertain:.0f}): the spread is too wide; ask for more with --pairs."
        )


def _warn(sentence: str) -> None:
    warnings.warn(sentence, UserWarning, stacklevel=5)
