"""How good a state is: error statistics, score records, the fit to observations, and physical consistency."""

from typing import TYPE_CHECKING

from latentda.lazy import lazy_names
from latentda.verification.departures import (
    Departures,
    departures,
    fit_columns,
    has_feedback,
    pressures,
    require_feedback,
)
from latentda.verification.desroziers import DesroziersRow, desroziers, merge_classes, merge_desroziers
from latentda.verification.energy import energy_weights, total_energy
from latentda.verification.ensemble import EnsembleSums, ensemble_sums, merge_ensembles
from latentda.verification.error_correlation import LayerProducts, layer_products, merge_products
from latentda.verification.extent import increment_radius_km
from latentda.verification.hydrostatic import hydrostatic_residual, sigma_geopotential
from latentda.verification.observation_fit import (
    LAYERS,
    Columns,
    FitRow,
    Layer,
    fit_scores,
    layer_numbers,
    merge_fits,
    observation_fit,
)
from latentda.verification.scores import (
    MEAN_CHANNEL,
    OBSERVATION_KINDS,
    STATE_KINDS,
    TWINS,
    Score,
    channel_scores,
    mean_score,
    read_scores,
    write_scores,
)
from latentda.verification.statistics import ErrorSums, empty_sums, error_sums, merge

if TYPE_CHECKING:
    from latentda.verification.balance import BAND, BalanceMisfit, increment_balance, state_balance
    from latentda.verification.derivatives import horizontal_gradient, relative_vorticity
    from latentda.verification.linearity import tangent_error
    from latentda.verification.noise import PressureNoise, SurfacePressureModel, surface_pressure_noise
    from latentda.verification.spectra import KineticEnergySpectrum, kinetic_energy_spectrum, variance_spectrum

__all__ = [
    "BAND",
    "LAYERS",
    "MEAN_CHANNEL",
    "OBSERVATION_KINDS",
    "STATE_KINDS",
    "TWINS",
    "BalanceMisfit",
    "Columns",
    "Departures",
    "DesroziersRow",
    "EnsembleSums",
    "ErrorSums",
    "FitRow",
    "KineticEnergySpectrum",
    "Layer",
    "LayerProducts",
    "PressureNoise",
    "Score",
    "SurfacePressureModel",
    "channel_scores",
    "departures",
    "desroziers",
    "empty_sums",
    "energy_weights",
    "ensemble_sums",
    "error_sums",
    "fit_columns",
    "fit_scores",
    "has_feedback",
    "horizontal_gradient",
    "hydrostatic_residual",
    "increment_balance",
    "increment_radius_km",
    "kinetic_energy_spectrum",
    "layer_numbers",
    "layer_products",
    "mean_score",
    "merge",
    "merge_classes",
    "merge_desroziers",
    "merge_ensembles",
    "merge_fits",
    "merge_products",
    "observation_fit",
    "pressures",
    "read_scores",
    "relative_vorticity",
    "require_feedback",
    "sigma_geopotential",
    "state_balance",
    "surface_pressure_noise",
    "tangent_error",
    "total_energy",
    "variance_spectrum",
    "write_scores",
]

# What is told of feedback needs no JAX, which takes a second to import.
__getattr__ = lazy_names(
    __name__,
    {
        "BAND": "balance",
        "BalanceMisfit": "balance",
        "KineticEnergySpectrum": "spectra",
        "PressureNoise": "noise",
        "SurfacePressureModel": "noise",
        "horizontal_gradient": "derivatives",
        "increment_balance": "balance",
        "kinetic_energy_spectrum": "spectra",
        "relative_vorticity": "derivatives",
        "state_balance": "balance",
        "surface_pressure_noise": "noise",
        "tangent_error": "linearity",
        "variance_spectrum": "spectra",
    },
)
