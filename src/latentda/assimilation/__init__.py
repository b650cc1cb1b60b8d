"""Assimilation: one interface for every kind of method, the intake of observations, and the variational methods."""

from latentda.assimilation.analysis import Analysis, AnalysisError, Result
from latentda.assimilation.carried import CarriedState
from latentda.assimilation.free_run import FreeRun
from latentda.assimilation.method import AnalysisMethod
from latentda.assimilation.robust import huber_residual, huber_weight
from latentda.assimilation.term import ObservationTerm
from latentda.assimilation.variational.adam import Adam
from latentda.assimilation.variational.cost import CostFunction, CostParts
from latentda.assimilation.variational.gauss_newton import GaussNewton
from latentda.assimilation.variational.impact import Impact, impact, require_impact
from latentda.assimilation.variational.method import Variational
from latentda.assimilation.variational.minimise import Lbfgs, Minimiser, Minimum
from latentda.assimilation.variational.perturbed import perturbed_analyses
from latentda.assimilation.variational.posterior import Posterior, degrees_of_freedom, posterior
from latentda.assimilation.variational.preconditioner import Preconditioner
from latentda.assimilation.variational.prior import Prior
from latentda.assimilation.variational.window import Instant, StateAtSlots, StrongConstraint, WeakConstraint, Window

__all__ = [
    "Adam",
    "Analysis",
    "AnalysisError",
    "AnalysisMethod",
    "CarriedState",
    "CostFunction",
    "CostParts",
    "FreeRun",
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
    "StateAtSlots",
    "StrongConstraint",
    "Variational",
    "WeakConstraint",
    "Window",
    "degrees_of_freedom",
    "huber_residual",
    "huber_weight",
    "impact",
    "perturbed_analyses",
    "posterior",
    "require_impact",
]
