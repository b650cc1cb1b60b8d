"""Cycling: intake of observations, analysis after analysis, and what became of every datum."""

from latentda.cycling.cycle import Cycle, Cycler, CycleSettings, Observe
from latentda.cycling.feedback import FEEDBACK_COLUMNS, feedback, feedback_file
from latentda.cycling.first_guess import FirstGuess
from latentda.cycling.intake import Intake

__all__ = [
    "FEEDBACK_COLUMNS",
    "Cycle",
    "CycleSettings",
    "Cycler",
    "FirstGuess",
    "Intake",
    "Observe",
    "feedback",
    "feedback_file",
]
