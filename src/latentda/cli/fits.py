"""The table of the fit to observations, for every command that prints one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from latentda.verification import FitRow

FIT_HEADER = ("variable", "data", "number", "O-B", "O-A")


def fit_rows(fits: Iterable[FitRow]) -> list[list[Any]]:
    """Rows under :data:`FIT_HEADER`: root mean squares over all levels together, in units that people read."""
    from latentda.figures.words import shown_variable

    rows: list[list[Any]] = []
    for fit in (fit for fit in fits if fit.layer is None):
        factor, words = shown_variable(fit.variable)
        sizes = factor * fit.background_rms, factor * fit.analysis_rms
        rows.append([words, "used" if fit.used else "withheld", fit.count, *sizes])
    return rows
