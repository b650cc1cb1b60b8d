"""Cycling: intake of observations, analysis after analysis, and what became of every datum."""

from latentda.assimilation.feedback import FEEDBACK_COLUMNS, feedback, feedback_file
from latentda.assimilation.first_guess import FirstGuess
from latentda.assimilation.intake import Intake
from latentda.cycling.cycler import Cycle, Cycler, CycleSettings, Observe

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
