"""The impact of data as tables of the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from latentda.cli.show import table

if TYPE_CHECKING:
    from latentda.verification.data_impact import DataImpact


def print_impact(found: DataImpact, title: str) -> None:
    """Sums by class and variable, and the energies that they stand between."""
    header = ["class", "variable", "data", "impact (J/kg)", "helpful"]
    table(title, header, [[r.message_class, r.variable, r.count, r.impact, r.helpful] for r in found.rows])
    errors = [found.background_error, found.analysis_error, found.explained]
    table("Energy of the forecast error (J/kg)", ["from backgrounds", "from analyses", "explained"], [errors])
