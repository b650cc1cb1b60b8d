"""Assimilation: one cost function, its minimisers, and the analyses that come out."""

from latentda.assimilation.robust import huber_residual, huber_weight
from latentda.assimilation.variational.adam import Adam
from latentda.assimilation.variational.cost import CostFunction, CostParts, ObservationTerm
from latentda.assimilation.variational.gauss_newton import GaussNewton
from latentda.assimilation.variational.impact import Impact, impact
from latentda.assimilation.variational.method import Analysis, AnalysisError, Variational
from latentda.assimilation.variational.minimise import Lbfgs, Minimiser, Minimum, Result
from latentda.assimilation.variational.perturbed import perturbed_analyses
from latentda.assimilation.variational.posterior import Posterior, posterior
from latentda.assimilation.variational.preconditioner import Preconditioner
from latentda.assimilation.variational.prior import Prior
from latentda.assimilation.variational.window import Instant, StrongConstraint, WeakConstraint, Window

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
