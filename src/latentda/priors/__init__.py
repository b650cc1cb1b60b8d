"""Background errors and the priors that carry them: model space and latent space."""

from latentda.priors.balance import BalancedCovariance, estimate_balanced
from latentda.priors.nmc import errors_from_pairs, forecast_pairs
from latentda.priors.prior import Form, LatentPrior, ModelSpacePrior
from latentda.priors.spread import background_spread
from latentda.priors.storage import read_background_error, write_background_error
from latentda.priors.tuning import innovation_factor

__all__ = [
    "BalancedCovariance",
    "Form",
    "LatentPrior",
    "ModelSpacePrior",
    "background_spread",
    "errors_from_pairs",
    "estimate_balanced",
    "forecast_pairs",
    "innovation_factor",
    "read_background_error",
    "write_background_error",
]
