"""Cycling: intake of observations, and analysis after analysis."""

from latentda.cycling.cycle import Cycle, Cycler, CycleSettings, Observe
from latentda.cycling.intake import Intake

__all__ = ["Cycle", "CycleSettings", "Cycler", "Intake", "Observe"]
