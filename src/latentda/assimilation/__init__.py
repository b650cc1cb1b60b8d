"""Assimilation: one cost function, its minimisers, and the analyses that come out."""

from latentda.assimilation.adam import Adam
from latentda.assimilation.cost import CostFunction, CostParts, ObservationTerm
from latentda.assimilation.gauss_newton import GaussNewton
from latentda.assimilation.impact import Impact, impact
from latentda.assimilation.minimise import Lbfgs, Minimiser, Minimum, Result
from latentda.assimilation.perturbed import perturbed_analyses
from latentda.assimilation.posterior import Posterior, posterior
from latentda.assimilation.preconditioner import Preconditioner
from latentda.assimilation.prior import Prior
from latentda.assimilation.robust import huber_residual, huber_weight
from latentda.assimilation.variational import Analysis, AnalysisError, Variational
from latentda.assimilation.window import Instant, StrongConstraint, WeakConstraint, Window

__all__ = [
    "Adam",
    "Analysis",
    "AnalysisError",
    "CostFunction",
    "CostParts",
    "GaussNewton",
    "Impact",
    "Instant",
    "Lbfgs",
    "Minimiser",
    "Minimum",
    "ObservationTerm",
    "Posterior",
    "Preconditioner",
    "Prior",
    "Result",
    "StrongConstraint",
    "Variational",
    "WeakConstraint",
    "Window",
    "huber_residual",
    "huber_weight",
    "impact",
    "perturbed_analyses",
    "posterior",
]
