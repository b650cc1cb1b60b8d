"""What each kind of observation did to forecasts: impacts of data by class and variable."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ImpactRow:
    """All data of one class and variable.

    Attributes:
        message_class: of the reports.
        variable: short name.
        count: data, all analyses together.
        impact: mean over analyses of their sum (J/kg); negative: the forecasts are better with them.
        helpful: share of the data with a negative impact.
    """

    message_class: str
    variable: str
    count: int
    impact: float
    helpful: float


@dataclass(frozen=True)
class DataImpact:
    """The outcome over some analyses.

    Attributes:
        rows: by class and variable, the most helpful first.
        background_error: mean energy of the error of forecasts from the backgrounds (J/kg).
        analysis_error: that of forecasts from the analyses.
        explained: sum of all impacts over the difference of the two.
        analyses: how many.
    """

    rows: tuple[ImpactRow, ...]
    background_error: float
    analysis_error: float
    explained: float
    analyses: int
