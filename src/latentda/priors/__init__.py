"""Background errors and the priors that carry them: model space and latent space."""

from latentda.priors.balance import BalancedCovariance, estimate_balanced
from latentda.priors.climate_error import ClimateError, climate_error
from latentda.priors.correlation import LatentCorrelations, latent_correlations
from latentda.priors.divergent_wind import (
    DivergentWind,
    draw_increments,
    estimate_divergent_wind,
    read_divergent_wind,
    write_divergent_wind,
)
from latentda.priors.filtered_code import FilteredCode
from latentda.priors.forms import ErrorForm
from latentda.priors.hybrid import HybridPrior
from latentda.priors.localized import LocalizedSamples, estimate_localized, token_places
from latentda.priors.nmc import (
    encode_pairs,
    error_sizes,
    errors_from_pairs,
    forecast_pairs,
    member_pairs,
    unrepresented_errors,
)
from latentda.priors.pairs import read_pairs, write_pairs
from latentda.priors.prior import Form, LatentPrior, ModelSpacePrior
from latentda.priors.spread import background_draws, background_spread
from latentda.priors.storage import BackgroundError, read_background_error, write_background_error
from latentda.priors.tuning import innovation_factor
from latentda.priors.whitening import WhitenedCode

__all__ = [
    "BackgroundError",
    "BalancedCovariance",
    "ClimateError",
    "DivergentWind",
    "ErrorForm",
    "FilteredCode",
    "Form",
    "HybridPrior",
    "LatentCorrelations",
    "LatentPrior",
    "LocalizedSamples",
    "ModelSpacePrior",
    "WhitenedCode",
    "background_draws",
    "background_spread",
    "climate_error",
    "draw_increments",
    "encode_pairs",
    "error_sizes",
    "errors_from_pairs",
    "estimate_balanced",
    "estimate_divergent_wind",
    "estimate_localized",
    "forecast_pairs",
    "innovation_factor",
    "latent_correlations",
    "member_pairs",
    "read_background_error",
    "read_divergent_wind",
    "read_pairs",
    "token_places",
    "unrepresented_errors",
    "write_background_error",
    "write_divergent_wind",
    "write_pairs",
]
