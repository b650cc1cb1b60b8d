"""Ensemble filters: a transform in the span of the members, global or local, inflation, rotation, model error."""

from latentda.assimilation.ensemble.carried import CarriedMembers
from latentda.assimilation.ensemble.columns import Localization
from latentda.assimilation.ensemble.enkf import EnKF, perturbed_transform
from latentda.assimilation.ensemble.envar import EnsembleVariational, mean_variance
from latentda.assimilation.ensemble.etkf import ETKF, EnsembleAnalysis
from latentda.assimilation.ensemble.etkf_q import add_isotropic_model_error, add_model_error
from latentda.assimilation.ensemble.filter import EnsembleFilter
from latentda.assimilation.ensemble.inflation import (
    AdaptiveInflation,
    Inflation,
    Multiplicative,
    RelaxationToPriorPerturbations,
    RelaxationToPriorSpread,
)
from latentda.assimilation.ensemble.letkf import LETKF, local_analysis
from latentda.assimilation.ensemble.local import GridLETKF
from latentda.assimilation.ensemble.localization import periodic_taper, support_radius
from latentda.assimilation.ensemble.method import EnsembleMethod
from latentda.assimilation.ensemble.model_error import covariance_root, estimated_model_error
from latentda.assimilation.ensemble.roots import inverse_root
from latentda.assimilation.ensemble.transform import (
    Transform,
    ensemble_transform,
    mean_free_basis,
    perturbations,
    rotate,
    rotation,
)

__all__ = [
    "ETKF",
    "LETKF",
    "AdaptiveInflation",
    "CarriedMembers",
    "EnKF",
    "EnsembleAnalysis",
    "EnsembleFilter",
    "EnsembleMethod",
    "EnsembleVariational",
    "GridLETKF",
    "Inflation",
    "Localization",
    "Multiplicative",
    "RelaxationToPriorPerturbations",
    "RelaxationToPriorSpread",
    "Transform",
    "add_isotropic_model_error",
    "add_model_error",
    "covariance_root",
    "ensemble_transform",
    "estimated_model_error",
    "inverse_root",
    "local_analysis",
    "mean_free_basis",
    "mean_variance",
    "periodic_taper",
    "perturbations",
    "perturbed_transform",
    "rotate",
    "rotation",
    "support_radius",
]
