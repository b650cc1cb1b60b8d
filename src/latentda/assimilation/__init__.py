"""Assimilation: one cost function, its minimisers, and the analyses that come out."""

from latentda.assimilation.cost import CostFunction, CostParts, ObservationTerm, Prior
from latentda.assimilation.gauss_newton import GaussNewton
from latentda.assimilation.minimise import Lbfgs, Minimiser, Minimum, Result
from latentda.assimilation.robust import huber_residual, huber_weight
from latentda.assimilation.variational import Analysis, AnalysisError, Variational
from latentda.assimilation.window import Instant, StrongConstraint, Window

__all__ = [
    "Analysis",
    "AnalysisError",
    "CostFunction",
    "CostParts",
    "GaussNewton",
    "Instant",
    "Lbfgs",
    "Minimiser",
    "Minimum",
    "ObservationTerm",
    "Prior",
    "Result",
    "StrongConstraint",
    "Variational",
    "Window",
    "huber_residual",
    "huber_weight",
]
