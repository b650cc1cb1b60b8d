"""Cycling: analysis after analysis, kept so that a killed run goes on."""

from latentda.cycling.cycle import Cycle, CycleSettings, Observe
from latentda.cycling.cycler import Adapt, Cycler, WindowAnalysis
from latentda.cycling.kept import CARRIED, carried_arrays, restored, run_cycles

__all__ = [
    "CARRIED",
    "Adapt",
    "Cycle",
    "CycleSettings",
    "Cycler",
    "Observe",
    "WindowAnalysis",
    "carried_arrays",
    "restored",
    "run_cycles",
]
