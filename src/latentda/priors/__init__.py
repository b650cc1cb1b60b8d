"""Background errors and the priors that carry them: model space and latent space."""

from latentda.priors.balance import BalancedCovariance, estimate_balanced
from latentda.priors.band_limited import BandLimitedCode
from latentda.priors.correlation import LatentCorrelations, latent_correlations
from latentda.priors.hybrid import HybridPrior
from latentda.priors.nmc import errors_from_pairs, forecast_pairs, unrepresented_errors
from latentda.priors.pairs import read_pairs, write_pairs
from latentda.priors.prior import Form, LatentPrior, ModelSpacePrior
from latentda.priors.spread import background_spread
from latentda.priors.storage import BackgroundError, read_background_error, write_background_error
from latentda.priors.tuning import innovation_factor
from latentda.priors.whitening import WhitenedCode

__all__ = [
    "BackgroundError",
    "BalancedCovariance",
    "BandLimitedCode",
    "Form",
    "HybridPrior",
    "LatentCorrelations",
    "LatentPrior",
    "ModelSpacePrior",
    "WhitenedCode",
    "background_spread",
    "errors_from_pairs",
    "estimate_balanced",
    "forecast_pairs",
    "innovation_factor",
    "latent_correlations",
    "read_background_error",
    "read_pairs",
    "unrepresented_errors",
    "write_background_error",
    "write_pairs",
]
