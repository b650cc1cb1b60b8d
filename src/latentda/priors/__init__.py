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
from latentda.priors.ensemble import (
    LocalizedEnsemble,
    Taper,
    ensemble_perturbations,
    ensemble_prior,
    hybrid_prior,
    latent_taper,
    model_space_taper,
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
from latentda.priors.taper import ZonalTaper, horizontal_taper, vertical_taper
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
    "LocalizedEnsemble",
    "LocalizedSamples",
    "ModelSpacePrior",
    "Taper",
    "WhitenedCode",
    "ZonalTaper",
    "background_draws",
    "background_spread",
    "climate_error",
    "draw_increments",
    "encode_pairs",
    "ensemble_perturbations",
    "ensemble_prior",
    "error_sizes",
    "errors_from_pairs",
    "estimate_balanced",
    "estimate_divergent_wind",
    "estimate_localized",
    "forecast_pairs",
    "horizontal_taper",
    "hybrid_prior",
    "innovation_factor",
    "latent_correlations",
    "latent_taper",
    "member_pairs",
    "model_space_taper",
    "read_background_error",
    "read_divergent_wind",
    "read_pairs",
    "token_places",
    "unrepresented_errors",
    "vertical_taper",
    "write_background_error",
    "write_divergent_wind",
    "write_pairs",
]
